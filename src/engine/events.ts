import type { FailureNotice, RunOutcome, RunTotals, TableRef } from '../core/run.ts';
import type { Redactor } from '../core/redact.ts';
import { shown } from '../core/shown.ts';
import type { RunMode } from '../core/types.ts';
import type { Withheld } from '../kafka/types.ts';

export type Stage = 'extract' | 'table' | 'change' | 'kafka';

/**
 * Everything the engine reports. Metrics, status, progress and log listen to it; the engine calls none of them.
 * Times are epoch ms, durations ms.
 */
export type EngineEvent =
  | ({ type: 'table-known'; lastSuccessAt?: number; readTo?: number; withheld?: Withheld } & TableRef)
  | ({ type: 'table-waiting'; nextRunAt: number | undefined } & TableRef)
  | ({ type: 'run-started'; runId: string; mode: RunMode; at: number } & TableRef)
  | ({ type: 'page-read'; rows: number; readTo?: number; progress?: number } & TableRef)
  | ({
      type: 'batch-committed';
      upserts: number;
      deletes: number;
      unchanged: number;
      deadLetters: number;
      at: number;
      durationMs: number;
      replicationValue?: number;
      readTo?: number;
    } & TableRef)
  | ({ type: 'rows-odd'; what: 'misfit' | 'unknown_field' | 'duplicate' | string; count: number } & TableRef)
  | ({ type: 'deletes-withheld'; count: number; reason: string; sample?: readonly string[] } & TableRef)
  | ({ type: 'deletes-released'; count: number } & TableRef)
  | ({ type: 'warning'; message: string } & TableRef)
  | ({ type: 'run-retrying'; stage: Stage; failure: FailureNotice } & TableRef)
  | ({ type: 'run-recovered' } & TableRef)
  | ({ type: 'rate-limited'; until: number; /** By our own count; the vendor has said nothing. */ pacing?: true } & TableRef)
  | ({
      type: 'run-ended';
      runId: string;
      outcome: RunOutcome;
      totals: RunTotals;
      at: number;
      startedAt: number;
      failure?: FailureNotice;
    } & TableRef)
  | ({ type: 'table-paused' } & TableRef)
  | ({ type: 'table-resumed' } & TableRef)
  | ({ type: 'table-disabled'; reason: string } & TableRef)
  | {
      type: 'request';
      connection: string;
      source: string;
      table?: string;
      endpoint: string;
      status: number | 'error';
      durationMs: number;
      bytes: number;
    }
  | { type: 'throttled'; connection: string; source: string; table?: string; endpoint: string; until: number }
  | { type: 'transaction'; connection: string; source: string; outcome: 'committed' | 'aborted' | 'unknown' | 'fenced'; durationMs: number }
  | { type: 'index-rebuilt'; connection: string; source: string; table: string; rows: number; durationMs: number; reason: string }
  | { type: 'notice'; connection: string; source: string; message: string }
  | { type: 'connection-failed'; connection: string; source: string; failure: FailureNotice }
  | { type: 'connection-assigned' | 'connection-revoked'; connection: string; source: string };

/** The event without secrets and control characters in the vendor's texts. */
export function cleanEvent(event: EngineEvent, { redact }: Pick<Redactor, 'redact'>): EngineEvent {
  const clean = (text: string): string => shown(redact(text));
  const copy: Record<string, unknown> = { ...event };
  for (const name of ['message', 'reason'] as const) if (typeof copy[name] === 'string') copy[name] = clean(copy[name]);
  if ('failure' in event && event.failure !== undefined) copy['failure'] = cleanFailure(event.failure, clean);
  if ('withheld' in event && event.withheld !== undefined) copy['withheld'] = { ...event.withheld, reason: clean(event.withheld.reason) };
  return copy as unknown as EngineEvent;
}

function cleanFailure(failure: FailureNotice, clean: (text: string) => string): FailureNotice {
  return { ...failure, message: clean(failure.message), ...(failure.remedy === undefined ? {} : { remedy: clean(failure.remedy) }) };
}

export type Listener = (event: EngineEvent) => void;

/** Calls every listener with every event; a listener that throws disturbs neither the engine nor the others. */
export interface EventBus {
  emit(event: EngineEvent): void;
  on(listener: Listener): () => void;
}

export function createEventBus(onListenerError: (error: unknown) => void): EventBus {
  const listeners = new Set<Listener>();
  return {
    emit(event) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          onListenerError(error);
        }
      }
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
