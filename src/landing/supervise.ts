import { forwardTime } from '../core/clock.ts';
import type { ConnectClient } from './connect-client.ts';
import type { LandingError } from './errors-log.ts';
import type { LandingStatus } from './status.ts';

/** What was done about a connector that failed. */
export interface Attended {
  readonly connector: string;
  readonly error: LandingError;
}

export interface SupervisedSink {
  /** Restarts since it last ran without a failure. */
  readonly restarts: number;
  /** Restarts since this process supervises it. */
  readonly restartsEver: number;
  /** Restarts have not helped; from now on it is restarted once an hour only. */
  readonly givenUp: boolean;
}

/** Restarts failed connectors, each with its own back-off. */
export interface Supervisor {
  /** Checks the given states and restarts the failed connectors that are due. Returns the events to report. */
  attend(connect: ConnectClient, found: readonly LandingStatus[]): Promise<readonly Attended[]>;
  /** Undefined for a connector that has not failed since this process supervises it. */
  sink(connector: string): SupervisedSink | undefined;
}

interface FailureRecord {
  restarts: number;
  restartsEver: number;
  /** The first failure in the current row of failures. Here and below: milliseconds of {@link forwardTime}. */
  since: number;
  /** The next restart. */
  nextAt: number;
  /** Since when it runs; undefined while it fails. */
  runningSince: number | undefined;
  givenUp: boolean;
}

/** The pause between restarts (ms) doubles from the first to the longest. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** After this many restarts in a row without success (about half an hour), a person has to act. */
export const TRIES = 12;
/** Pause (ms) after that: a cause that passes by itself later is still recovered from. */
const GIVEN_UP_PAUSE_MS = 3_600_000;
/** After running this long (ms) without a failure, a connector counts as recovered. */
const RECOVERED_MS = 120_000;

export function supervisor(landing: string, now: () => number): Supervisor {
  const time = forwardTime(now);
  const records = new Map<string, FailureRecord>();

  async function attendOne(connect: ConnectClient, status: LandingStatus): Promise<Attended | undefined> {
    const { connector, connection, failure } = status;
    const record = records.get(connector);
    if (failure === undefined) {
      if (record === undefined || status.state !== 'RUNNING') return undefined;
      record.runningSince ??= time();
      if (time() - record.runningSince >= RECOVERED_MS) Object.assign(record, { restarts: 0, givenUp: false, nextAt: 0 });
      return undefined;
    }
    const failing = record ?? { restarts: 0, restartsEver: 0, since: time(), nextAt: 0, runningSince: undefined, givenUp: false };
    if (failing.restarts === 0) failing.since = time();
    failing.runningSince = undefined;
    records.set(connector, failing);
    if (time() < failing.nextAt) return undefined;
    await connect.restart(connector);
    failing.restarts += 1;
    failing.restartsEver += 1;
    failing.givenUp = failing.restarts >= TRIES;
    const pause = failing.givenUp ? GIVEN_UP_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failing.restarts - 1));
    failing.nextAt = time() + pause;
    const times = failing.restarts === 1 ? 'once' : `${failing.restarts} times`;
    const summary = failing.givenUp
      ? `${connector} has failed and was restarted ${times} within ${minutes(time() - failing.since)} without success. From now on it is restarted once an hour: correct the cause, then run \`tributary landing apply ${landing}\`.`
      : `${connector} had failed and was restarted (${times} in a row); if it fails again, the next restart is in ${Math.round(pause / 1000)} s.`;
    return {
      connector,
      error: {
        at: now(),
        landing,
        connector,
        connection,
        code: failing.givenUp ? 'landing:given_up' : 'landing:task_failed',
        summary,
        message: failure,
      },
    };
  }

  return {
    async attend(connect, found) {
      const told: Attended[] = [];
      for (const status of found) {
        const one = await attendOne(connect, status);
        if (one !== undefined) told.push(one);
      }
      return told;
    },
    sink: (connector) => records.get(connector),
  };
}

function minutes(ms: number): string {
  const whole = Math.max(1, Math.round(ms / 60_000));
  return whole === 1 ? 'a minute' : `${whole} minutes`;
}
