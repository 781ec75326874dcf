import { TributaryError } from '../../core/errors.ts';
import type { Json } from '../../core/types.ts';

/** What is listed, for errors about its answers. */
export interface Listed {
  /** Name of the vendor for people, and prefix of its error codes. */
  readonly title: string;
  readonly vendor: string;
  /** The list, in the vendor's words. */
  readonly name: string;
}

/** Attempts in a run after an answer in the wrong order. */
export const ORDER_TRIES = 2;

export const isDisordered = (error: unknown): boolean => error instanceof TributaryError && error.code?.endsWith(':order') === true;

export const disordered = ({ title, vendor, name }: Listed): TributaryError =>
  new TributaryError(`${title}'s answer about ${name} is not in the requested order.`, {
    kind: 'data',
    code: `${vendor}:order`,
    remedy: 'Nothing was deleted, and the table is read again later. Report it to the vendor if this persists.',
  });

/**
 * Returns a function that throws when a row's sort values certainly belong before those of the previous row. `first` are the
 * values of the cursor.
 */
export function watchOrder(listed: Listed, first: readonly Json[] = []): (values: readonly Json[]) => void {
  let last = first;
  return (values) => {
    for (const [at, value] of values.entries()) {
      const was = last[at];
      if (was === undefined || was === value) continue;
      if (surelyBefore(value, was)) throw disordered(listed);
      break;
    }
    last = values;
  };
}

/**
 * Whether a value comes before another one in every order the vendor may use: by character code, by the rules of a language, or
 * with numbers in texts compared by value. The vendor documents none of them, so pairs on which these orders differ are
 * accepted as they come.
 */
export function surelyBefore(a: Json, b: Json): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  // It is undocumented where rows without a value come, and an empty text may be one.
  if (at === a.length) return at > 0 && at < b.length;
  const [left, right] = [kindOf(a[at]), kindOf(b[at])];
  if (left === 'digit' && right === 'digit') return digitsFrom(a, at) === digitsFrom(b, at) && a.slice(at) < b.slice(at);
  // Inside a number the one that ends first is smaller; otherwise the next letter decides.
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
