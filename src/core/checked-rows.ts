import { DEEPEST_JSON, isDeeper } from './json/depth.ts';
import { rawNumberText } from './json/parse.ts';
import type { Json, JsonObject, Row } from './types.ts';

const FAULT = Symbol('fault of a row');

/** What is wrong with a row that cannot be used. */
export interface RowFault {
  readonly reason: 'bad_shape' | 'too_deep';
  /** One sentence for people. */
  readonly why: string;
  /** What the vendor gave. */
  readonly original: Json;
}

/** Why a row cannot be used, in one sentence; undefined when it can. */
export type Need = (row: Row) => string | undefined;

/** A little less than a column may have, so that whatever a reader wraps around a row can be printed as well. */
const DEEPEST_ROW = DEEPEST_JSON - 20;

/**
 * What a vendor listed, as rows that a reader may touch: the one check between an answer and the code that looks into
 * its rows. What is no object, is nested too deep, or lacks what `need` asks for becomes an unusable row: an object
 * with what can be used of it, whose missing members are missing. It goes the way of all rows, also when it is spread
 * into another one, and ends as a dead letter with what the vendor gave.
 */
export function checkedRows(listed: readonly Json[], need?: Need): readonly Row[] {
  // Hardly ever is one of them not as it should be, so the list itself is given back as long as none is.
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

/** What is wrong with a row that {@link checkedRows} found unusable; undefined for all others. */
export function faultOfRow(row: Row): RowFault | undefined {
  return (row as { readonly [FAULT]?: RowFault })[FAULT];
}

/** The row without the members that are nested too deep. */
export function pruned(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => !isDeeper(value, DEEPEST_ROW - 1)));
}

/** As parts of a path these mean another path. */
const OTHER_PATHS = new Set(['', '.', '..']);

/**
 * An id as text that may stand in a request: a text or an integer, without a lone surrogate (which has no encoding), and
 * no part of a path that means another path. Undefined for everything else.
 */
export function idText(value: Json | undefined): string | undefined {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return String(value);
  return typeof value === 'string' && !OTHER_PATHS.has(value) && !/\p{Surrogate}/u.test(value) ? value : undefined;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && rawNumberText(value) === undefined;
}
