import { TributaryError } from '../core/errors.ts';
import type { TlsMaterial } from '../core/tls.ts';
import type { FieldType, Fields, TableDefinition } from '../core/table.ts';

/**
 * Names a table and carries the type of its rows. `tributary schemas types --lang ts` writes one for every table;
 * `tableRef` makes one from a definition.
 */
export interface TableRef<R extends object = Record<string, ColumnValue>, K extends keyof R = keyof R> {
  readonly source: string;
  readonly table: string;
  /** Key columns, in key order. */
  readonly key: readonly K[];
  /** All columns of today's definition. A row of an older schema holds null where a later column was not known yet. */
  readonly columns: readonly (keyof R)[];
}

/**
 * How a column's value is given: text, dates (`YYYY-MM-DD`) and JSON as `string`, 64-bit integers as `bigint`, doubles as
 * `number`, instants as `Date`.
 */
export type ColumnValue = string | number | bigint | boolean | Date | null;

/** Columns that are added to every row by Tributary. */
export interface EngineColumns {
  /** What the vendor sent and no column holds, as JSON text. */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

type ValueOf<T extends FieldType> = T extends 'boolean'
  ? boolean
  : T extends 'number'
    ? number
    : T extends 'integer'
      ? bigint
      : T extends 'timestamp'
        ? Date
        : string;

/** The rows of a table as its definition types them; its key columns `K` are never null. */
export type RowOf<F extends Fields, K extends keyof F = never> = {
  readonly [C in keyof F]: C extends K ? ValueOf<F[C]['type']> : ValueOf<F[C]['type']> | null;
} & EngineColumns;

/**
 * A reference to a table of one's own source, typed by its definition; `key` are its key columns once more, for the types.
 * @throws TributaryError `internal` when they are not those of the definition.
 */
export function tableRef<const F extends Fields, Api, const K extends keyof F & string>(
  source: string,
  definition: TableDefinition<F, Api>,
  key: readonly K[],
): TableRef<RowOf<F, K>, K> {
  if (key.join() !== definition.key.join())
    throw new TributaryError(`The key of ${source}.${definition.name} is ${definition.key.join(', ')}, not ${key.join(', ')}.`, {
      kind: 'internal',
      remedy: 'Name the key columns of the definition, in its order.',
    });
  return {
    source,
    table: definition.name,
    key,
    columns: [...Object.keys(definition.fields), '_extra', '_synced_at'] as (keyof RowOf<F, K>)[],
  };
}

/** Where a topic is and how it is reached. */
export interface ConsumeOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** Address of the schema registry, alone or with what it asks for. */
  readonly registry:
    | string
    | {
        readonly url: string;
        readonly username?: string;
        readonly password?: string;
        readonly token?: string;
        readonly tls?: TlsMaterial;
      };
  /** First part of the topic's name. Default `tributary`. */
  readonly prefix?: string;
  /** The connection whose table is read. Default: the source's name, as for an account's connection that was given no other. */
  readonly connection?: string;
  /** True for TLS with the authorities of this machine. */
  readonly tls?: boolean | TlsMaterial;
  readonly sasl?: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string };
  /** Ends reading, without an error. */
  readonly signal?: AbortSignal;
}

/** Next offset per partition, as plain JSON to be kept with what was made of the rows. */
export type SavedOffsets = Readonly<Record<string, string>>;

interface Place<R, K extends keyof R> {
  readonly key: Readonly<Pick<R, K>>;
  readonly partition: number;
  readonly offset: bigint;
  /** When it was published. */
  readonly at: Date;
}

/** A row that is new or has changed: it replaces whatever was known under its key. */
export interface Upsert<R, K extends keyof R> extends Place<R, K> {
  readonly kind: 'upsert';
  readonly row: R;
}

/**
 * A row that is gone. Each delete is told twice, in one transaction: by the `marker`, a record with the key, whatever is known
 * of the row's end and null elsewhere, and by the `tombstone`, the null Kafka's compaction understands. Compaction may have
 * removed the marker, or both, from what is read later.
 */
export interface Delete<R, K extends keyof R> extends Place<R, K> {
  readonly kind: 'delete';
  readonly by: 'marker' | 'tombstone';
  /** With `marker` only. */
  readonly marker?: R;
}

export type Change<R extends object, K extends keyof R> = Upsert<R, K> | Delete<R, K>;
