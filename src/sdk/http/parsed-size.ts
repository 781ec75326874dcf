/** Limit of the memory a parsed answer may take, bytes. Two or three pages are held at once, and the process must stay small. */
export const LARGEST_PARSED = 96 * 1024 * 1024;
/** Text of the error for an answer above that limit. */
export const MUCH_ONCE_PARSED = `would take more than ${LARGEST_PARSED} bytes of memory once it is parsed`;

/** Approximate bytes of memory that V8 needs for each structural character of JSON or XML once it is parsed. */
const WEIGHTS = new Uint8Array(128);
for (const [mark, weight] of [
  ['{', 72],
  ['[', 48],
  [',', 20],
  ['"', 12],
  ['<', 240],
] as const)
  WEIGHTS[mark.charCodeAt(0)] = weight;

/** Approximate bytes that texts take once they are parsed together: 8 MB of `{},` take twenty times as much. */
export function parsedSizes(): { add(text: string): void; total(): number } {
  let size = 0;
  let length = 0;
  let wide = false;
  return {
    add(text) {
      length += text.length;
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        if (code < 128) size += WEIGHTS[code] as number;
        else if (code > 255) wide = true;
      }
    },
    // One character beyond Latin-1 makes V8 store two bytes for every character of the text.
    total: () => size + (wide ? 2 * length : length),
  };
}

export function parsedSize(text: string): number {
  const sizes = parsedSizes();
  sizes.add(text);
  return sizes.total();
}
