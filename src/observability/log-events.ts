import { systemClock } from '../core/clock.ts';
import type { EventBus } from '../engine/events.ts';
import type { Logger } from './log.ts';
import { plural, sentence } from './text.ts';

export interface LogEventsOptions {
  readonly now: () => number;
  /** Log every run's beginning and end: for a single pass that nobody watches on a terminal. */
  readonly everyRun: boolean;
}

/** A running table without changes is logged this often (ms). */
const nothingNewMs = 3_600_000;

/** Writes the events to the log that a person may want to read later. Runs that change nothing are logged once an hour. */
export function logEvents(
  bus: EventBus,
  log: Logger,
  { now, everyRun }: LogEventsOptions = { now: systemClock.now, everyRun: false },
): () => void {
  const level = everyRun ? 'info' : 'debug';
  /** Per table: when its runs were last logged, and the runs without changes since. */
  const silent = new Map<string, { since: number; runs: number }>();
  const lastErrors = new Map<string, string>();
  const paused = new Set<string>();
  return bus.on((event) => {
    switch (event.type) {
      case 'run-started':
        lastErrors.delete(event.connection);
        return log[level]({ run: event.runId, mode: event.mode }, `${event.connection}.${event.table}: run started`);
      case 'run-ended': {
        const { totals } = event;
        const facts = {
          run: event.runId,
          fetched: totals.fetched,
          published: totals.published,
          deleted: totals.deleted,
          dead_letters: totals.deadLetters,
        };
        const text = `${event.connection}.${event.table}: run ${event.outcome}`;
        lastErrors.delete(`${event.connection}.${event.table}`);
        if (event.outcome === 'failed')
          return log.error(
            { ...facts, code: event.failure?.code },
            `${text}: ${sentence(event.failure?.message ?? 'no reason given')} ${event.failure?.remedy ?? ''}`.trimEnd(),
          );
        const name = `${event.connection}.${event.table}`;
        if (everyRun || event.outcome === 'interrupted' || totals.published + totals.deleted + totals.deadLetters > 0) {
          silent.set(name, { since: now(), runs: 0 });
          return log.info(facts, text);
        }
        const before = silent.get(name);
        const runs = (before?.runs ?? 0) + 1;
        if (before !== undefined && now() - before.since < nothingNewMs) {
          before.runs = runs;
          return log.debug(facts, text);
        }
        silent.set(name, { since: now(), runs: 0 });
        return log.info(facts, `${name}: nothing changed in ${plural(runs, 'run')}`);
      }
      case 'run-retrying': {
        // The same error of repeated attempts is logged once.
        const key = `${event.connection}.${event.table}`;
        if (lastErrors.get(key) === event.failure.message) return;
        lastErrors.set(key, event.failure.message);
        return log.warn({ stage: event.stage, code: event.failure.code }, `${key}: ${sentence(event.failure.message)} It is tried again.`);
      }
      case 'run-recovered':
        if (lastErrors.delete(`${event.connection}.${event.table}`)) log.info(`${event.connection}.${event.table}: goes on`);
        return;
      case 'deletes-withheld':
        return log.warn(
          `${event.connection}.${event.table}: ${event.count} deletes withheld: ${sentence(event.reason)} To allow them: tributary deletes allow ${event.connection}.${event.table}`,
        );
      case 'warning':
        return log.warn(`${event.connection}.${event.table}: ${event.message}`);
      case 'notice':
        return log.warn(`${event.connection}: ${event.message}`);
      case 'table-paused': {
        const key = `${event.connection}.${event.table}`;
        if (paused.has(key)) return;
        paused.add(key);
        return log.info(`${key}: paused. To continue: tributary resume ${key}`);
      }
      case 'table-resumed':
        paused.delete(`${event.connection}.${event.table}`);
        return log.info(`${event.connection}.${event.table}: resumed`);
      case 'table-disabled':
        return log.warn(`${event.connection}.${event.table}: disabled: ${event.reason}`);
      case 'connection-failed': {
        const { message, remedy, retryAt, code } = event.failure;
        if (lastErrors.get(event.connection) === message) return;
        lastErrors.set(event.connection, message);
        return log.error(
          { code },
          [`${event.connection}: ${sentence(message)}`, remedy, retryAt === undefined ? undefined : 'It is tried again.']
            .filter((part) => part !== undefined)
            .join(' '),
        );
      }
      case 'connection-assigned':
      case 'connection-revoked':
        if (event.type === 'connection-assigned') lastErrors.delete(event.connection);
        return log.debug(
          `${event.connection}: ${event.type === 'connection-assigned' ? 'is read by this process' : 'is no longer read by this process'}`,
        );
      case 'index-rebuilt':
        return log.info(
          { rows: event.rows, ms: event.durationMs },
          `${event.connection}.${event.table}: live index rebuilt from the topic (${event.reason})`,
        );
      case 'transaction':
        if (event.outcome !== 'committed') log.debug(`${event.connection}: transaction ${event.outcome}`);
        return;
      default:
    }
  });
}
