import { parseJson } from '../../src/core/json/parse.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { Json, Row } from '../../src/core/types.ts';
import { json, text, timestamp } from '../../src/sdk/fields.ts';
import type { TimestampBuilder } from '../../src/sdk/fields.ts';

/** A time; the vendor writes seconds since 1970. */
export const time = (doc: string): TimestampBuilder => timestamp(doc).epoch('s');

export const deduplicateId = text('Id and second of the last change');
export const tags = json('Tags; null when there are none');

/** The row without the named times whose value is 0, which the vendor writes for "no time". */
export function withoutZeros(...times: readonly string[]): (row: Row) => Row {
  return (row) => {
    if (!times.some((name) => isNoTime(row[name]))) return row;
    return Object.fromEntries(Object.entries(row).filter(([name, value]) => !times.includes(name) || !isNoTime(value)));
  };
}

const isNoTime = (value: Json | undefined): boolean => typeof value === 'number' && value <= 0;

/** Time of the last change, from `deduplicate_id`, for rows that have no field for it. */
export function lastChange(row: Row): Json | undefined {
  const seconds = Number(/:([0-9]{1,12})$/.exec(asText(row.deduplicate_id) ?? '')?.[1] ?? 0);
  return seconds > 0 ? seconds : undefined;
}

/** A JSON value that the vendor sends either as JSON or as JSON text. */
export function parsed(value: Json | undefined): Json | undefined {
  if (typeof value !== 'string') return value;
  try {
    return parseJson(value);
  } catch {
    return value;
  }
}

/** The row with the identifiers of its person in columns of their own. */
export function withPerson({ customer_identifiers: identifiers, ...row }: Row): Row {
  const person = asObject(identifiers);
  if (person === undefined) return identifiers == null ? row : { ...row, customer_identifiers: identifiers };
  const { id = null, cio_id: cioId = null, email = null, ...others } = person;
  const left = row.customer_id == null || id === null || row.customer_id === id ? others : { ...others, id };
  return {
    ...row,
    customer_id: row.customer_id ?? id,
    customer_cio_id: cioId,
    customer_email: email,
    ...(Object.keys(left).length === 0 ? {} : { customer_identifiers: left }),
  };
}
