/** What parsing an answer may take, bytes: two or three pages are held at once, and the process is to stay small. */
export const LARGEST_PARSED = 96 * 1024 * 1024;
/** Said of an answer that would take more. */
export const MUCH_ONCE_PARSED = `would take more than ${LARGEST_PARSED} bytes of memory once it is parsed`;

/** Bytes of memory that a structural character of JSON or XML stands for once it is parsed, about as V8 keeps it. */
const WEIGHTS = new Uint8Array(128);
for (const [mark, weight] of [
  ['{', 72],
  ['[', 48],
  [',', 20],
  ['"', 12],
  ['<', 240],
] as const)
  WEIGHTS[mark.charCodeAt(0)] = weight;

/** About how many bytes an answer takes once it is parsed: eight megabytes of `{},` take twenty times as much. */
export function parsedSize(text: string): number {
  let size = text.length;
  let wide = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 128) size += WEIGHTS[code] as number;
    else if (code > 255) wide = true;
  }
  // One character beyond Latin-1, and a text takes two bytes for each.
  return wide ? size + text.length : size;
}
