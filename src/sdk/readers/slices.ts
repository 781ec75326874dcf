import type { Row } from '../../core/types.ts';

/** Divides rows into slices of at most `size`. There is always a last slice, which may be empty. */
export function* slices(
  rows: readonly Row[],
  size: number,
): Generator<{ readonly rows: readonly Row[]; readonly last: boolean }, void, void> {
  let at = 0;
  for (; at + size < rows.length; at += size) yield { rows: rows.slice(at, at + size), last: false };
  yield { rows: rows.slice(at), last: true };
}
