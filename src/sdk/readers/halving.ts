export interface HalvingOptions {
  /** Shorter windows are not divided, ms. */
  readonly least: number;
  /** Whether a shorter window may succeed after this error, such as a time-out. */
  readonly smallerHelps: (error: unknown) => boolean;
}

/**
 * Reads a window of time (epoch ms); a window that fails because it holds too much is read in halves, earlier half first. Halves
 * begin at whole seconds and leave no gap. A window of which something has been yielded is not divided, because that would be
 * yielded again. `divisible` tells `read` whether a failure will lead to halves, so that it should not insist.
 */
export async function* halving<T>(
  from: number,
  to: number,
  { least, smallerHelps }: HalvingOptions,
  read: (from: number, to: number, divisible: boolean) => AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> {
  const divisible = to - from > least;
  let begun = false;
  try {
    for await (const value of read(from, to, divisible)) {
      begun = true;
      yield value;
    }
    return;
  } catch (error) {
    if (begun || !divisible || !smallerHelps(error)) throw error;
  }
  const middle = Math.floor((from + to) / 2_000) * 1_000;
  yield* halving(from, middle, { least, smallerHelps }, read);
  yield* halving(middle, to, { least, smallerHelps }, read);
}
