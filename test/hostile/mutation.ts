import type { Json } from '../../src/core/types.ts';
import { randomStream } from '../../simulators/kit/random.ts';

/** One answer as a mutation has left it. */
export interface Altered {
  readonly text: string;
  readonly what: string;
  /** Values of the rows whose content was changed: their absence is the vendor's word. */
  readonly touched: Set<string>;
  /** The answer now says, in the vendor's own way, that there is nothing more. */
  readonly everything: boolean;
}

/** Choices that a seed decides. */
export interface Dice {
  below(limit: number): number;
  of<T>(choices: readonly T[]): T;
}

export function diceOf(seed: number): Dice {
  const random = randomStream(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return { below, of: (choices) => choices[below(choices.length)] as (typeof choices)[number] };
}

const MARK = '\u2402raw:';
const texts: string[] = [];

/** A value that is printed as this very text, JSON or not. */
export function raw(text: string): string {
  texts.push(text);
  return `${MARK}${texts.length - 1}`;
}

/** JSON text, big integers as numbers. */
export function printed(value: Json): string {
  const text = print(value);
  texts.length = 0;
  return text;
}

function print(value: Json): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return value.startsWith(MARK) ? (texts[Number(value.slice(MARK.length))] ?? '') : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as Json[]).map(print).join(',')}]`;
  return `{${Object.entries(value)
    .map(([name, item]) => `${JSON.stringify(name)}:${print(item)}`)
    .join(',')}}`;
}
