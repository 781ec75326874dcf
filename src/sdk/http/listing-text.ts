import { randomUUID } from 'node:crypto';
import { CLOSE_LIST, CLOSE_OBJECT, endOfString, OPEN_LIST, OPEN_OBJECT, QUOTE } from '../../core/json/characters.ts';
import { numberAllowance, parseJson } from '../../core/json/parse.ts';
import { parseJsonInPieces } from '../../core/json/parse-in-pieces.ts';
import { takeTurns } from '../../core/turns.ts';
import type { Json, JsonObject } from '../../core/types.ts';

/** One element of a listing, as text. */
export interface ElementText {
  readonly text: string;
  /** Whether it may be left unparsed. */
  readonly mayBeKnown: boolean;
  /** @throws SyntaxError when the text is no JSON. */
  parsed(): Json;
}

/** Turns a listing's elements into rows, given the document without them. A row whose text is not known must be parsed. */
export type RowsOfTexts = (frame: JsonObject) => (element: ElementText) => Json;

/** In place of a list's elements. Random per process, so that no vendor sends it. */
const MARK = `elements ${randomUUID()}`;

/** Larger elements are parsed in pieces with all the rest, and so is a document that is large without its list; characters. */
const LARGEST = 128 * 1024;
/** More elements than any vendor puts on a page would take too much memory one by one. */
const MOST_ELEMENTS = 10_000;
/** Longest beginning of an element, up to its first comma, by which the next one is found. */
const LONGEST_BEGINNING = 64;

/**
 * Parses a document that has a list of objects at its member `list`, element by element, so that `rows` can pass over those
 * whose text it knows. Where elements end is only guessed, by how the first one begins; that an element is JSON by itself
 * proves it, and so does that its text is known, because only such texts are. The first and the last element are always
 * parsed, because by them a listing that goes round is found. A document that is not built as expected is parsed as a whole.
 *
 * @throws SyntaxError for anything that is not JSON, TooManyNumbers.
 */
export async function parseListing(text: string, list: string, rows: RowsOfTexts): Promise<Json> {
  try {
    return (await parsedByElements(text, list, rows)) ?? (await parseJsonInPieces(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return parseJsonInPieces(text);
  }
}

async function parsedByElements(text: string, list: string, rows: RowsOfTexts): Promise<Json | undefined> {
  const found = split(text, `${JSON.stringify(list)}:[`);
  if (found === undefined) return undefined;
  const { ends, start, close } = found;
  const allowance = numberAllowance();
  // Parsed with a mark in its list, which shows that the list is the document's own and no other member has its name.
  const frame = parseJson(`${text.slice(0, start)}${JSON.stringify(MARK)}${text.slice(close)}`, allowance);
  if (!isObject(frame) || !isMarked(frame[list])) return undefined;
  const rowOf = rows(frame);
  const elements: Json[] = [];
  const turns = takeTurns();
  let from = start;
  for (const [at, end] of ends.entries()) {
    if (turns.over()) await turns.next();
    const element = text.slice(from, end);
    elements.push(rowOf({ text: element, mayBeKnown: at > 0 && at < ends.length - 1, parsed: () => parseJson(element, allowance) }));
    from = end + 1;
  }
  return { ...frame, [list]: elements };
}

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const isMarked = (value: Json | undefined): boolean => Array.isArray(value) && value.length === 1 && value[0] === MARK;

/** Where the list's elements seem to end, where the first one starts, and where the list's closing bracket is. */
function split(
  text: string,
  opening: string,
): { readonly ends: readonly number[]; readonly start: number; readonly close: number } | undefined {
  const found = text.indexOf(opening);
  const start = found + opening.length;
  if (found < 0 || text.charCodeAt(start) !== OPEN_OBJECT) return undefined;
  const comma = text.indexOf(',', start);
  if (comma < 0 || comma - start > LONGEST_BEGINNING) return undefined;
  const boundary = `},${text.slice(start, comma + 1)}`;
  const ends: number[] = [];
  let from = start;
  for (let at = text.indexOf(boundary, from); at >= 0; at = text.indexOf(boundary, from)) {
    if (at - from > LARGEST || ends.length === MOST_ELEMENTS) return undefined;
    ends.push(at + 1);
    from = at + 2;
  }
  const close = endOfObject(text, from, Math.min(text.length, from + LARGEST));
  if (text.charCodeAt(close) !== CLOSE_LIST || text.length - (close - start) > LARGEST) return undefined;
  ends.push(close);
  return { ends, start, close };
}

/** Index behind the object that begins at `start`; -1 when it does not end before `last`. */
function endOfObject(text: string, start: number, last: number): number {
  let depth = 0;
  for (let at = start; at < last; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN_OBJECT || code === OPEN_LIST) depth += 1;
    else if ((code === CLOSE_OBJECT || code === CLOSE_LIST) && (depth -= 1) === 0) return at + 1;
  }
  return -1;
}
