import { TributaryError } from '../core/errors.ts';

/** @throws TributaryError `transient` with code `kafka:deadline` when `work` takes longer than `ms`. */
export async function withDeadline<T>(ms: number, doing: string, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new TributaryError(`${doing} took longer than ${Math.round(ms / 100) / 10} s.`, {
            kind: 'transient',
            reach: 'connection',
            code: 'kafka:deadline',
            remedy: 'Look at the brokers: they accept connections but do not answer in time.',
          }),
        ),
      ms,
    );
  });
  const working = work();
  working.catch(() => undefined);
  try {
    return await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
  }
}
