import { isAscii } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import { gather } from './gathered.ts';
import { parsedSizes } from './parsed-size.ts';

/** The text of an answer that arrives in pieces of any size. */
export interface DecodedText {
  add(piece: Buffer): void;
  /** About what the text so far takes once it is parsed, bytes; behind by less than one block. */
  parsedSize(): number;
  /** The whole text, without the mark of its byte order; afterwards there is none. */
  take(): string;
}

const BLOCK = 64 * 1024;
const BYTE_ORDER_MARK = 0xfeff;

/** Decodes UTF-8 while it arrives: all at once, a large answer would hold the event loop. */
export function decodeText(): DecodedText {
  const decoder = new StringDecoder('utf8');
  const gathered = gather();
  const sizes = parsedSizes();
  let parts: string[] = [];
  const keep = (bytes: Buffer): void => {
    // A sequence that an ASCII byte follows is incomplete: nothing of it is needed any more.
    const text = isAscii(bytes) ? decoder.end() + bytes.toString('latin1') : decoder.write(bytes);
    sizes.add(text);
    parts.push(text);
  };
  return {
    add(piece) {
      gathered.add(piece);
      if (gathered.bytes >= BLOCK) keep(gathered.take());
    },
    parsedSize: sizes.total,
    take() {
      keep(gathered.take());
      parts.push(decoder.end());
      const text = parts.join('');
      parts = [];
      // A reader of JSON may pass over it (RFC 8259, 8.1), and some vendors' gateways write it.
      return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
    },
  };
}

/** Decodes UTF-8. Most answers are ASCII only, which takes a fifth of the time when it is read as Latin-1. */
export const textOf = (bytes: Buffer): string => bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
