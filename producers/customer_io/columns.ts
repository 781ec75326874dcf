import { parseJson } from '../../src/core/json/parse.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { Json, Row } from '../../src/core/types.ts';
import { json, text, timestamp } from '../../src/sdk/fields.ts';
import type { TimestampBuilder } from '../../src/sdk/fields.ts';

/** A time; the vendor writes seconds since 1970. */
export const time = (doc: string): TimestampBuilder => timestamp(doc).epoch('s');

export const deduplicateId = text('Id and second of the last change');
export const tags = json('Tags; null when there are none');

/** The row without times that are none: the vendor writes 0. */
export function withoutZeros(...times: readonly string[]): (row: Row) => Row {
  return (row) => {
    if (!times.some((name) => isNoTime(row[name]))) return row;
    return Object.fromEntries(Object.entries(row).filter(([name, value]) => !times.includes(name) || !isNoTime(value)));
  };
}

const isNoTime = (value: Json | undefined): boolean => typeof value === 'number' && value <= 0;

/** The last change of what has no field for it, from its `deduplicate_id`. */
export function lastChange(row: Row): Json | undefined {
  const seconds = Number(/:([0-9]{1,12})$/.exec(asText(row.deduplicate_id) ?? '')?.[1] ?? 0);
  return seconds > 0 ? seconds : undefined;
}

/** JSON that comes as such or as its text. */
export function parsed(value: Json | undefined): Json | undefined {
  if (typeof value !== 'string') return value;
  try {
    return parseJson(value);
  } catch {
    return value;
  }
}

/** The row with the person it is about in columns of its own. */
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
