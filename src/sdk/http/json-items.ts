import { parseJson } from '../../core/json/parse.ts';
import { TooLarge } from './attempt.ts';
import { gather } from './gathered.ts';
import { LARGEST_PARSED, MUCH_ONCE_PARSED, parsedSize } from './parsed-size.ts';
import type { Json } from '../../core/types.ts';

/** Cuts the elements of one list out of a JSON document that arrives in pieces. */
export interface JsonItems {
  /** The elements that are complete with this piece. Throws `SyntaxError` for what is not JSON, {@link TooLarge} for an element too large. */
  push(chunk: Buffer): readonly Json[];
  /** The document without the list's elements. Throws `SyntaxError` when it has not ended. */
  end(): Json;
}

/** What surrounds the list is kept to be checked; it is small in every answer worth reading as a stream. */
const LARGEST_REST = 1024 * 1024;
/** No row worth reading is larger, bytes. */
const LARGEST_ELEMENT = 16 * 1024 * 1024;
const CHECKED_FROM = 1024 * 1024;

const QUOTE = 0x22,
  BACKSLASH = 0x5c,
  COMMA = 0x2c,
  COLON = 0x3a,
  OPEN_LIST = 0x5b,
  CLOSE_LIST = 0x5d,
  OPEN_OBJECT = 0x7b,
  CLOSE_OBJECT = 0x7d;

/**
 * Elements of the member `list` of the document's object, parsed without losing a digit. Memory is that of one
 * piece and one element. Bytes above 127 never look like structure in UTF-8, so pieces may end anywhere.
 */
export function jsonItems(list: string): JsonItems {
  const name = JSON.stringify(list);
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Depth of the list's elements while inside it, else 0. */
  let inside = 0;
  let found = false;
  let cut = 0;
  /** What is not parsed yet: the current element, or the document around the list. */
  const open = gather();
  let rest = '';
  /** The last member's name at the top, as far as it need be known. */
  let member = '';
  let named = false;

  function keep(text: string): void {
    rest += text;
    if (rest.length > LARGEST_REST) throw new SyntaxError('more than a list');
  }

  function elements(chunk: Buffer, from: number, to: number, last: boolean): readonly Json[] {
    let text: string;
    if (open.bytes === 0) text = chunk.toString('utf8', from, to);
    else {
      open.add(chunk.subarray(from, to));
      text = open.take().toString('utf8');
    }
    if (text.length > CHECKED_FROM && parsedSize(text) > LARGEST_PARSED) throw new TooLarge(MUCH_ONCE_PARSED);
    if (last && cut === 0 && text.trim() === '') return [];
    const parsed = parseJson(`[${text}]`) as readonly Json[];
    // A comma with nothing after it.
    if (parsed.length === 0) throw new SyntaxError('an element is missing');
    cut += 1;
    return parsed;
  }

  function push(chunk: Buffer): readonly Json[] {
    const items: Json[] = [];
    /** Begin of what of this piece is not yet taken. */
    let from = 0;
    let lastComma = -1;
    for (let at = 0; at < chunk.length; at += 1) {
      const code = chunk[at] as number;
      if (inString) {
        if (escaped) escaped = false;
        else if (code === BACKSLASH) escaped = true;
        else if (code === QUOTE) inString = false;
        if (inside > 0) continue;
        const mark = String.fromCharCode(code);
        keep(mark);
        if (depth === 1 && !named && member.length <= name.length) member += mark;
        continue;
      }
      if (inside > 0) {
        if (code === QUOTE) inString = true;
        else if (code === COMMA) {
          if (depth === inside) lastComma = at;
        } else if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1;
        else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
          depth -= 1;
          if (depth >= inside) continue;
          if (code !== CLOSE_LIST) throw new SyntaxError('the list is closed as an object');
          if (lastComma >= 0) for (const item of elements(chunk, from, lastComma, false)) items.push(item);
          for (const item of elements(chunk, lastComma >= 0 ? lastComma + 1 : from, at, true)) items.push(item);
          inside = 0;
          lastComma = -1;
          keep('null');
        }
        continue;
      }
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) continue;
      if (code === QUOTE) {
        inString = true;
        if (depth === 1 && !named) member = '"';
      } else if (code === COLON && depth === 1) {
        named = true;
      } else if (code === COMMA && depth === 1) {
        named = false;
        member = '';
      } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
        depth += 1;
        if (code === OPEN_LIST && depth === 2 && named && !found && member === name) {
          found = true;
          inside = depth;
          from = at + 1;
          continue;
        }
      } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
        depth -= 1;
      }
      keep(String.fromCharCode(code));
    }
    if (inside > 0) {
      if (lastComma >= 0) {
        for (const item of elements(chunk, from, lastComma, false)) items.push(item);
        from = lastComma + 1;
      }
      open.add(chunk.subarray(from));
      if (open.bytes > LARGEST_ELEMENT) throw new TooLarge(`holds an element larger than ${LARGEST_ELEMENT} bytes`);
    }
    return items;
  }

  return {
    push,
    end() {
      if (inside > 0) throw new SyntaxError('the list does not end');
      // Bytes were kept one by one, as Latin-1.
      return parseJson(Buffer.from(rest, 'latin1').toString('utf8'));
    },
  };
}
