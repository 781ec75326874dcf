import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { TributaryError } from '../core/errors.ts';
import { backoff } from '../sdk/http/retry.ts';

const longestPauseMs = 15_000;

export interface Trying {
  readonly clock: Clock;
  /** 0..1, for jitter. */
  readonly random: () => number;
  /** Milliseconds after which it is given up; without an end when undefined. */
  readonly patience: number | undefined;
  readonly signal: AbortSignal;
  /** Hears of each failure that is tried again, at that time (epoch ms). */
  readonly onTrouble: (error: TributaryError, retryAt: number) => void;
  /** What is stopped by the signal, as the beginning of a sentence. */
  readonly what: string;
}

/**
 * Repeats work that fails because Kafka or the registry is away, for as long as that may pass. The work must do no harm twice.
 *
 * @throws TributaryError what time cannot heal, what nobody has classified after a few tries, `transient` when the patience is at
 * its end, `stopped` on the signal.
 */
export async function keepTrying<T>(work: () => Promise<T>, { clock, random, patience, signal, onTrouble, what }: Trying): Promise<T> {
  const since = clock.now();
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TributaryError) || error.kind !== 'transient') throw error;
      if (error.tries !== undefined && failures >= error.tries) throw error;
      const wait = Math.min(backoff(failures, random), longestPauseMs);
      if (patience !== undefined && clock.now() + wait > since + patience) throw givenUp(error, clock.now() - since);
      onTrouble(error, clock.now() + wait);
      await delay(wait, undefined, { signal }).catch(() => {
        throw new TributaryError(`${what} was stopped while it waited: ${error.message}`, { kind: 'stopped', cause: error });
      });
    }
  }
}

/** That error, as the last word. */
export function givenUp(error: TributaryError, afterMs: number): TributaryError {
  const { kind, reach, code, detail, remedy } = error;
  return new TributaryError(`${error.message} Given up after ${Math.round(afterMs / 1000)} s.`, {
    kind,
    reach,
    cause: error,
    ...(code === undefined ? {} : { code }),
    ...(detail === undefined ? {} : { detail }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}
