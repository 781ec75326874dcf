import { randomUUID } from 'node:crypto';
import { checkJsonObject } from '../../core/json/check.ts';
import { BACKSLASH, CLOSE_LIST, CLOSE_OBJECT, OPEN_LIST, OPEN_OBJECT, QUOTE } from '../../core/json/characters.ts';
import { parseJson, TooManyNumbers } from '../../core/json/parse.ts';
import { parseJsonInPieces } from '../../core/json/parse-in-pieces.ts';
import { takeTurns } from '../../core/turns.ts';
import type { Json, JsonObject } from '../../core/types.ts';
import { textOf } from './decode-text.ts';

/** One element of a listing, as its bytes in the answer. */
export interface ListElement {
  /** UTF-8, for which nobody has checked it yet. */
  readonly bytes: Buffer;
  /** Whether it may be left unparsed. */
  readonly mayWait: boolean;
  /** The element parsed. @throws SyntaxError when it is no JSON. */
  parsed(): Json;
  /** Checks that it is a JSON object, so that it can be parsed later. @throws SyntaxError when it is none. */
  leftForLater(): LaterElement;
}

/** An element that is checked and not parsed. Thousands wait at a time, so it is one small object without a view of its bytes. */
export interface LaterElement {
  /** A new view. */
  readonly bytes: Buffer;
  /**
   * The element parsed, at any time and as often as wanted; never throws. Neighbours are parsed together, which takes V8 a
   * third less than one by one.
   */
  parsed(): JsonObject;
}

/**
 * Turns a listing's elements into rows, given the document without them. Each element that is not known by its bytes has to
 * be parsed or checked.
 */
export type RowsOfElements = (frame: JsonObject) => (element: ListElement) => Json;

/** In place of a list's elements. Random per process, so that no vendor sends it. */
const MARK = JSON.stringify(`elements ${randomUUID()}`);

/** Larger elements are parsed in pieces with all the rest, and so is a document that is large without its list; bytes. */
const LARGEST = 128 * 1024;
/** More elements than any vendor puts on a page would take too much memory one by one. */
const MOST_ELEMENTS = 10_000;
/** Longest beginning of an element, up to its first comma, by which the next one is found. */
const LONGEST_BEGINNING = 64;
/** An answer of this size cannot hold more long numbers than one document may; bytes. */
const LARGEST_ANSWER = 8 * 1024 * 1024;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/**
 * Reads a document that has a list of objects at its member `list`, element by element, so that `rows` can pass over those
 * that it knows, and leave others for when they are needed. Where elements end is only guessed, by how the first one begins;
 * that an element is JSON by itself proves it, and so does that it is known, because only such ones are. The first and the
 * last element are always parsed, because by them a listing that goes round is found. A document that is not built as
 * expected is parsed as a whole.
 *
 * @param answer UTF-8, with or without a mark of its byte order (RFC 8259, 8.1).
 * @throws SyntaxError for anything that is not JSON, TooManyNumbers.
 */
export async function parseListing(answer: Buffer, list: string, rows: RowsOfElements): Promise<Json> {
  const bytes = answer.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? answer.subarray(BYTE_ORDER_MARK.length) : answer;
  try {
    return (await parsedByElements(bytes, list, rows)) ?? (await parseJsonInPieces(textOf(bytes)));
  } catch (error) {
    if (error instanceof TooManyNumbers) throw error;
    // Whatever it was, the whole document is read as any other answer, and whoever asked for it tells what is wrong with it.
    return parseJsonInPieces(textOf(bytes));
  }
}

async function parsedByElements(bytes: Buffer, list: string, rows: RowsOfElements): Promise<Json | undefined> {
  const found = bytes.length > LARGEST_ANSWER ? undefined : split(bytes, Buffer.from(`${JSON.stringify(list)}:[`));
  if (found === undefined) return undefined;
  const { ends, start, close } = found;
  // Parsed with a mark in its list, which shows that the list is the document's own and no other member has its name.
  const frame = parseJson(textOf(Buffer.concat([bytes.subarray(0, start), Buffer.from(MARK), bytes.subarray(close)])));
  if (!isObject(frame) || !isMarked(frame[list])) return undefined;
  const rowOf = rows(frame);
  const neighbours = new Neighbours(bytes);
  const elements: Json[] = [];
  const turns = takeTurns();
  let from = start;
  for (const [at, end] of ends.entries()) {
    if (turns.over()) await turns.next();
    elements.push(rowOf(new Element(bytes.subarray(from, end), at > 0 && at < ends.length - 1, neighbours)));
    from = end + 1;
  }
  return { ...frame, [list]: elements };
}

/** Few enough to be parsed, used and collected before the next ones. */
const MOST_TOGETHER = 16;

/** A class, because closures that are made for each element are compiled for each answer. */
class Element implements ListElement {
  readonly bytes: Buffer;
  readonly mayWait: boolean;
  readonly #neighbours: Neighbours;

  constructor(bytes: Buffer, mayWait: boolean, neighbours: Neighbours) {
    this.bytes = bytes;
    this.mayWait = mayWait;
    this.#neighbours = neighbours;
  }

  parsed(): Json {
    return parseJson(textOf(this.bytes));
  }

  leftForLater(): LaterElement {
    return this.#neighbours.leftForLater(this.bytes);
  }
}

/** Elements with nothing but a comma between them. */
interface Group {
  readonly from: number;
  end: number;
  count: number;
  hasLongNumber: boolean;
  /** Each until it is taken, so that it can be collected then. */
  parsed?: (JsonObject | undefined)[];
}

/** The elements of one answer that are parsed later, in order. */
class Neighbours {
  readonly #bytes: Buffer;
  #group: Group | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** {@link ListElement.leftForLater} */
  leftForLater(element: Buffer): LaterElement {
    const checked = checkJsonObject(element);
    if (checked === undefined) throw new SyntaxError('an element is no JSON object');
    const { hasLongNumber } = checked;
    const from = element.byteOffset - this.#bytes.byteOffset;
    let group = this.#group;
    if (group === undefined || group.parsed !== undefined || group.count === MOST_TOGETHER || group.end + 1 !== from)
      group = this.#group = { from, end: from, count: 0, hasLongNumber: false };
    const place = group.count;
    group.end = from + element.length;
    group.count += 1;
    group.hasLongNumber ||= hasLongNumber;
    return new Later(this.#bytes, group, place, from, group.end, hasLongNumber);
  }
}

class Later implements LaterElement {
  readonly #answer: Buffer;
  readonly #group: Group;
  readonly #place: number;
  readonly #from: number;
  readonly #end: number;
  readonly #hasLongNumber: boolean;

  constructor(answer: Buffer, group: Group, place: number, from: number, end: number, hasLongNumber: boolean) {
    this.#answer = answer;
    this.#group = group;
    this.#place = place;
    this.#from = from;
    this.#end = end;
    this.#hasLongNumber = hasLongNumber;
  }

  get bytes(): Buffer {
    return this.#answer.subarray(this.#from, this.#end);
  }

  parsed(): JsonObject {
    const group = this.#group;
    group.parsed ??= parsedChecked(`[${textOf(this.#answer.subarray(group.from, group.end))}]`, group.hasLongNumber) as JsonObject[];
    const one = group.parsed[this.#place];
    group.parsed[this.#place] = undefined;
    return one ?? (parsedChecked(textOf(this.bytes), this.#hasLongNumber) as JsonObject);
  }
}

const parsedChecked = (text: string, hasLongNumber: boolean): Json => (hasLongNumber ? parseJson(text) : (JSON.parse(text) as Json));

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const isMarked = (value: Json | undefined): boolean => Array.isArray(value) && value.length === 1 && JSON.stringify(value[0]) === MARK;

/** Where the list's elements seem to end, where the first one starts, and where the list's closing bracket is. */
function split(
  bytes: Buffer,
  opening: Buffer,
): { readonly ends: readonly number[]; readonly start: number; readonly close: number } | undefined {
  const found = bytes.indexOf(opening);
  const start = found + opening.length;
  if (found < 0 || bytes[start] !== OPEN_OBJECT) return undefined;
  const comma = bytes.subarray(start, start + LONGEST_BEGINNING + 1).indexOf(',');
  if (comma < 0) return undefined;
  const boundary = Buffer.concat([Buffer.from('},'), bytes.subarray(start, start + comma + 1)]);
  const ends: number[] = [];
  let from = start;
  for (let at = bytes.indexOf(boundary, from); at >= 0; at = bytes.indexOf(boundary, from)) {
    if (at - from > LARGEST || ends.length === MOST_ELEMENTS) return undefined;
    ends.push(at + 1);
    from = at + 2;
  }
  const close = endOfObject(bytes, from, Math.min(bytes.length, from + LARGEST));
  if (bytes[close] !== CLOSE_LIST || bytes.length - (close - start) > LARGEST) return undefined;
  ends.push(close);
  return { ends, start, close };
}

/** Index behind the object that begins at `start`; -1 when it does not end before `last`. */
function endOfObject(bytes: Buffer, start: number, last: number): number {
  let depth = 0;
  for (let at = start; at < last; at += 1) {
    const code = bytes[at];
    if (code === QUOTE) {
      for (at += 1; at < last && bytes[at] !== QUOTE; at += 1) if (bytes[at] === BACKSLASH) at += 1;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) depth += 1;
    else if ((code === CLOSE_OBJECT || code === CLOSE_LIST) && (depth -= 1) === 0) return at + 1;
  }
  return -1;
}
