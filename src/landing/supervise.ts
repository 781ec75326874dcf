import type { ConnectClient } from './connect-client.ts';
import type { LandingError } from './errors-log.ts';
import type { LandingStatus } from './status.ts';

/** What became of a connector that failed. */
export interface Attended {
  readonly connector: string;
  readonly error: LandingError;
}

export interface SupervisedSink {
  /** Restarts since it last ran well. */
  readonly restarts: number;
  /** Restarted since this process looks after it. */
  readonly restartsEver: number;
  /** Restarting has not helped: it is tried once an hour only. */
  readonly givenUp: boolean;
}

/** Starts failed connectors again, each with a back-off of its own. */
export interface Supervisor {
  /** Looks at what was found; restarts what has failed and is due. Answers what there is to tell. */
  attend(connect: ConnectClient, found: readonly LandingStatus[]): Promise<readonly Attended[]>;
  /** Undefined for a connector that never failed while it was looked after. */
  sink(connector: string): SupervisedSink | undefined;
}

interface Patient {
  restarts: number;
  restartsEver: number;
  /** Epoch ms of the first failure of this row of failures. */
  since: number;
  /** Epoch ms from which on it is restarted again. */
  nextAt: number;
  /** Epoch ms since which it has run; undefined while it fails. */
  wellSince: number | undefined;
  givenUp: boolean;
}

/** The pause doubles from the first to the longest. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** So many restarts in a row, over about half an hour, that did not help: the cause needs a person. */
export const TRIES = 12;
/** A passing cause that took longer still heals by itself. */
const GIVEN_UP_PAUSE_MS = 3_600_000;
/** Running for so long counts as well. */
const WELL_MS = 120_000;

export function supervisor(landing: string, now: () => number): Supervisor {
  const patients = new Map<string, Patient>();

  async function attendOne(connect: ConnectClient, status: LandingStatus): Promise<Attended | undefined> {
    const { connector, connection, failure } = status;
    const patient = patients.get(connector);
    if (failure === undefined) {
      if (patient === undefined || status.state !== 'RUNNING') return undefined;
      patient.wellSince ??= now();
      if (now() - patient.wellSince >= WELL_MS) Object.assign(patient, { restarts: 0, givenUp: false, nextAt: 0 });
      return undefined;
    }
    const sick = patient ?? { restarts: 0, restartsEver: 0, since: now(), nextAt: 0, wellSince: undefined, givenUp: false };
    if (sick.restarts === 0) sick.since = now();
    sick.wellSince = undefined;
    patients.set(connector, sick);
    if (now() < sick.nextAt) return undefined;
    await connect.restart(connector);
    sick.restarts += 1;
    sick.restartsEver += 1;
    sick.givenUp = sick.restarts >= TRIES;
    const pause = sick.givenUp ? GIVEN_UP_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (sick.restarts - 1));
    sick.nextAt = now() + pause;
    const times = sick.restarts === 1 ? 'once' : `${sick.restarts} times`;
    const summary = sick.givenUp
      ? `${connector} has failed and was restarted ${times} within ${minutes(now() - sick.since)}, in vain. It is tried once an hour from now on: put right what the cause names, then run \`tributary landing apply ${landing}\`.`
      : `${connector} had failed and was restarted (${times} in a row); if it fails again, the next try is in ${Math.round(pause / 1000)} s.`;
    return {
      connector,
      error: {
        at: now(),
        landing,
        connector,
        connection,
        code: sick.givenUp ? 'landing:given_up' : 'landing:task_failed',
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
    sink: (connector) => patients.get(connector),
  };
}

function minutes(ms: number): string {
  const whole = Math.max(1, Math.round(ms / 60_000));
  return whole === 1 ? 'a minute' : `${whole} minutes`;
}
