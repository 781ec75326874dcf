/**
 * Turns a vendor's field name into a column name: lower snake case; a run of characters that an identifier cannot hold
 * becomes one `_`; acronyms stay whole (`MsgID` -> `msg_id`, `appURLs` -> `app_urls`); a leading digit gets a `_` in front.
 */
export function snakeCase(name: string): string {
  const snake = name
    // Plural acronyms (`URLs`). The pattern examines each run of capitals once.
    .replace(/[A-Z]+s?/g, (run, at: number) =>
      run.length > 2 && run.endsWith('s') && !isSmall(name, at + run.length) ? run.charAt(0) + run.slice(1).toLowerCase() : run,
    )
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])(?=[A-Z][a-z])/g, '$1_')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  if (snake === '') return '_';
  return /^[0-9]/.test(snake) ? `_${snake}` : snake;
}

function isSmall(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 97 && code <= 122;
}

/** Longest column name that every landing accepts (PostgreSQL cuts at 63 bytes). */
const LONGEST_COLUMN = 63;

/** Whether the name can be a column: lower snake case, legal in Avro, short enough for every landing. */
export function isColumnName(name: string): boolean {
  return name.length <= LONGEST_COLUMN && /^_?[a-z][a-z0-9_]*$/.test(name) && !name.includes('__') && !name.endsWith('_');
}
