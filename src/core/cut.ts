/** Ends a text that was cut. The redactor hides the beginning of a secret that stands before it. */
export const CUT = '…';

/** The text, or its first characters and {@link CUT}. Every text of a vendor that is shortened before it is redacted is shortened here. */
export const cutText = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most)}${CUT}`);
