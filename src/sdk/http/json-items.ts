import { BACKSLASH, CLOSE_LIST, CLOSE_OBJECT, COLON, COMMA, OPEN_LIST, OPEN_OBJECT, QUOTE } from '../../core/json/characters.ts';
import { TooManyNumbers, parseJson } from '../../core/json/parse.ts';
import { parseJsonInPieces } from '../../core/json/parse-in-pieces.ts';
import { TooLarge } from './attempt.ts';
import { textOf } from './decode-text.ts';
import { gather } from './gathered.ts';
import { LARGEST_PARSED, MUCH_ONCE_PARSED, parsedSize } from './parsed-size.ts';
import type { Json } from '../../core/types.ts';

/** Parses the elements of one list in a JSON document that arrives in pieces. */
export interface JsonItems {
  /** The elements that this piece completes. Throws `SyntaxError` for invalid JSON, {@link TooLarge} for an element that is too large. */
  push(chunk: Buffer): Promise<readonly Json[]>;
  /** The document without the list's elements. Throws `SyntaxError` when the document is not complete. */
  end(): Json;
}

/**
 * Limit of the document around the list, characters. It is kept to be checked at the end, and is small in every answer that is
 * streamed.
 */
const LARGEST_FRAME = 1024 * 1024;
/** Limit of one element, bytes. */
const LARGEST_ELEMENT = 16 * 1024 * 1024;
const CHECKED_FROM = 1024 * 1024;

/**
 * Yields the elements of the member `list` of the document's top object, parsed without losing a digit. Memory is that of one
 * piece and one element. Pieces may end anywhere, because in UTF-8 no byte above 127 looks like structure.
 */
export function jsonItems(list: string): JsonItems {
  const name = JSON.stringify(list);
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Depth of the list's elements while inside the list, else 0. */
  let inside = 0;
  let found = false;
  let count = 0;
  /** What is not parsed yet: the current element. */
  const open = gather();
  let frame = '';
  /** Name of the current member of the top object, only as long as needed to compare it. */
  let member = '';
  let named = false;

  function keep(text: string): void {
    frame += text;
    if (frame.length > LARGEST_FRAME) throw new SyntaxError('more than a list');
  }

  async function elements(chunk: Buffer, from: number, to: number, last: boolean): Promise<readonly Json[]> {
    let bytes = chunk.subarray(from, to);
    if (open.bytes > 0) {
      open.add(bytes);
      bytes = open.take();
    }
    if (bytes.length > CHECKED_FROM && parsedSize(bytes) > LARGEST_PARSED) throw new TooLarge(MUCH_ONCE_PARSED);
    const text = textOf(bytes);
    if (last && count === 0 && text.trim() === '') return [];
    const parsed = await parsedElements(text);
    // A comma without an element after it.
    if (parsed.length === 0) throw new SyntaxError('an element is missing');
    count += 1;
    return parsed;
  }

  async function push(chunk: Buffer): Promise<readonly Json[]> {
    const items: Json[] = [];
    /** Start of the part of this piece that is not parsed yet. */
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
          if (lastComma >= 0) for (const item of await elements(chunk, from, lastComma, false)) items.push(item);
          for (const item of await elements(chunk, lastComma >= 0 ? lastComma + 1 : from, at, true)) items.push(item);
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
        for (const item of await elements(chunk, from, lastComma, false)) items.push(item);
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
      // The bytes were kept one by one, as Latin-1.
      return parseJson(
        Buffer.from(frame, 'latin1')
          .toString('utf8')
          .replace(/^\ufeff/, ''),
      );
    },
  };
}

async function parsedElements(text: string): Promise<readonly Json[]> {
  try {
    return (await parseJsonInPieces(`[${text}]`)) as readonly Json[];
  } catch (error) {
    throw error instanceof TooManyNumbers ? new TooLarge(error.message) : error;
  }
}
