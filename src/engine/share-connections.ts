import { setTimeout as delay } from 'node:timers/promises';
import { asTributaryError, type TributaryError } from '../core/errors.ts';
import { forwardTime, type Clock } from '../core/clock.ts';
import { backoff } from '../sdk/http/retry.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import type { ControlRecord } from '../kafka/meta/control.ts';
import type { WorkerRoll } from '../kafka/dead-workers.ts';
import { DEFAULT_MAX_WORKERS } from '../kafka/partitioning.ts';
import { joinWorkers } from '../kafka/worker.ts';
import type { EngineEvent } from './events.ts';
import { failureNotice, type FailureNotice } from '../core/run.ts';
import { anySignal } from '../core/signals.ts';

/** First and longest pause (ms, doubling) before a connection that another process fenced is opened again, while the group still assigns it to us. */
const firstFencedMs = 2_000;
const longestFencedMs = 5 * 60_000;
/** After this long (ms) without being fenced, the pause starts again at the shortest. */
const undisturbedMs = 60_000;
/** Pause (ms) before a connection with wrong settings is tried again: the cause may have been mended without a restart. */
const configRetryMs = 5 * 60_000;
const transientRetryMs = 15_000;

/** A connection that is open and runs its schedules. */
export interface Running {
  apply(record: ControlRecord): void;
  close(): Promise<void>;
}

export interface SharingOptions {
  readonly access: KafkaAccess;
  readonly connections: readonly { readonly name: string; readonly source: string; readonly tables?: readonly string[] }[];
  /**
   * Opens a connection, carries out pending requests and starts its schedules. `onFatal` is called when the connection
   * cannot go on.
   */
  readonly start: (
    name: string,
    lifetime: AbortSignal,
    onFatal: (error: TributaryError) => void,
    pendingRequests: readonly ControlRecord[],
  ) => Promise<Running>;
  readonly roll?: WorkerRoll;
  readonly sessionTimeout?: number;
  /**
   * Calls back with the connections of the settings whenever they change; the connections in `changed` are opened again.
   * Returns a function that unsubscribes.
   */
  readonly onSettings?: (take: (connections: SharingOptions['connections'], changed: readonly string[]) => void) => () => void;
  readonly emit: (event: EngineEvent) => void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A connection that the group has assigned to us. */
interface Lease {
  readonly ends: AbortController;
  /** How often in a row another process has fenced it. */
  fenced: number;
  openedAt: number;
  /** It is being closed to be opened again; later errors of its tables are ignored. */
  closing: boolean;
}

/**
 * Shares the connections with all other workers and runs its own until the signal fires. A connection that fails, or that
 * another process fences, is reported, closed and opened again for as long as it is assigned to us; the process lives on.
 *
 * @throws TributaryError `config` when Kafka refuses us as a member of the group.
 */
export async function shareConnections(options: SharingOptions, signal: AbortSignal): Promise<void> {
  const { access, emit, clock } = options;
  let { connections } = options;
  const time = forwardTime(clock.now);
  const lifetime = new AbortController();
  const end = anySignal(signal, lifetime.signal);
  const leases = new Map<string, Lease>();
  /** Pending requests of each connection, by table and request slot, oldest first. */
  const pendingRequests = new Map<string, Map<string, ControlRecord>>();
  /** Openings and closings of one connection run one after the other: two at once would share its index. */
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

  /** Closes a connection that cannot go on, and opens it again after a pause if it is still assigned to us. */
  const release = (name: string, lease: Lease, error: TributaryError): void => {
    if (leases.get(name) !== lease || lease.closing) return;
    lease.closing = true;
    const wait = error.kind === 'fenced' ? fencedWait(lease) : configRetryMs;
    failed(name, { ...failureNotice(error), retryAt: clock.now() + wait });
    inTurn(name, async (it) => {
      await it?.close();
      return undefined;
    });
    inTurn(name, async () => {
      await delay(wait, undefined, { signal: anySignal(end, lease.ends.signal) }).catch(() => undefined);
      return startUntilItWorks(name, lease);
    });
  };

  function fencedWait(lease: Lease): number {
    lease.fenced = time() - lease.openedAt > undisturbedMs ? 1 : lease.fenced + 1;
    return Math.min(firstFencedMs * 2 ** (lease.fenced - 1), longestFencedMs) * (1 + options.random() / 2);
  }

  async function startUntilItWorks(name: string, lease: Lease): Promise<Running | undefined> {
    const lifetime = anySignal(end, lease.ends.signal);
    for (let failures = 1; !lifetime.aborted; failures += 1) {
      try {
        lease.openedAt = time();
        lease.closing = false;
        return await options.start(
          name,
          lifetime,
          (error) => {
            if (error.kind === 'fenced' || error.code === 'disk_full') release(name, lease, error);
            else failed(name, failureNotice(error));
          },
          [...(pendingRequests.get(name)?.values() ?? [])],
        );
      } catch (cause) {
        if (lifetime.aborted) break;
        const error = asTributaryError(cause, `Opening ${name}`);
        const wait =
          error.kind === 'fenced'
            ? fencedWait(lease)
            : error.kind === 'transient'
              ? Math.min(backoff(failures, options.random), transientRetryMs)
              : configRetryMs;
        failed(name, { ...failureNotice(error), retryAt: clock.now() + wait });
        await delay(wait, undefined, { signal: lifetime }).catch(() => undefined);
      }
    }
    return undefined;
  }

  const assigned = (name: string): void => {
    if (leases.has(name)) return;
    const lease: Lease = { ends: new AbortController(), fenced: 0, openedAt: 0, closing: false };
    leases.set(name, lease);
    // In turn with the report that it was closed, so that a connection which is opened again ends as assigned.
    inTurn(name, () => {
      emit({ type: 'connection-assigned', ...whereOf(name) });
      return startUntilItWorks(name, lease);
    });
  };

  const revoked = (name: string): void => {
    leases.get(name)?.ends.abort();
    leases.delete(name);
    inTurn(name, async (it) => {
      await it?.close();
      emit({ type: 'connection-revoked', ...whereOf(name) });
      return undefined;
    });
  };

  const group = joinWorkers(access, {
    connections: connections.map(({ name }) => name),
    describe: (connection) => connections.find(({ name }) => name === connection)?.tables?.join(' ') ?? '',
    onAssigned: assigned,
    onRevoked: revoked,
    onControl(record) {
      const known = pendingRequests.get(record.connection) ?? new Map<string, ControlRecord>();
      pendingRequests.set(record.connection, known);
      const key = JSON.stringify([record.table, record.slot]);
      known.delete(key);
      known.set(key, record);
      if (leases.has(record.connection))
        inTurn(record.connection, async (it) => {
          it?.apply(record);
          return it;
        });
    },
    onIdle() {
      for (const { name } of connections.slice(0, 1))
        emit({
          type: 'notice',
          ...whereOf(name),
          message: `There are more workers than kafka.max_workers (${access.settings.maxWorkers ?? DEFAULT_MAX_WORKERS}), so this one has nothing to do until another one ends.`,
        });
    },
    onDiffer() {
      for (const { name } of connections.slice(0, 1))
        emit({
          type: 'notice',
          ...whereOf(name),
          message:
            'The workers that share the connections have settings with different connections or tables, so what only some of them know may not be read. Give all of them the same settings.',
        });
    },
    ...(options.roll === undefined ? {} : { roll: options.roll }),
    ...(options.sessionTimeout === undefined ? {} : { sessionTimeout: options.sessionTimeout }),
    onRetry(error, forGood) {
      if (end.aborted) return;
      const failure = failureNotice(error);
      for (const { name } of connections) failed(name, forGood ? failure : { ...failure, retryAt: clock.now() });
      if (forGood) giveUp(error);
    },
  });
  const unfollow = options.onSettings?.((next, changed) => {
    if (end.aborted) return;
    const gone = connections;
    connections = [...next, ...gone.filter(({ name }) => !next.some((one) => one.name === name))];
    group.setConnections(next.map(({ name }) => name));
    connections = next;
    for (const name of changed.filter((one) => leases.has(one))) {
      revoked(name);
      assigned(name);
    }
  });
  try {
    if (!end.aborted) await new Promise<void>((resolve) => end.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    unfollow?.();
    [...leases.keys()].forEach(revoked);
    await Promise.all(turns.values());
    await group.leave();
  }
  if (fatal) throw fatal;
}
