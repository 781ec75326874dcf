import { DEEPEST_JSON, isDeeper } from './json/depth.ts';
import { rawNumberText } from './json/parse.ts';
import type { Json, JsonObject, Row } from './types.ts';

const FAULT = Symbol('fault of a row');

/** Why a row cannot be used. */
export interface RowFault {
  readonly reason: 'bad_shape' | 'too_deep';
  /** One sentence for people. */
  readonly why: string;
  /** The row as the vendor sent it. */
  readonly original: Json;
}

/** Returns why a row cannot be used, in one sentence; undefined when it can. */
export type Need = (row: Row) => string | undefined;

/** A little below the limit for columns, because readers may wrap a row in further objects. */
const DEEPEST_ROW = DEEPEST_JSON - 20;

/**
 * Checks the rows of a vendor's answer once, before any reader looks into them. A row that is not an object, is nested
 * too deep, or lacks what `need` asks for becomes an unusable row: an object with those members that can be used. It is
 * processed like every other row, also when a reader spreads it into another object, and ends as a dead letter with the
 * vendor's original.
 */
export function checkedRows(listed: readonly Json[], need?: Need): readonly Row[] {
  // Unusable rows are rare, so the list itself is returned while there is none.
  let checked: Row[] | undefined;
  for (let i = 0; i < listed.length; i += 1) {
    const one = listed[i] as Json;
    const unusable = check(one, need);
    if (unusable !== undefined) (checked ??= listed.slice() as Row[])[i] = unusable;
  }
  return checked ?? (listed as readonly Row[]);
}

function check(one: Json, need: Need | undefined): Row | undefined {
  if (!isObject(one)) return marked({}, { reason: 'bad_shape', why: 'The row is not an object.', original: one });
  const deep = isDeeper(one, DEEPEST_ROW);
  const row = deep ? pruned(one) : one;
  const why = need?.(row);
  if (why !== undefined) return marked({ ...row }, { reason: 'bad_shape', why, original: one });
  return deep
    ? marked(row, { reason: 'too_deep', why: `The row is nested more than ${DEEPEST_ROW} levels deep.`, original: one })
    : undefined;
}

function marked(row: Row, fault: RowFault): Row {
  return Object.defineProperty(row, FAULT, { value: fault, enumerable: true }) as Row;
}

/** Why {@link checkedRows} found the row unusable; undefined for usable rows. */
export function faultOfRow(row: Row): RowFault | undefined {
  return (row as { readonly [FAULT]?: RowFault })[FAULT];
}

/** The row without the members that are nested too deep. */
export function pruned(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => !isDeeper(value, DEEPEST_ROW - 1)));
}

/** As path segments these would lead to another path. */
const OTHER_PATHS = new Set(['', '.', '..']);

/** Each may take nine characters of an address, and servers refuse those of more than 8 KiB or so (RFC 9112, 3). */
const LONGEST_ID = 800;

/**
 * An id as text that may be put into a request: a text or an integer, without a lone surrogate (which has no encoding), no
 * longer than an address takes, and not a path segment that leads to another path. Undefined for everything else.
 */
export function idText(value: Json | undefined): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  const text = typeof value === 'bigint' ? String(value) : value;
  return typeof text === 'string' && text.length <= LONGEST_ID && !OTHER_PATHS.has(text) && !/\p{Surrogate}/u.test(text) ? text : undefined;
}

/** For rows that are asked about by themselves, which are not to be published when they cannot be. A missing id is another fault. */
export const needsId =
  (name: string): Need =>
  (row) =>
    row[name] == null || idText(row[name]) !== undefined ? undefined : `Nobody can be asked about its ${name}.`;

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && rawNumberText(value) === undefined;
}
