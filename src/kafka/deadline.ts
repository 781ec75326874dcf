import { onAbort } from '../core/clock.ts';
import { stepStopped, TributaryError } from '../core/errors.ts';

/**
 * Waits for `work` for at most `ms` (undefined: without a limit) or until the signal fires. Neither ends the work itself, so
 * the caller must also close the sockets that the work uses.
 *
 * @throws TributaryError `transient` with code `kafka:deadline` when it takes longer, `stopped` on the signal.
 */
export async function withDeadline<T>(ms: number | undefined, doing: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const stopped = (): TributaryError => stepStopped(doing);
  if (signal?.aborted) throw stopped();
  let timer: NodeJS.Timeout | undefined;
  let forget: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    if (ms !== undefined)
      timer = setTimeout(
        () =>
          reject(
            new TributaryError(`${doing} took longer than ${Math.round(ms / 100) / 10} s.`, {
              kind: 'transient',
              reach: 'connection',
              code: 'kafka:deadline',
              remedy: 'Check the brokers: they accept connections but do not answer in time.',
            }),
          ),
        ms,
      );
    if (signal !== undefined) forget = onAbort(signal, () => reject(stopped()));
  });
  // Work that throws at once is a rejection, too: otherwise the timer would go on and reject when nobody listens any more.
  const working = (async () => work())();
  working.catch(() => undefined);
  try {
    return await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
    forget?.();
  }
}
