import { TributaryError } from '../core/errors.ts';
import { isoMillis } from '../core/time.ts';
import { asObject } from './readers/resume.ts';
import type { Json, Row } from '../core/types.ts';
import { END } from './readers/paginate.ts';
import type { Cursor } from './readers/paginate.ts';

/** What was requested, for the text of the error; with `code` where the error code is not the usual one. */
export type Asked = string | { readonly what: string; readonly code: string };

/**
 * The error for an answer that is not built as the vendor documents. Such an answer is never read as an empty list or as the
 * end of a listing.
 */
export function unusable(asked: Asked, how: string, usual = 'bad_answer'): TributaryError {
  const { what, code } = typeof asked === 'string' ? { what: asked, code: usual } : asked;
  return new TributaryError(`The answer to ${what} ${how}.`, {
    kind: 'data',
    code,
    remedy: 'Nothing was deleted and the position stays. The next run asks again; report it to the vendor if this persists.',
  });
}

/** The value at a path of members such as `data.sources`, undefined where there is none. */
export function valueAt(body: Json | undefined, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((value, name) => {
    const object = asObject(value);
    return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
  }, body);
}

export interface ListOptions {
  /** The vendor writes an empty list as null. */
  readonly orNull?: boolean;
}

/** The list at a path of the answer. Throws `data` for anything else, because a missing or malformed list is not an empty one. */
export function listAt(body: Json | undefined, path: string, asked: Asked, { orNull = false }: ListOptions = {}): readonly Json[] {
  const found = valueAt(body, path);
  if (Array.isArray(found)) return found as readonly Json[];
  if (found === null && orNull) return [];
  throw unusable(asked, `holds no list at ${path}`, 'no_list');
}

/** Times (epoch ms) outside these are faults of a row: they tell nothing about the question that an answer belongs to. */
const PLAUSIBLE = { from: Date.UTC(2000, 0, 1), before: Date.UTC(2100, 0, 1) } as const;

/**
 * Throws `data` when several rows have plausible times and none of them lies between `from` and `to` (epoch ms): the vendor or a
 * cache before it gave the answer to another question, and the rows of this one are unknown. One row inside proves that it is
 * the right answer, because some vendors round. One row alone outside is taken for a row with a wrong time: a table must not
 * stand still for a row.
 */
export function checkTimes(
  rows: readonly Row[],
  by: (row: Row) => number | null | undefined,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const outside: number[] = [];
  for (const row of rows) {
    const at = by(row) ?? undefined;
    if (at === undefined) continue;
    if (at >= from && at <= to) return;
    if (at >= PLAUSIBLE.from && at < PLAUSIBLE.before) outside.push(at);
  }
  const [example] = outside;
  if (example === undefined || outside.length < 2) return;
  throw otherAnswer(
    `it was asked for rows up to ${isoMillis(to)}${Number.isFinite(from) ? ` from ${isoMillis(from)}` : ''}, and all rows are from other times, such as ${isoMillis(example)}`,
  );
}

/** The error for an answer that holds rows of another question: a cache that mixes up answers, for example. */
export function otherAnswer(how: string): TributaryError {
  return new TributaryError(`The vendor answered another question than the one it was asked: ${how}.`, {
    kind: 'data',
    code: 'other_answer',
    remedy: 'Nothing was deleted and the position stays. The next run asks again; check any cache or proxy in between if this persists.',
  });
}

/** The total number of rows the vendor announces; undefined where it announces none. Throws `data` for anything that is not a count. */
export function totalAt(body: Json | undefined, path: string, asked: Asked): number | undefined {
  const found = valueAt(body, path) ?? undefined;
  if (found === undefined) return undefined;
  if (typeof found === 'number' && Number.isSafeInteger(found) && found >= 0) return found;
  throw unusable(asked, `holds no count at ${path}`);
}

/** Where an answer names the next page, and how it says that there is none. */
export interface NextPlace {
  /** Path of the next page's cursor, e.g. `links.next`. */
  readonly at: string;
  /** What the last page holds at this path. Any other value that is not a cursor is an error. */
  readonly ends: readonly ('empty' | 'null' | 'absent')[];
  /** A text member that stands beside the cursor on every page. Where it is missing, a missing cursor does not prove the end. */
  readonly beside?: string;
  /** Numbers are cursors as well as texts. */
  readonly numbers?: boolean;
}

/** The next page's cursor, or {@link END}. Throws `data` for a page that says neither. */
export function nextAt(body: Json | undefined, place: NextPlace, asked: Asked): Cursor | typeof END {
  const { at, ends, beside } = place;
  if (beside !== undefined) {
    const neighbour = [...at.split('.').slice(0, -1), beside].join('.');
    if (typeof valueAt(body, neighbour) !== 'string') throw unproven(asked, `it holds no ${neighbour}`);
  }
  const found = valueAt(body, at);
  if (typeof found === 'string' && found !== '') return found;
  if (typeof found === 'number' && place.numbers === true) return found;
  const end = found === undefined ? 'absent' : found === null ? 'null' : found === '' ? 'empty' : undefined;
  if (end !== undefined && ends.includes(end)) return END;
  throw unproven(asked, end === 'absent' ? `it holds no ${at}` : `its ${at} is neither a cursor nor the value that stands for the end`);
}

function unproven(asked: Asked, why: string): TributaryError {
  return unusable(asked, `does not tell whether another page follows: ${why}`, 'no_end');
}
