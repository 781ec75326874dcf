/** Type numbers of PostgreSQL and Redshift in the catalogue `pg_type`. */
const TYPE = {
  bool: 16,
  bytea: 17,
  float4: 700,
  float8: 701,
  bpchar: 1042,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  varbyte: 6551,
} as const;

export const isBinary = (type: number): boolean => type === TYPE.bytea || type === TYPE.varbyte;
export const isTime = (type: number): boolean => type === TYPE.date || type === TYPE.timestamp || type === TYPE.timestamptz;

/**
 * A value in the vendor's form ("Acceptable date and timestamp formats for profile properties"), from the text the warehouse
 * writes with `datestyle` ISO and `timezone` UTC. Values without such a form (infinity, years BC) stay as they are, and their
 * rows are refused.
 */
export function cellOf(text: string, type: number): string {
  switch (type) {
    case TYPE.bool:
      return text === 't' ? 'true' : 'false';
    case TYPE.timestamp:
    case TYPE.timestamptz:
      return instant(text);
    case TYPE.float4:
    case TYPE.float8:
      // Redshift writes 17 digits; the shortest text of the same number is easier to read.
      return type === TYPE.float8 && Number.isFinite(Number(text)) ? String(Number(text)) : text;
    case TYPE.bpchar:
      return text.replace(/ +$/, '');
    default:
      return text;
  }
}

/** `2026-02-03 07:08:09.5+00` -> `2026-02-03 07:08:09.500000+00:00`: six digits of fraction, minutes in the offset. */
function instant(text: string): string {
  const found = /^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?([+-]\d{2}(?::\d{2})?)?$/.exec(text);
  if (found === null) return text;
  const [, seconds = '', fraction, offset = ''] = found;
  return `${seconds}${fraction === undefined ? '' : `.${fraction.padEnd(6, '0')}`}${/^.\d{2}$/.test(offset) ? `${offset}:00` : offset}`;
}
