import { randomUUID } from 'node:crypto';
import type { Json, JsonObject } from '../types.ts';
import { COLON, endOfString, QUOTE, setMember } from './characters.ts';

const RAW = Symbol('number text');

/**
 * A number that neither a double nor a `bigint` can represent exactly, kept as the vendor's text
 * (`0.12345678901234567890`, `1e400`). In a {@link Json} tree it is an object without own string keys.
 */
export interface RawNumber extends JsonObject {
  readonly [RAW]: string;
}

/** The vendor's text of a {@link RawNumber}; undefined for every other value. */
export function rawNumberText(value: Json | undefined): string | undefined {
  return typeof value === 'object' && value !== null ? (value as Partial<RawNumber>)[RAW] : undefined;
}

function rawNumber(text: string): RawNumber {
  const marker = Object.create(null) as { [RAW]: string };
  marker[RAW] = text;
  return Object.freeze(marker) as unknown as RawNumber;
}

/**
 * A double keeps every number of up to 15 significant digits and a two-digit exponent, so only longer runs of digits are
 * examined. They are searched inside strings too, because skipping strings costs more than a few false matches.
 */
export const LONGEST_SAFE = 15;
const EXPONENT = /[0-9.][eE][+-]?[0-9]{3}/g;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** Marks a long number that was turned into a string. Random per process, so that no vendor string begins with it. */
const TAG = `\u0000number ${randomUUID()} `;
/** The tag as JSON text, with its opening quote. */
const ESCAPED_TAG = JSON.stringify(TAG).slice(0, -1);
const PARTS_PER_TAG = 4;
/** A tagged number takes ten times the memory of the shortest number that needs a tag, so their count is limited. */
const MOST_TAGS = 500_000;
const ZERO = 0x30;
/** `BigInt(text)` takes quadratic time, so longer numbers stay text. */
const LONGEST_BIGINT = 1000;

/** JSON that holds more numbers beyond a double than anything worth reading. */
export class TooManyNumbers extends Error {}

/** How many numbers beyond a double one document may hold, however many pieces it is parsed in. */
export interface NumberAllowance {
  left: number;
}

export const numberAllowance = (): NumberAllowance => ({ left: MOST_TAGS });

/** Parses JSON without losing a digit. Throws `SyntaxError` for anything that is not JSON, and {@link TooManyNumbers}. */
export function parseJson(text: string, allowance = numberAllowance()): Json {
  return parsed(text, tagNumbers(text, 0, text.length, allowance.left), allowance);
}

/**
 * Parses the part of a text as {@link parseJson} does, between brackets that it adds: the elements of a list or the
 * members of an object. What stands before and behind the part is a bracket or a comma, or nothing. The part is examined
 * where it is, because a copy that is not flat takes V8 several times as long to look through.
 */
export function parsePart(text: string, from: number, to: number, brackets: '[]' | '{}', allowance = numberAllowance()): Json {
  const tagged = tagNumbers(text, from, to, allowance.left);
  const [open, close] = brackets;
  const wrapped = (part: string): string => `${open}${part}${close}`;
  return parsed(wrapped(text.slice(from, to)), tagged && { text: wrapped(tagged.text), count: tagged.count }, allowance);
}

interface Tagged {
  readonly text: string;
  readonly count: number;
}

function parsed(text: string, tagged: Tagged | undefined, allowance: NumberAllowance): Json {
  if (tagged === undefined) return JSON.parse(text) as Json;
  let value: Json;
  try {
    value = JSON.parse(tagged.text) as Json;
  } catch {
    // The native error message would quote our tags.
    return JSON.parse(text) as Json;
  }
  allowance.left -= tagged.count;
  return untag(value, tagged.count);
}

/** Turns every number of the part that a double cannot keep into a tagged string; returns the part and their count, or undefined when there is none. */
function tagNumbers(text: string, from: number, to: number, most: number): Tagged | undefined {
  const parts: string[] = [];
  let copied = from;
  /** An index outside any string; everything before it has been scanned. */
  let outside = from;
  /** End of the last run of number characters: each run is examined once, however many candidates it contains. */
  let gone = from;
  for (const found of suspects(text, from, to)) {
    if (found < Math.max(gone, outside)) continue;
    let start = found;
    while (start > gone && isOfNumber(text.charCodeAt(start - 1))) start -= 1;
    let end = found;
    while (end < to && isOfNumber(text.charCodeAt(end))) end += 1;
    gone = end;
    const token = text.slice(start, end);
    // Only where a value is allowed: tagging must never turn invalid JSON into valid JSON.
    if (!NUMBER.test(token) || !beginsValue(text, start) || !endsValue(text, end) || keepsAsDouble(token)) continue;
    if (!followsName(text, start)) {
      // Only here is it necessary to know whether the candidate lies inside a string.
      while (outside < start) outside = text.charCodeAt(outside) === QUOTE ? endOfString(text, outside) + 1 : outside + 1;
      if (outside > start) continue;
    }
    parts.push(text.slice(copied, start), ESCAPED_TAG, token, '"');
    copied = end;
    if (parts.length > most * PARTS_PER_TAG) throw new TooManyNumbers(`holds more than ${MOST_TAGS} numbers of more than 15 digits`);
  }
  if (parts.length === 0) return undefined;
  const count = parts.length / PARTS_PER_TAG;
  parts.push(text.slice(copied, to));
  return { text: parts.join(''), count };
}

/** Indexes, in order, where a number may be that a double cannot keep. */
function suspects(text: string, from: number, to: number): readonly number[] {
  const found: number[] = [];
  // A run of at least 16 characters contains one of every 16 indexes.
  for (let at = from + LONGEST_SAFE; at < to; at += LONGEST_SAFE + 1) {
    if (!isDigitOrPoint(text.charCodeAt(at))) continue;
    let first = at;
    while (first > from && isDigitOrPoint(text.charCodeAt(first - 1))) first -= 1;
    let end = at + 1;
    while (end < to && isDigitOrPoint(text.charCodeAt(end))) end += 1;
    if (end - first > LONGEST_SAFE) found.push(first);
    at = end - 1;
  }
  EXPONENT.lastIndex = 0;
  const long = found.length;
  // Of the part only: without a match the search would go on to the end of the text.
  const part = text.slice(from, to);
  for (let match = EXPONENT.exec(part); match !== null; match = EXPONENT.exec(part)) found.push(from + match.index);
  return long === 0 || long === found.length ? found : found.sort((a, b) => a - b);
}

/** `0123456789.eE+-` */
function isOfNumber(code: number): boolean {
  return isDigitOrPoint(code) || code === 0x65 || code === 0x45 || code === 0x2b || code === 0x2d;
}

function isDigitOrPoint(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2e;
}

/**
 * Whether the value follows a member name: a quote that can only be a closing one, and a colon, come right before. Then
 * the value lies outside any string. An opening quote would follow punctuation, a quote inside a string a backslash.
 */
function followsName(text: string, at: number): boolean {
  return at > 3 && text.charCodeAt(at - 1) === COLON && text.charCodeAt(at - 2) === QUOTE && !':,[{ \t\n\r\\'.includes(text.charAt(at - 3));
}

function beginsValue(text: string, at: number): boolean {
  return at === 0 || ':,[ \t\n\r'.includes(text.charAt(at - 1));
}

function endsValue(text: string, at: number): boolean {
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at += 1;
  return at >= text.length || ',]}'.includes(text.charAt(at));
}

function keepsAsDouble(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) return false;
  if (/^-?[0-9]+$/.test(token)) return Number.isSafeInteger(value);
  return decimal(token) === decimal(String(value));
}

/** A unique text per value: sign, digits without leading and trailing zeros, and the exponent of the last digit. */
function decimal(token: string): string {
  const from = token.startsWith('-') ? 1 : 0;
  const e = token.search(/[eE]/);
  const end = e < 0 ? token.length : e;
  const point = token.indexOf('.');
  const digits = point < 0 ? token.slice(from, end) : token.slice(from, point) + token.slice(point + 1, end);
  let first = 0;
  while (first < digits.length && digits.charCodeAt(first) === ZERO) first += 1;
  let last = digits.length;
  while (last > first && digits.charCodeAt(last - 1) === ZERO) last -= 1;
  if (last === first) return '0';
  // Imprecise only where the value is far out of a double's range.
  const exponent = (e < 0 ? 0 : Number(token.slice(e + 1))) - (point < 0 ? 0 : end - point - 1) + (digits.length - last);
  return `${from === 1 ? '-' : ''}${digits.slice(first, last)}e${exponent}`;
}

function untagged(tag: string): Json {
  const token = tag.slice(TAG.length);
  return token.length <= LONGEST_BIGINT && /^-?[0-9]+$/.test(token) ? BigInt(token) : rawNumber(token);
}

/** Replaces `count` tags by numbers in place. Uses its own stack, because the nesting may be deeper than the call stack allows. */
function untag(root: Json, count: number): Json {
  if (typeof root === 'string') return root.startsWith(TAG) ? untagged(root) : root;
  const open: unknown[] = [root];
  let left = count;
  /** The value to put in place of a tag; undefined when the value is not a tag. */
  const look = (value: unknown): Json | undefined => {
    if (typeof value === 'object') {
      if (value !== null) open.push(value);
      return undefined;
    }
    if (typeof value !== 'string' || !value.startsWith(TAG)) return undefined;
    left -= 1;
    return untagged(value);
  };
  while (left > 0 && open.length > 0) {
    const node = open.pop();
    if (Array.isArray(node)) {
      for (let i = 0; i < node.length; i += 1) {
        const number = look(node[i]);
        if (number !== undefined) node[i] = number;
      }
      continue;
    }
    // Objects from JSON.parse have own members only.
    for (const name in node as Record<string, Json>) {
      const value = look((node as Record<string, Json>)[name]);
      if (value !== undefined) setMember(node as Record<string, Json>, name, value);
    }
  }
  return root;
}
