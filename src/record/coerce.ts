import { TributaryError } from '../core/errors.ts';
import { rawNumberText } from '../core/json/parse.ts';
import type { Json, JsonObject, Row } from '../core/types.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import { type Binding, compileBindings } from './bindings.ts';
import { coercerFor, jsonOf } from './coercers.ts';
import { coverInside, hashOf, hideAll } from './cover.ts';
import { Inexact, MISFIT } from './fit.ts';
import { maskAll, maskNamed, maskSecrets, maskText } from './mask.ts';
import { UnmappedFields } from './unmapped-fields.ts';
import type { Field, TableDefinition, TableRecord } from '../core/table.ts';

/** Why a row cannot become a record. */
export type RefusalReason = 'missing_key' | 'bad_key' | 'too_deep';

export interface Refusal {
  readonly refused: RefusalReason;
  readonly detail: string;
}

export interface Coerced {
  readonly refused?: undefined;
  /** Every column of the definition, then `_extra`. */
  readonly record: TableRecord;
  /** Number of values that did not fit their column; they are in `_extra`. */
  readonly misfits: number;
  /** Number of members that no column uses; they are in `_extra`. */
  readonly unknown: number;
}

/**
 * Compiles the conversion of a shaped row into a record. It never throws and loses nothing: members that no column uses and
 * values that do not fit their column go into `_extra`, as canonical JSON in the vendor's structure and spelling.
 *
 * - A value that fits only approximately (a time finer than milliseconds, a decimal finer than a double) fills its column,
 *   and its original goes into `_extra` too.
 * - U+0000 and lone surrogates, which PostgreSQL and Avro refuse in text, become U+FFFD in text columns; the original goes
 *   into `_extra`, where JSON escapes it. JSON columns escape them anyway.
 * - When two members have the same column name, the one spelled like the column wins, otherwise the first in code-unit order;
 *   the other goes into `_extra`.
 * - A missing key column gets its `whenMissing`. A missing, unfit or inexact key refuses the row, because any replacement
 *   could make two rows one.
 * - In a table with masked columns, members of `_extra` whose names usually stand for secrets are masked too.
 */
export function compileCoerce(definition: TableDefinition): (row: Row) => Coerced | Refusal {
  const claimOf = compileBindings(definition);
  const { cover } = definition;
  const published = Object.keys(definition.fields).length;
  const columns = Object.entries({ ...definition.fields, ...cover?.dropped }).map(([name, field], index) =>
    compileColumn(name, field, definition.key.includes(name), index >= published),
  );
  const hasSecrets = columns.some((column) => column.field.secret);

  const coerceRow = (row: Row): Coerced | Refusal => {
    const found: Found = {
      values: new Array(columns.length),
      names: new Array(columns.length),
      rest: new UnmappedFields(),
      misfits: 0,
      unknown: 0,
    };
    for (const name of Object.keys(row)) {
      const value = row[name];
      if (value !== undefined) take(found, claimOf(name), name, NO_PATH, value, columns);
    }

    const record: TableRecord = {};
    for (let i = 0; i < published; i += 1) {
      const column = columns[i] as Column;
      const refusal = fill(record, column, found, found.values[i], found.names[i], row);
      if (refusal !== undefined) return refusal;
    }
    record['_extra'] = extra(found.rest.all());
    return { record, misfits: found.misfits, unknown: found.unknown };
  };

  function extra(rest: unknown): string | null {
    if (rest === undefined || cover?.dropExtra) return null;
    const covered = cover === undefined ? rest : coverInside(rest, cover.extra);
    return canonicalJson(hasSecrets ? maskNamed(covered) : covered);
  }

  return (row) => {
    try {
      return coerceRow(row);
    } catch (error) {
      if (error instanceof TributaryError && error.code === 'too_deep') return { refused: 'too_deep', detail: error.message };
      throw error;
    }
  };
}

/** Compiles the conversion of some columns only, from values under the columns' names, for example of a scope. A value that does not fit becomes null. */
export function compileColumns(definition: TableDefinition, names: readonly string[]): (values: JsonObject) => TableRecord {
  const columns = names.map((name) => ({ name, coerce: coercerFor(definition.fields[name] as Field) }));
  return (values) => {
    const record: TableRecord = {};
    for (const { name, coerce } of columns) {
      const value = values[name];
      const fit = value === null || value === undefined ? null : coerce(value);
      record[name] = fit === MISFIT ? null : fit instanceof Inexact ? fit.value : fit;
    }
    return record;
  };
}

interface Column {
  readonly name: string;
  readonly field: Field;
  readonly isKey: boolean;
  readonly path: readonly string[] | undefined;
  readonly coerce: ReturnType<typeof coercerFor>;
  readonly dropped: boolean;
  /** What may be kept in `_extra` of a value that does not fit the column; undefined: nothing. */
  readonly kept: (value: unknown) => unknown;
}

interface Found {
  readonly values: unknown[];
  /** The vendor's name of a value that was found by name. */
  readonly names: (string | undefined)[];
  readonly rest: UnmappedFields;
  misfits: number;
  unknown: number;
}

function compileColumn(name: string, field: Field, isKey: boolean, dropped: boolean): Column {
  const plain = coercerFor(field);
  // Secrets inside JSON are hidden before the text is built; an object in a text column is a misfit, hidden or not.
  const coerce = !field.secret
    ? plain
    : field.type === 'json'
      ? (value: unknown) => plain(maskSecrets(jsonOf(value)))
      : (value: unknown) => plain(typeof value === 'string' ? maskText(value) : maskAll(value));
  const kept = dropped
    ? () => undefined
    : field.hashed !== undefined
      ? hashOf(field.hashed.hash)
      : field.secret
        ? maskAll
        : field.inside !== undefined
          ? hideAll
          : (value: unknown) => value;
  return { name, field, isKey, path: field.path?.split('.'), coerce, dropped, kept };
}

const NO_PATH: readonly string[] = [];

function take(found: Found, claim: Binding, name: string, above: readonly string[], value: unknown, columns: readonly Column[]): void {
  const { byPath, byName, parts } = claim;
  for (let i = 0; i < byPath.length; i += 1) found.values[byPath[i] as number] = value;
  if (byName >= 0) takeByName(found, byName, name, value, columns);
  const taken = claim.ignored || byPath.length > 0 || byName >= 0;
  if (parts !== undefined) takeParts(found, parts, [...above, name], value, taken, columns);
  else if (!taken) leave(found, [...above, name], value);
}

function takeParts(
  found: Found,
  parts: ReadonlyMap<string, Binding>,
  path: readonly string[],
  value: unknown,
  taken: boolean,
  columns: readonly Column[],
): void {
  if (value === null) return;
  if (typeof value !== 'object' || Array.isArray(value) || rawNumberText(value as Json) !== undefined) {
    if (taken) return;
    found.misfits += 1;
    found.rest.keep(path, isCovered(parts, columns) ? hideAll(value) : value);
    return;
  }
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name];
    if (member === undefined) continue;
    const part = parts.get(name);
    if (part !== undefined) take(found, part, name, path, member, columns);
    else if (!taken) leave(found, [...path, name], member);
  }
}

/** Whether one of these columns is covered: then a member of unexpected form may contain a value that must not be shown. */
function isCovered(parts: ReadonlyMap<string, Binding>, columns: readonly Column[]): boolean {
  const covered = (index: number): boolean => {
    const { dropped, field } = columns[index] as Column;
    return dropped || field.hashed !== undefined || field.secret === true || field.inside !== undefined;
  };
  return [...parts.values()].some((part) => part.byPath.some(covered) || (part.parts !== undefined && isCovered(part.parts, columns)));
}

/** Objects within each other that are looked through for a value. */
const DEEPEST_NOTHING = 8;

/** Null, and objects that hold nothing else at any level. */
function saysNothing(value: unknown, levels = DEEPEST_NOTHING): boolean {
  if (value === null) return true;
  if (typeof value !== 'object' || Array.isArray(value) || levels === 0 || rawNumberText(value as Json) !== undefined) return false;
  for (const name in value) if (!saysNothing((value as Record<string, unknown>)[name], levels - 1)) return false;
  return true;
}

function leave(found: Found, path: readonly string[], value: unknown): void {
  if (saysNothing(value)) return;
  found.unknown += 1;
  found.rest.keep(path, value);
}

function takeByName(found: Found, column: number, name: string, value: unknown, columns: readonly Column[]): void {
  const rival = found.names[column];
  if (rival === undefined) {
    found.names[column] = name;
    found.values[column] = value;
    return;
  }
  found.unknown += 1;
  const { name: exact, kept } = columns[column] as Column;
  if (rival === exact || (name !== exact && rival < name)) {
    found.rest.keep([name], kept(value));
  } else {
    found.rest.keep([rival], kept(found.values[column]));
    found.names[column] = name;
    found.values[column] = value;
  }
}

function fill(
  record: TableRecord,
  column: Column,
  found: Found,
  picked: unknown,
  vendorName: string | undefined,
  row: Row,
): Refusal | undefined {
  const { name, field } = column;
  let value = picked;
  if (field.derive !== undefined) {
    value = derive(field.derive, row);
    // Deriving gave nothing although the vendor sent a value.
    if (value === DERIVE_FAILED || (isNothing(value) && !isNothing(picked))) value = MISFIT;
  }
  if (isNothing(value)) {
    if (!column.isKey) {
      record[name] = null;
      return undefined;
    }
    if (field.whenMissing === undefined) return { refused: 'missing_key', detail: `Key column "${name}" has no value.` };
    value = field.whenMissing;
  }
  const fit = value === MISFIT ? MISFIT : column.coerce(value);
  if (fit !== MISFIT && !(fit instanceof Inexact)) {
    record[name] = fit;
    return undefined;
  }
  if (column.isKey) {
    const how = fit === MISFIT ? 'does not fit' : 'fits only approximately';
    return { refused: 'bad_key', detail: `The value of key column "${name}" ${how} its type ${field.type}.` };
  }
  record[name] = fit instanceof Inexact ? fit.value : null;
  if (fit === MISFIT || typeof fit.value === 'string') found.misfits += 1;
  const original = isNothing(picked) ? value : picked;
  if (original !== MISFIT) found.rest.keep(column.path ?? [vendorName ?? name], column.kept(original));
  return undefined;
}

const DERIVE_FAILED = Symbol('derive failed');
const isNothing = (value: unknown): value is null | undefined => value === null || value === undefined;

function derive(how: NonNullable<Field['derive']>, row: Row): unknown {
  try {
    return how(row);
  } catch {
    return DERIVE_FAILED;
  }
}
