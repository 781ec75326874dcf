import { isUtf8 } from 'node:buffer';

/** Stands for a byte that is no part of a character; its two hexadecimal digits follow. */
const NO_CHARACTER = '\uFFFD';
/** Bytes of one text that get their digits, because each takes three characters. */
const MOST_DIGITS = 100_000;

/**
 * Decodes UTF-8. A byte that is no part of a character becomes U+FFFD and its hexadecimal digits: with U+FFFD alone, two ids in
 * Latin-1 could become one, and one of the rows would be lost.
 */
export function decodeUtf8(bytes: Buffer, allowance = { left: MOST_DIGITS }): string {
  const text = bytes.toString('utf8');
  if (!text.includes(NO_CHARACTER) || isUtf8(bytes)) return text;
  let out = '';
  let from = 0;
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    out += bytes.toString('utf8', from, at) + NO_CHARACTER;
    if ((allowance.left -= 1) >= 0) out += (bytes[at] as number).toString(16);
    at += 1;
    from = at;
  }
  return out + bytes.toString('utf8', from);
}

/** The same for a text that arrives in pieces, which may end within a character. */
export function utf8Decoder(): { write(piece: Buffer): string; end(): string } {
  const allowance = { left: MOST_DIGITS };
  let begun = Buffer.alloc(0);
  return {
    write(piece) {
      const bytes = begun.length === 0 ? piece : Buffer.concat([begun, piece]);
      const whole = bytes.length - begunCharacter(bytes);
      begun = Buffer.from(bytes.subarray(whole));
      return decodeUtf8(bytes.subarray(0, whole), allowance);
    },
    end() {
      if (begun.length === 0) return '';
      const text = decodeUtf8(begun, allowance);
      begun = Buffer.alloc(0);
      return text;
    },
  };
}

/** Bytes at the end that begin a character whose other bytes are still to come. */
function begunCharacter(bytes: Buffer): number {
  for (let count = 1; count <= 3 && count <= bytes.length; count += 1) {
    const byte = bytes[bytes.length - count] as number;
    if (isContinuation(byte)) continue;
    return byte >= 0xc0 && count < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? count : 0;
  }
  return 0;
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Bytes of the character that begins here; 0 when none does (RFC 3629, 4). */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  const second = bytes[at + 1];
  if (length === 0 || second === undefined) return 0;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let more = 2; more < length; more += 1) if (!isContinuation(bytes[at + more])) return 0;
  return length;
}
