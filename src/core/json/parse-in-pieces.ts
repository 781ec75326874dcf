import { othersFirst } from '../turns.ts';
import type { Json } from '../types.ts';
import { BACKSLASH, CLOSE_LIST, CLOSE_OBJECT, COLON, COMMA, endOfString, OPEN_LIST, OPEN_OBJECT, QUOTE, setMember } from './characters.ts';
import { numberAllowance, parseJson, parsePart } from './parse.ts';
import type { NumberAllowance } from './parse.ts';

/** Characters that are parsed at once. The slowest text there is (long numbers, names that are all different) takes some 30 ms for as many. */
const PIECE = 128 * 1024;
/** Ends of pieces that are guessed wrong before no more are guessed in that text. */
const WRONG_GUESSES = 3;
/** Longest beginning of an element, up to its first colon, by which the next one is found. */
const LONGEST_BEGINNING = 64;
/** Closing brackets at the end of an element by which the end of another one is known. */
const MOST_CLOSING = 8;
/** Containers nested deeper are left whole: a row as deep is put aside, whatever it holds. */
const DEEPEST_CUT = 600;

type Container = Json[] | Record<string, Json>;

/** A list or object whose end has not been seen. */
interface Open {
  readonly isList: boolean;
  /** Where its bracket stands. */
  readonly start: number;
  /** What of it has been parsed; undefined while it may still be parsed together with what surrounds it. */
  value: Container | undefined;
  /** Its name in the object around it. */
  name: string;
  /** Where its text begins that has not been parsed. */
  from: number;
  /** The last comma between its elements behind that; -1 when there is none. */
  comma: number;
  /** A comma stands before `from`, so that an element must follow. */
  due: boolean;
  /** An element ends at `from`, so that a comma or the end must follow. */
  ended: boolean;
}

/**
 * Parses JSON as {@link parseJson} does, with the same result, in pieces between which the event loop is free: a text of
 * 64 MiB takes seconds, in which nothing else would be answered.
 * @throws SyntaxError for anything that is not JSON, TooManyNumbers.
 */
export async function parseJsonInPieces(text: string, piece = PIECE): Promise<Json> {
  if (text.length <= piece) return parseJson(text);
  const open: Open[] = [];
  /** How many of them, from the outside, have a value. */
  let begun = 0;
  /** Brackets open within the deepest container that may be cut. */
  let deeper = 0;
  let root: Container | undefined;
  let looked = 0;
  let wrongGuesses = 0;
  /** The outermost list, once something of it has been parsed: it has most of the text. */
  let rows: Open | undefined;
  const allowance = numberAllowance();

  /** Parses what is complete of all open containers. */
  function settle(): void {
    for (let level = Math.max(begun - 1, 0); level < open.length; level += 1) {
      const one = open[level] as Open;
      if (one.value === undefined) {
        const around = open[level - 1];
        if (around !== undefined) one.name = nameBefore(text, around, one.start);
        one.value = one.isList ? [] : {};
        begun = level + 1;
      }
      if (one.comma < 0) continue;
      take(text, one, one.comma, allowance);
      one.from = one.comma + 1;
      one.comma = -1;
      one.due = true;
    }
  }

  /**
   * Parses the next elements of the list without looking for where they end: at the last place within a piece that looks
   * as the one before `from` does. That they are parsed proves that they end there, because nothing but whole elements is
   * JSON between brackets. Returns where the elements end; `from` when the place was none, or there is no such place.
   */
  function leap(list: Open, from: number): number {
    const to = from + piece;
    const mark = to < text.length ? boundaryAt(text, from) : undefined;
    for (let end = mark === undefined ? -1 : text.lastIndexOf(mark.text, to); end >= from;) {
      const until = end + (mark as Boundary).closing;
      try {
        for (const element of parsePart(text, from, until, '[]', allowance) as readonly Json[]) (list.value as Json[]).push(element);
        return until + 1;
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        wrongGuesses += 1;
        end = wrongGuesses < WRONG_GUESSES ? text.lastIndexOf((mark as Boundary).text, end - 1) : -1;
      }
    }
    // To look for what is not there takes time too.
    wrongGuesses = WRONG_GUESSES;
    return from;
  }

  function close(at: number, isList: boolean): void {
    const one = open.pop();
    if (one === undefined || one.isList !== isList) throw new SyntaxError('a bracket that closes nothing');
    if (one.value === undefined) {
      // Alone, it was never cut: the text around it is parsed with it.
      if (open.length > 0) return;
      one.value = one.isList ? [] : {};
    }
    begun = open.length;
    if (one.due || !isBlank(text, one.from, at)) take(text, one, at, allowance);
    const around = open.at(-1);
    if (around === undefined) {
      root = one.value;
      if (!isBlank(text, at + 1, text.length)) throw new SyntaxError('something stands behind the end');
      return;
    }
    add(around, one.name, one.value, at);
  }

  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (end - at > piece && open.length > 0 && deeper === 0 && !isName(text, end)) {
        settle();
        const around = open.at(-1) as Open;
        const name = nameBefore(text, around, at);
        add(around, name, await stringInPieces(text, at + 1, end, piece), end);
        looked = end;
      }
      at = end;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (open.length === 0 && !isBlank(text, 0, at)) throw new SyntaxError('something stands before the beginning');
      if (open.length === DEEPEST_CUT) {
        deeper += 1;
        continue;
      }
      open.push({ isList: code === OPEN_LIST, start: at, value: undefined, name: '', from: at + 1, comma: -1, due: false, ended: false });
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      if (deeper > 0) {
        deeper -= 1;
        continue;
      }
      close(at, code === CLOSE_LIST);
      if (root !== undefined) return root;
    } else if (code === COMMA && deeper === 0) {
      const one = open.at(-1);
      if (one === undefined) throw new SyntaxError('a comma outside of everything');
      if (one.ended) {
        if (!isBlank(text, one.from, at)) throw new SyntaxError('a comma is missing');
        one.ended = false;
        one.due = true;
        one.from = at + 1;
        while (one === rows && wrongGuesses < WRONG_GUESSES) {
          const next = leap(one, at + 1);
          if (next === at + 1) break;
          one.from = next;
          at = next - 1;
          looked = at;
          await othersFirst();
        }
      } else one.comma = at;
    }
    if (at - looked < piece) continue;
    looked = at;
    settle();
    rows = open.find(({ isList }) => isList);
    await othersFirst();
  }
  if (open.length > 0) throw new SyntaxError('the text ends too early');
  // No container at all: one long text, or nothing that is JSON.
  return parseJson(text);
}

/** What stands around the comma between two elements: closing brackets, the comma, and how the next one begins. */
interface Boundary {
  readonly text: string;
  /** Closing brackets in it. */
  readonly closing: number;
}

/** The boundary before `from`, if it is one of objects that begin with a name; two of them rarely look like what is inside them. */
function boundaryAt(text: string, from: number): Boundary | undefined {
  if (text.charCodeAt(from) !== OPEN_OBJECT || text.charCodeAt(from + 1) !== QUOTE || text.charCodeAt(from - 1) !== COMMA) return undefined;
  const colon = endOfString(text, from + 1) + 1;
  if (colon - from > LONGEST_BEGINNING || text.charCodeAt(colon) !== COLON) return undefined;
  let first = from - 1;
  while (from - first <= MOST_CLOSING && isClosing(text.charCodeAt(first - 1))) first -= 1;
  const closing = from - 1 - first;
  return closing === 0 ? undefined : { text: text.slice(first, colon + 1), closing };
}

const isClosing = (code: number): boolean => code === CLOSE_LIST || code === CLOSE_OBJECT;

/** Adds an element that was parsed by itself, and ends there. */
function add(around: Open, name: string, value: Json, end: number): void {
  if (Array.isArray(around.value)) around.value.push(value);
  else setMember(around.value as Record<string, Json>, name, value);
  around.from = end + 1;
  around.due = false;
  around.ended = true;
}

/** Whether the string that ends there is the name of a member. */
function isName(text: string, end: number): boolean {
  let at = end + 1;
  while (at < text.length && isBlank(text, at, at + 1)) at += 1;
  return text.charAt(at) === ':';
}

/** A string from behind its first quote to its last one. No piece ends within an escape. */
async function stringInPieces(text: string, start: number, end: number, piece: number): Promise<string> {
  if (text.charCodeAt(end) !== QUOTE) throw new SyntaxError('a string does not end');
  const parts: string[] = [];
  for (let from = start; from < end;) {
    let to = from;
    while (to < end && to - from <= piece) to += text.charCodeAt(to) !== BACKSLASH ? 1 : text.charAt(to + 1) === 'u' ? 6 : 2;
    parts.push(JSON.parse(`"${text.slice(from, Math.min(to, end))}"`) as string);
    from = to;
    await othersFirst();
  }
  return parts.join('');
}

/** Parses the elements from where a container has been parsed, and adds them. */
function take(text: string, one: Open, to: number, allowance: NumberAllowance): void {
  if (one.ended) throw new SyntaxError('a comma is missing');
  if (one.isList) {
    const elements = parsePart(text, one.from, to, '[]', allowance) as readonly Json[];
    if (elements.length === 0) throw new SyntaxError('an element is missing');
    const list = one.value as Json[];
    for (const element of elements) list.push(element);
    return;
  }
  const members = parsePart(text, one.from, to, '{}', allowance) as Readonly<Record<string, Json>>;
  let some = false;
  for (const name in members) {
    setMember(one.value as Record<string, Json>, name, members[name] as Json);
    some = true;
  }
  if (!some) throw new SyntaxError('a member is missing');
}

/** The name of a container that begins there, in the object around it. Nothing else may stand before it. */
function nameBefore(text: string, around: Open, start: number): string {
  if (around.ended) throw new SyntaxError('a comma is missing');
  if (around.isList) {
    if (!isBlank(text, around.from, start)) throw new SyntaxError('a comma is missing');
    return '';
  }
  const [name, ...more] = Object.keys(parseJson(`{${text.slice(around.from, start)}null}`) as object);
  if (name === undefined || more.length > 0) throw new SyntaxError('a name is missing');
  return name;
}

function isBlank(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return false;
  }
  return true;
}
