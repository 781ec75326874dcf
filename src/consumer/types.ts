import { TributaryError } from '../core/errors.ts';
import type { TlsMaterial } from '../core/tls.ts';
import type { FieldType, Fields, TableDefinition } from '../core/table.ts';

/**
 * Names a table and carries the type of its rows. `tributary schemas types --lang ts` writes one for every table;
 * `tableRef` creates one from a definition.
 */
export interface TableRef<R extends object = Record<string, ColumnValue>, K extends keyof R = keyof R> {
  readonly source: string;
  readonly table: string;
  /** Key columns, in key order. */
  readonly key: readonly K[];
  /** All columns of the current definition. A row of an older schema has null in columns that were added later. */
  readonly columns: readonly (keyof R)[];
}

/**
 * JavaScript types of column values: text, dates (`YYYY-MM-DD`) and JSON as `string`, 64-bit integers as `bigint`, doubles as
 * `number`, timestamps as `Date`.
 */
export type ColumnValue = string | number | bigint | boolean | Date | null;

/** Columns that Tributary adds to every row. */
export interface EngineColumns {
  /** Values from the vendor that no column holds, as JSON text. */
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

/** The rows of a table, typed by its definition; its key columns `K` are never null. */
export type RowOf<F extends Fields, K extends keyof F = never> = {
  readonly [C in keyof F]: C extends K ? ValueOf<F[C]['type']> : ValueOf<F[C]['type']> | null;
} & EngineColumns;

/**
 * A reference to a table of your own source, typed by its definition. `key` repeats the key columns for the types.
 * @throws TributaryError `internal` when they differ from the definition's.
 */
export function tableRef<const F extends Fields, Api, const K extends keyof F & string>(
  source: string,
  definition: TableDefinition<F, Api>,
  key: readonly K[],
): TableRef<RowOf<F, K>, K> {
  if (key.join() !== definition.key.join())
    throw new TributaryError(`The key of ${source}.${definition.name} is ${definition.key.join(', ')}, not ${key.join(', ')}.`, {
      kind: 'internal',
      remedy: 'List the key columns of the definition, in its order.',
    });
  return {
    source,
    table: definition.name,
    key,
    columns: [...Object.keys(definition.fields), '_extra', '_synced_at'] as (keyof RowOf<F, K>)[],
  };
}

/** Where a topic is and how to reach it. */
export interface ConsumeOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** Address of the schema registry, alone or with its log-in. */
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
  /** The value of `topics.name` in the settings, if it is set there, e.g. `{prefix}.{table}.{connection}`. */
  readonly topicName?: string;
  /** The connection whose table is read. Default: the source's name, which is the default name of a connection. */
  readonly connection?: string;
  /** True: TLS with the certificate authorities of this machine. */
  readonly tls?: boolean | TlsMaterial;
  readonly sasl?: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string };
  /** Ends reading without an error. */
  readonly signal?: AbortSignal;
}

/** Next offset per partition, as plain JSON; store it together with the results of processing. */
export type SavedOffsets = Readonly<Record<string, string>>;

interface Place<R, K extends keyof R> {
  readonly key: Readonly<Pick<R, K>>;
  readonly partition: number;
  readonly offset: bigint;
  /** When the message was published. */
  readonly at: Date;
}

/** A new or changed row: it replaces the earlier row with this key. */
export interface Upsert<R, K extends keyof R> extends Place<R, K> {
  readonly kind: 'upsert';
  readonly row: R;
}

/**
 * A deleted row. Each delete is two messages in one transaction: the `marker`, a record with the key, what is known about the
 * row's end, and null elsewhere; and the `tombstone`, the null value that Kafka's compaction understands. A later reader may
 * find only the tombstone, or neither, because compaction removes them.
 */
export interface Delete<R, K extends keyof R> extends Place<R, K> {
  readonly kind: 'delete';
  readonly by: 'marker' | 'tombstone';
  /** With `marker` only. */
  readonly marker?: R;
}

export type Change<R extends object, K extends keyof R> = Upsert<R, K> | Delete<R, K>;
