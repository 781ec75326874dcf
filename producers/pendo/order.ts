import { TributaryError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/types.ts';

const ORDER = 'pendo:order';

/** How often what came in another order than asked for is asked for again within a run. */
export const ORDER_TRIES = 2;

export const isDisordered = (error: unknown): boolean => error instanceof TributaryError && error.code === ORDER;

export const disordered = (name: string): TributaryError =>
  new TributaryError(`Pendo's answer about ${name} is not in the order that was asked for.`, {
    kind: 'data',
    code: ORDER,
    remedy: 'Nothing was deleted, and the table is read again later. Report it to the vendor if it stays.',
  });

/** Throws when the values a row is sorted by surely belong before those of the row before it. `first`: of what the rows are behind. */
export function watchOrder(name: string, first: readonly Json[] = []): (values: readonly Json[]) => void {
  let last = first;
  return (values) => {
    for (const [at, value] of values.entries()) {
      const was = last[at];
      if (was === undefined || was === value) continue;
      if (surelyBefore(value, was)) throw disordered(name);
      break;
    }
    last = values;
  };
}

/**
 * Whether one value comes before another however the vendor compares, which it does not say: by code, by the rules of a
 * language, or with numbers in texts by their value. What these see differently is taken as the vendor gives it.
 */
export function surelyBefore(a: Json, b: Json): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  // Where rows without a value come nobody says, and an empty text may be one.
  if (at === a.length) return at > 0 && at < b.length;
  const [left, right] = [kindOf(a[at]), kindOf(b[at])];
  if (left === 'digit' && right === 'digit') return digitsFrom(a, at) === digitsFrom(b, at) && a.slice(at) < b.slice(at);
  // Within a number the one that ends first is the smaller one, or its next letter decides.
  if (left === 'digit' || right === 'digit') return left === 'digit' && right !== 'other' && kindOf(a[at - 1]) !== 'digit';
  return left === right && left !== 'other' && a.slice(at) < b.slice(at);
}

function kindOf(character: string | undefined): 'digit' | 'small' | 'capital' | 'other' {
  if (character === undefined) return 'other';
  if (character >= '0' && character <= '9') return 'digit';
  if (character >= 'a' && character <= 'z') return 'small';
  return character >= 'A' && character <= 'Z' ? 'capital' : 'other';
}

function digitsFrom(text: string, from: number): number {
  let to = from;
  while (kindOf(text[to]) === 'digit') to += 1;
  return to - from;
}
