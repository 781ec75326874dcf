import { asciiRuns } from './ascii-runs.ts';

/** Limit of the memory a parsed answer may take, bytes. Two or three pages are held at once, and the process must stay small. */
export const LARGEST_PARSED = 96 * 1024 * 1024;
/** Text of the error for an answer above that limit. */
export const MUCH_ONCE_PARSED = `would take more than ${LARGEST_PARSED} bytes of memory once it is parsed`;

/** Approximate bytes of memory that V8 needs for each structural character of JSON or XML once it is parsed. */
const WEIGHTS = new Uint8Array(256);
for (const [mark, weight] of [
  ['{', 72],
  ['[', 48],
  [',', 20],
  ['"', 12],
  ['<', 240],
] as const)
  WEIGHTS[mark.charCodeAt(0)] = weight;

/** From here on, the first byte of a character in UTF-8 is of one beyond Latin-1. */
const BEYOND_LATIN1 = 0xc4;

/** Approximate bytes that texts take once they are parsed together: 8 MB of `{},` take twenty times as much. */
export interface ParsedSizes {
  add(utf8: Buffer): void;
  total(): number;
}

export const parsedSizes = (): ParsedSizes => new Sizes();

/** A class, because closures that are made for each answer are compiled for each answer. */
class Sizes implements ParsedSizes {
  #size = 0;
  #length = 0;
  #isWide = false;

  add(utf8: Buffer): void {
    this.#size += weighed(utf8);
    this.#length += utf8.length;
    asciiRuns(utf8, (from, to, plain) => {
      if (!plain) this.#countCharacters(utf8.subarray(from, to));
    });
  }

  // One character beyond Latin-1 makes V8 store two bytes for every character of the text.
  total(): number {
    return this.#size + (this.#isWide ? 2 * this.#length : this.#length);
  }

  #countCharacters(utf8: Buffer): void {
    let more = 0;
    let wide = false;
    for (let at = 0; at < utf8.length; at += 1) {
      const byte = utf8[at] as number;
      if (byte < 128) continue;
      if (byte >= BEYOND_LATIN1) wide = true;
      // Of a character's bytes only the first counts, and one of four bytes is two of V8's characters.
      if (byte < 0xc0) more -= 1;
      else if (byte >= 0xf0) more += 1;
    }
    this.#length += more;
    this.#isWide ||= wide;
  }
}

/** Bytes instead of characters and four sums in turn, because that takes V8 a third of the time. */
function weighed(utf8: Buffer): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = utf8.length - (utf8.length % 4);
  for (let at = 0; at < whole; at += 4) {
    a += WEIGHTS[utf8[at] as number] as number;
    b += WEIGHTS[utf8[at + 1] as number] as number;
    c += WEIGHTS[utf8[at + 2] as number] as number;
    d += WEIGHTS[utf8[at + 3] as number] as number;
  }
  // Without a loop: one that most texts do not enter makes V8 throw away the compiled code at the first that does.
  a += WEIGHTS[utf8[whole] ?? 0] as number;
  b += WEIGHTS[utf8[whole + 1] ?? 0] as number;
  c += WEIGHTS[utf8[whole + 2] ?? 0] as number;
  return a + b + c + d;
}

export function parsedSize(utf8: Buffer): number {
  const sizes = parsedSizes();
  sizes.add(utf8);
  return sizes.total();
}
