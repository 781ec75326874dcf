/**
 * What must not reach a terminal, a log or a page as it is: control characters (C0, C1, DEL), what changes the direction
 * of text, what is not seen, other line ends, and half characters.
 */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A text of one line as people may see it: tabs and line ends become spaces, everything else that is not shown its escape. */
export function shown(text: string): string {
  return text.replace(UNSHOWN, (mark) => (mark === '\n' || mark === '\t' ? ' ' : escaped(mark)));
}

/** The same of a text of several lines of ours. */
export function shownLines(text: string): string {
  return text.replace(UNSHOWN, (mark) => (mark === '\n' ? mark : mark === '\t' ? ' ' : escaped(mark)));
}

/** JSON text in which what is not shown is escaped as JSON does: it means the same. */
export function shownJson(json: string): string {
  return json.replace(UNSHOWN, (mark) => (mark === '\n' ? mark : escaped(mark)));
}

function escaped(mark: string): string {
  let text = '';
  for (let i = 0; i < mark.length; i += 1) text += `\\u${mark.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
}
