import { setTimeout as delay } from 'node:timers/promises';
import { asTributaryError, type TributaryError } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import { backoff } from '../sdk/http/retry.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import type { ControlRecord } from '../kafka/meta/control.ts';
import { joinWorkers } from '../kafka/worker.ts';
import { type EngineEvent } from './events.ts';
import { failureNotice, type FailureNotice } from '../core/run.ts';

/** How long a fenced connection may still be ours on paper before that means a rival outside the group. */
const fencedGraceMs = 35_000;
/** A connection that only the user can help is looked at again this often: the help may come without a restart. */
const configRetryMs = 5 * 60_000;
const transientRetryMs = 15_000;

/** A connection that is open and runs by its schedules. */
export interface Running {
  apply(record: ControlRecord): void;
  close(): Promise<void>;
}

export interface SharingOptions {
  readonly access: KafkaAccess;
  readonly connections: readonly { readonly name: string; readonly source: string }[];
  /** Opens a connection and starts its schedules. `onFatal` hears of an end it cannot come back from. */
  readonly start: (name: string, lifetime: AbortSignal, onFatal: (error: TributaryError) => void) => Promise<Running>;
  readonly emit: (event: EngineEvent) => void;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * Shares the connections with all other workers and runs its own until the signal fires. What fails is told
 * and tried again for as long as the connection is ours.
 *
 * @throws TributaryError `fenced` when somebody outside the group writes to a connection of ours, `config` when Kafka
 *   will never let us into the group.
 */
export async function shareConnections(options: SharingOptions, signal: AbortSignal): Promise<void> {
  const { access, connections, emit, clock } = options;
  const lifetime = new AbortController();
  const end = AbortSignal.any([signal, lifetime.signal]);
  const leases = new Map<string, AbortController>();
  /** Openings and closings of one connection, one after the other: two would share its index. */
  const turns = new Map<string, Promise<Running | undefined>>();
  let fatal: TributaryError | undefined;

  const whereOf = (name: string) => ({ connection: name, source: connections.find((one) => one.name === name)?.source ?? '' });
  const failed = (name: string, failure: FailureNotice): void => emit({ type: 'connection-failed', failure, ...whereOf(name) });
  const giveUp = (error: TributaryError): void => {
    fatal ??= error;
    lifetime.abort();
  };

  const inTurn = (name: string, work: (before: Running | undefined) => Promise<Running | undefined>): void => {
    const turn = (turns.get(name) ?? Promise.resolve(undefined)).then(work).catch((error: unknown) => {
      if (!end.aborted) failed(name, failureNotice(asTributaryError(error, `Running ${name}`)));
      return undefined;
    });
    turns.set(name, turn);
  };

  /** In a hand-over the new owner may come first; whoever is fenced and still the owner has a rival outside the group. */
  const fenced = (name: string, error: TributaryError): void => {
    const lease = leases.get(name);
    lease?.abort();
    setTimeout(() => {
      if (leases.get(name) === lease) giveUp(error);
    }, fencedGraceMs).unref();
  };

  async function startUntilItWorks(name: string, lease: AbortSignal): Promise<Running | undefined> {
    for (let failures = 1; !lease.aborted; failures += 1) {
      try {
        return await options.start(name, lease, (error) => {
          failed(name, failureNotice(error));
          if (error.kind === 'fenced') fenced(name, error);
        });
      } catch (cause) {
        if (lease.aborted) break;
        const error = asTributaryError(cause, `Opening ${name}`);
        if (error.kind === 'fenced') {
          failed(name, failureNotice(error));
          fenced(name, error);
          break;
        }
        const wait = error.kind === 'transient' ? Math.min(backoff(failures, options.random), transientRetryMs) : configRetryMs;
        failed(name, { ...failureNotice(error), retryAt: clock.now() + wait });
        await delay(wait, undefined, { signal: lease }).catch(() => undefined);
      }
    }
    return undefined;
  }

  const assigned = (name: string): void => {
    if (leases.has(name)) return;
    const lease = new AbortController();
    leases.set(name, lease);
    emit({ type: 'connection-assigned', ...whereOf(name) });
    inTurn(name, () => startUntilItWorks(name, AbortSignal.any([end, lease.signal])));
  };

  const revoked = (name: string): void => {
    leases.get(name)?.abort();
    leases.delete(name);
    inTurn(name, async (it) => {
      await it?.close();
      emit({ type: 'connection-revoked', ...whereOf(name) });
      return undefined;
    });
  };

  const group = joinWorkers(access, {
    connections: connections.map(({ name }) => name),
    onAssigned: assigned,
    onRevoked: revoked,
    onControl(record) {
      if (leases.has(record.connection))
        inTurn(record.connection, async (it) => {
          it?.apply(record);
          return it;
        });
    },
    onRetry(error, forGood) {
      if (end.aborted) return;
      const failure = failureNotice(error);
      for (const { name } of connections) failed(name, forGood ? failure : { ...failure, retryAt: clock.now() });
      if (forGood) giveUp(error);
    },
  });
  try {
    if (!end.aborted) await new Promise<void>((resolve) => end.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    [...leases.keys()].forEach(revoked);
    await Promise.all(turns.values());
    await group.leave();
  }
  if (fatal) throw fatal;
}
