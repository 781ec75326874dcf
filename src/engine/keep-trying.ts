import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { TributaryError } from '../core/errors.ts';
import { backoff } from '../sdk/http/retry.ts';

const longestPauseMs = 15_000;

export interface Trying {
  readonly clock: Clock;
  /** 0..1, for jitter. */
  readonly random: () => number;
  /** Milliseconds after which to give up; undefined means never. */
  readonly patience: number | undefined;
  readonly signal: AbortSignal;
  /** Called for each failure that is retried, with the time of the retry (epoch ms). */
  readonly onRetry: (error: TributaryError, retryAt: number) => void;
  /** What the signal stops, as the subject of a sentence. */
  readonly what: string;
}

/**
 * Repeats work that fails because Kafka or the registry is away. The work must be safe to repeat.
 *
 * @throws TributaryError the failure itself when a retry cannot help or when it is unclassified and has repeated a few times;
 * `transient` after `patience` ms; `stopped` on the signal.
 */
export async function keepTrying<T>(work: () => Promise<T>, { clock, random, patience, signal, onRetry, what }: Trying): Promise<T> {
  const since = clock.now();
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TributaryError) || error.kind !== 'transient') throw error;
      if (error.tries !== undefined && failures >= error.tries) throw error;
      const wait = Math.min(backoff(failures, random), longestPauseMs);
      if (patience !== undefined && clock.now() + wait > since + patience) throw outOfPatience(error, clock.now() - since);
      onRetry(error, clock.now() + wait);
      await delay(wait, undefined, { signal }).catch(() => {
        throw new TributaryError(`${what} was stopped while it waited: ${error.message}`, { kind: 'stopped', cause: error });
      });
    }
  }
}

/** The error as the final one, with the time after which it was given up. */
export function outOfPatience(error: TributaryError, afterMs: number): TributaryError {
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
