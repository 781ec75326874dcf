import { DEEPEST_JSON, tooDeep } from './depth.ts';
import { rawNumberText } from './parse.ts';
import type { Json } from '../types.ts';

/**
 * JSON text that is equal for equal data: object keys sorted by code unit, no white space, integers beyond 2^53 and numbers
 * that no double can hold printed as the vendor wrote them, lone surrogates escaped. Undefined members are left out; a
 * number that JSON cannot hold (NaN) becomes its name in quotes.
 * @throws TributaryError `data` with code `too_deep` for nesting beyond {@link DEEPEST_JSON}.
 */
export function canonicalJson(value: unknown): string {
  return print(value, 0);
}

function print(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return printNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return value.toString();
    case 'object':
      break;
    default:
      return 'null';
  }
  if (value === null) return 'null';
  const numberText = rawNumberText(value as Json);
  if (numberText !== undefined) return numberText;
  if (depth >= DEEPEST_JSON) throw tooDeep();
  return Array.isArray(value) ? printArray(value, depth + 1) : printObject(value as Record<string, unknown>, depth + 1);
}

function printNumber(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return value === 0 ? '0' : String(value);
}

function printArray(items: readonly unknown[], depth: number): string {
  if (items.length === 0) return '[]';
  let out = '[' + print(items[0], depth);
  for (let i = 1; i < items.length; i += 1) out += ',' + print(items[i], depth);
  return out + ']';
}

function printObject(object: Record<string, unknown>, depth: number): string {
  const names = sorted(Object.keys(object));
  let out = '';
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i] as string;
    const member = object[name];
    if (member === undefined) continue;
    out += (out === '' ? '{' : ',') + quoteName(name) + print(member, depth);
  }
  return out === '' ? '{}' : out + '}';
}

/** Sorts in place by code unit. Most rows have few members in nearly the same order, where insertion sort beats the built-in sort. */
function sorted(names: string[]): string[] {
  if (names.length > 24) return names.sort();
  for (let i = 1; i < names.length; i += 1) {
    const name = names[i] as string;
    let at = i;
    for (; at > 0 && (names[at - 1] as string) > name; at -= 1) names[at] = names[at - 1] as string;
    names[at] = name;
  }
  return names;
}

/** Short plain text needs no escaping, and testing for that is faster than `JSON.stringify`. */
const LONGEST_ASKED = 48;

function quote(text: string): string {
  const length = text.length;
  if (length > LONGEST_ASKED) return JSON.stringify(text);
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126 || code === 34 || code === 92) return JSON.stringify(text);
  }
  return `"${text}"`;
}

/** Limits of the cache of quoted names: vendors that use data as member names would otherwise fill the memory. */
const MOST_NAMES = 4096;
const LONGEST_REMEMBERED = 64;
const quotedNames = new Map<string, string>();

function quoteName(name: string): string {
  const known = quotedNames.get(name);
  if (known !== undefined) return known;
  const quoted = `${JSON.stringify(name)}:`;
  if (name.length <= LONGEST_REMEMBERED && quotedNames.size < MOST_NAMES) quotedNames.set(name, quoted);
  return quoted;
}
