import type { Json } from '../types.ts';

export const QUOTE = 0x22,
  BACKSLASH = 0x5c,
  COMMA = 0x2c,
  COLON = 0x3a,
  OPEN_LIST = 0x5b,
  CLOSE_LIST = 0x5d,
  OPEN_OBJECT = 0x7b,
  CLOSE_OBJECT = 0x7d;

/** Strings up to this length are mostly too short for a native search to be faster. */
const SHORT_STRING = 64;

/** Index of the quote that ends the string that begins at `start`; the length of the text when none does. */
export function endOfString(text: string, start: number): number {
  const short = Math.min(start + SHORT_STRING, text.length);
  let at = start + 1;
  for (; at < short; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  const begin = at;
  for (let quote = text.indexOf('"', begin); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (before > begin && text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
    if ((quote - before) % 2 === 0) return quote;
  }
  return text.length;
}

/** Sets a member as JSON.parse does. Assigning to `__proto__` would set the prototype. */
export function setMember(object: Record<string, Json>, name: string, value: Json): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else object[name] = value;
}
