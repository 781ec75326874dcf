import type { Json, Row } from '../core/types.ts';
import type { Field, FieldType } from '../core/table.ts';

/** A column under construction. Every method returns a new builder. */
export interface FieldBuilder<T extends FieldType = FieldType> extends Field<T> {
  /** Path of the value in the shaped row, in the vendor's spelling: `location.city`. */
  from(path: string): FieldBuilder<T>;
  /**
   * Derives the value from the shaped row. The vendor field that the column would have read (by `from` or by name) counts as
   * used; other fields that `derive` reads belong in the table's `ignore`.
   */
  of(derive: (row: Row) => Json | undefined): FieldBuilder<T>;
  /** The value holds secrets: masked before it is hashed or published. */
  masked(): FieldBuilder<T>;
  /** The value of a key column when the vendor sends none. */
  orWhenMissing(value: Json): FieldBuilder<T>;
  /** The vendor's own processing changes this column: a change of it alone publishes nothing. */
  mark(): FieldBuilder<T>;
}

export interface TimestampBuilder extends FieldBuilder<'timestamp'> {
  /** Numbers count from 1970-01-01 in this unit. Without it a number does not fit a timestamp. */
  epoch(unit: 's' | 'ms'): TimestampBuilder;
}

function builder<T extends FieldType>(field: Field<T>): FieldBuilder<T> {
  const withPart = (part: Partial<Field<T>>): FieldBuilder<T> => builder({ ...field, ...part });
  return Object.freeze({
    ...field,
    from: (path: string) => withPart({ path }),
    of: (derive: (row: Row) => Json | undefined) => withPart({ derive }),
    masked: () => withPart({ secret: true }),
    orWhenMissing: (whenMissing: Json) => withPart({ whenMissing }),
    mark: () => withPart({ isMark: true }),
    ...(field.type === 'timestamp' ? { epoch: (epochUnit: 's' | 'ms') => withPart({ epochUnit }) } : {}),
  });
}

/** Unicode text. Numbers and booleans are accepted as their JSON text. */
export const text = (doc: string): FieldBuilder<'text'> => builder({ type: 'text', doc });

/** 64-bit integer. The text of an integer is accepted as well. */
export const integer = (doc: string): FieldBuilder<'integer'> => builder({ type: 'integer', doc });

/** Double. The text of a JSON number is accepted as well. */
export const number = (doc: string): FieldBuilder<'number'> => builder({ type: 'number', doc });

/** True or false; `"true"`, `"false"`, 1 and 0 are accepted as well. */
export const boolean = (doc: string): FieldBuilder<'boolean'> => builder({ type: 'boolean', doc });

/** An instant from ISO 8601 text; text without an offset is UTC. */
export const timestamp = (doc: string): TimestampBuilder => builder({ type: 'timestamp', doc }) as TimestampBuilder;

/** A calendar day, `YYYY-MM-DD`. */
export const date = (doc: string): FieldBuilder<'date'> => builder({ type: 'date', doc });

/** Any JSON value, kept as canonical JSON text. */
export const json = (doc: string): FieldBuilder<'json'> => builder({ type: 'json', doc });
