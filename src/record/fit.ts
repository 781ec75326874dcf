/** Result of a conversion when the value does not fit the column's type. */
export const MISFIT: unique symbol = Symbol('misfit');

/**
 * A value that the column can hold only approximately: a time finer than milliseconds, a decimal finer than a double, text
 * with characters that no landing can store. The column gets `value`, and the original goes into `_extra`.
 */
export class Inexact {
  constructor(readonly value: string | number) {}
}

/** Native column value, {@link Inexact}, or {@link MISFIT}. */
export type Fit = string | number | bigint | boolean | Inexact | typeof MISFIT;
