/**
 * Characters that must not reach a terminal, a log or a page unescaped: control characters (C0, C1, DEL), characters that
 * change the text direction, invisible characters, other line ends, and lone surrogates.
 */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A one-line text safe for display: tabs and line ends become spaces, other unsafe characters their escapes. */
export function shown(text: string): string {
  return text.replace(UNSHOWN, (mark) => (mark === '\n' || mark === '\t' ? ' ' : escaped(mark)));
}

/** The same for our own texts of several lines: line ends stay. */
export function shownLines(text: string): string {
  return text.replace(UNSHOWN, (mark) => (mark === '\n' ? mark : mark === '\t' ? ' ' : escaped(mark)));
}

/** JSON text with unsafe characters as JSON escapes; its meaning stays the same. */
export function shownJson(json: string): string {
  return json.replace(UNSHOWN, (mark) => (mark === '\n' ? mark : escaped(mark)));
}

function escaped(mark: string): string {
  let text = '';
  for (let i = 0; i < mark.length; i += 1) text += `\\u${mark.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
}
