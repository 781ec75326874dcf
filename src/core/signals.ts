/** Keeps what a combined signal was made of alive for as long as it lives itself. */
const sources = new WeakMap<AbortSignal, readonly AbortSignal[]>();

/**
 * Aborts with the first of the signals. Instead of `AbortSignal.any`: in Node 20 (20.20.2; 22 and 24 are well) one made of an
 * `AbortSignal.timeout` never fires once the garbage collector has run, since nothing holds the timeout.
 */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const given = signals.filter((signal) => signal !== undefined);
  const any = AbortSignal.any(given);
  sources.set(any, given);
  return any;
}

/** Aborts after `ms` milliseconds, with a `TimeoutError`, or with the first of the others. Does not keep the process running. */
export function timeLimit(ms: number, ...others: readonly (AbortSignal | undefined)[]): AbortSignal {
  return anySignal(AbortSignal.timeout(ms), ...others);
}
