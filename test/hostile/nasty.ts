import type { Json } from '../../src/core/types.ts';
import { raw, type Dice } from './mutation.ts';

export interface Nasty {
  readonly what: string;
  readonly value: Json;
}

/** Texts nobody expects: for JSON values and, where XML can hold them, for elements. */
export const nastyTexts = (echo: string): readonly [what: string, text: string][] => [
  ['empty text', ''],
  ['a space', ' '],
  ['the word null', 'null'],
  ['a lone surrogate', 'a\ud800b'],
  ['control characters', '\u0000\u0007\u001b]0;x\u0007\u009b31m\u202e\r\nlevel=error forged\u2028'],
  ['a NUL', '\u0000'],
  ['a long text', 'x'.repeat(60_000)],
  ['spaces', ' '.repeat(40_000)],
  ['a.a.a', 'a.'.repeat(20_000)],
  ['a path upwards', '../../../etc/passwd'],
  ['another address', 'http://127.0.0.1:9/elsewhere'],
  ['an address with a user', 'http://user:pass@127.0.0.1:9/'],
  ['a time too late', '275760-09-13T00:00:00.001Z'],
  ['the year 9999', '9999-12-31T23:59:59Z'],
  ['no time', '2026-02-30T25:61:61Z'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['what we sent', echo],
  ['what we sent, base64', Buffer.from(`x${echo}`).toString('base64')],
  ['what we sent, hex', Buffer.from(echo).toString('hex')],
  ['what we sent, URL', encodeURIComponent(echo)],
];

/** A value of another kind than the one there. */
export function nasty(dice: Dice, echo: string, was: Json = null): Nasty {
  const chosen = dice.below(24);
  const fixed: readonly (() => Nasty)[] = [
    () => ({ what: 'null', value: null }),
    () => ({ what: 'true', value: true }),
    () => ({ what: '0', value: 0 }),
    () => ({ what: '-1', value: -1 }),
    () => ({ what: '1.5', value: 1.5 }),
    () => ({ what: '8640000000000001', value: 8_640_000_000_000_001 }),
    () => ({ what: '1e400', value: raw('1e400') }),
    () => ({ what: '1e1111e111', value: raw('1e1111e111') }),
    () => ({ what: 'a number of 20,000 digits', value: raw('9'.repeat(20_000)) }),
    () => ({ what: 'an empty list', value: [] }),
    () => ({ what: 'an empty object', value: {} }),
    () => ({ what: 'in a list', value: [was] }),
    () => ({ what: 'in an object', value: { data: was, next: null } }),
    () => ({ what: 'nested 600 deep', value: raw(`${'['.repeat(600)}${']'.repeat(600)}`) }),
    () => ({ what: 'nested 20,000 deep', value: raw(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`) }),
    () => ({ what: '20,000 members', value: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`m${i}`, i])) }),
    () => ({ what: 'a __proto__ member', value: raw('{"__proto__":{"id":"x"},"constructor":1}') }),
  ];
  const made = fixed[chosen];
  if (made !== undefined) return made();
  const [what, value] = dice.of(nastyTexts(echo));
  return { what, value };
}
