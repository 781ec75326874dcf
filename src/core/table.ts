import type { Json, JsonObject, ReadContext, Reader, Row } from './types.ts';

/** Column types. `integer` is a 64-bit long, `json` canonical JSON text, `timestamp` epoch milliseconds. */
export type FieldType = 'text' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'date' | 'json';

/** One column: its type, its documentation, and where in the vendor's row its value is found. */
export interface Field<T extends FieldType = FieldType, Key extends boolean = boolean> {
  readonly type: T;
  readonly doc: string;
  /** Path in the shaped row (`location.city`); without it the field whose snake-case name is the column's. */
  readonly path?: string;
  /** Derives the value from the shaped row instead of picking it. */
  readonly derive?: (row: Row) => Json | undefined;
  /** What a key column holds when the vendor gives nothing (key columns are never null). */
  readonly whenMissing?: Json;
  /** Value holds secrets: masked before it is hashed or published. */
  readonly secret?: boolean;
  /** What a number in a timestamp column counts since 1970; without it a number does not fit. */
  readonly epochUnit?: 's' | 'ms';
  /**
   * A mark of the vendor's own processing, which moves although the row says nothing new: a change of it alone publishes
   * nothing, so the topic holds its value of when the row was last published.
   */
  readonly isMark?: boolean;
  readonly key?: Key;
  /** The column as the source defines it, where it holds a hash of its value instead; see `src/record/cover.ts`. */
  readonly hashed?: { readonly of: Field; readonly hash: HashText };
  /** Values inside the column's JSON that are not published as they are. */
  readonly inside?: readonly CoveredPath[];
}

/** What is done with a value the user does not want published as it is. */
export type Treatment = 'drop' | 'hash' | 'mask';

/** Keyed, so that a hash cannot be guessed from a list of likely values; equal texts give equal hashes. */
export type HashText = (text: string) => string;

/** A value inside JSON, by the names on the way to it (lists are gone through). */
export interface CoveredPath {
  readonly path: readonly string[];
  readonly how: Treatment;
  readonly hash: HashText;
}

/** What the settings keep out of a table's topic, beside what its fields say themselves. */
export interface Cover {
  /** Columns that are taken from the row and published nowhere. */
  readonly dropped: Fields;
  /** Whether `_extra` is left out whole. */
  readonly dropExtra: boolean;
  /** Values inside `_extra`. */
  readonly extra: readonly CoveredPath[];
  /** Changes with every rule and with the secret of the hashes; tells neither. */
  readonly fingerprint: string;
}

export type Fields = Readonly<Record<string, Field>>;

export type FieldValue<T extends FieldType> = T extends 'boolean'
  ? boolean
  : T extends 'number' | 'timestamp'
    ? number
    : T extends 'integer'
      ? number | bigint
      : string;

/** The columns of a row as published, in the definition's types. */
export type RecordOf<F extends Fields> = { [C in keyof F]: FieldValue<F[C]['type']> | null };

/** Any table's record: column name to native value. */
export type TableRecord = Record<string, string | number | bigint | boolean | null>;

/**
 * How rows that vanished are noticed. `scan`: a complete listing no longer shows them. `flag`: the vendor
 * keeps them with a mark (`deleted` tells which). `none`: never.
 */
export type DeleteRule = 'scan' | 'flag' | 'none';

/** What a table's `confirm` says of one key that a complete scan did not show. */
export interface VanishedVerdict {
  readonly key: JsonObject;
  readonly gone: boolean;
  /** Why it cannot be told, one sentence: the delete of a row that may be gone is withheld. */
  readonly doubt?: string;
  /** Columns known about the row's end, written into its marker (e.g. `merged_into`). */
  readonly marker?: TableRecord;
  /** Work for other tables of the connection, committed with the delete. */
  readonly rereads?: readonly { readonly table: string; readonly work: JsonObject }[];
}

/** Rows of another table that name a row this table's topic does not hold. */
export interface Orphan {
  /** Key of one of them. */
  readonly example: JsonObject;
  /** Keys of all of them. */
  keys(): Iterable<JsonObject>;
  /** Whether the name is this one, as the other table's `scope`. */
  isNamed(scope: JsonObject): boolean;
}

/** What the vendor's answer about one {@link Orphan} calls for. */
export interface OrphanVerdict {
  readonly orphan: Orphan;
  /** As of {@link VanishedVerdict}. */
  readonly rereads: readonly { readonly table: string; readonly work: JsonObject }[];
  /** The named row is gone, and the rows may go on naming it: the same answer in the next scan as well is the last. */
  readonly gone: boolean;
}

/**
 * A table whose rows name this one's and change when the named row goes. Both tables' `scope` is the name. After a
 * complete scan, names that this table's topic does not hold are asked about: such a row went before it was ever read,
 * and no key of ours vanishes with it.
 */
export interface NamedBy<Api> {
  readonly table: string;
  readonly confirm: (ctx: ReadContext<Api>, orphans: readonly Orphan[]) => AsyncGenerator<OrphanVerdict, void, void>;
}

/** Whether there is history a back-fill could read again. Without it every run reads the whole table. */
export function hasHistory({ method, history }: TableDefinition): boolean {
  return history ?? method === 'incremental';
}

// `any`: each source's definitions are typed by its own API, and the engine never looks inside it.
// oxlint-disable-next-line typescript/no-explicit-any
export interface TableDefinition<F extends Fields = Fields, Api = any, Column extends string = string> {
  readonly name: string;
  /** Title of the vendor's page this table was written from. */
  readonly docs: string;
  /** Key columns as the vendor's connector page names them. */
  readonly documentedKey: readonly string[];
  /** Columns that are really unique, in key order. */
  readonly key: readonly Column[];
  /** One line, when `key` differs from `documentedKey`. */
  readonly keyReason?: string;
  readonly method: 'full_table' | 'incremental';
  /** Column the increments follow; what `source_lag_seconds` is measured on. */
  readonly replicationKey?: Column;
  readonly fields: F;
  /** Vendor row to the flat row the fields are picked from, e.g. unwrapping an envelope. Must be pure. */
  readonly shape?: (row: Row) => Row;
  /** Field names of the shaped row that are known and deliberately not kept. */
  readonly ignore?: readonly string[];
  readonly read: Reader<Api>;
  readonly deletes: DeleteRule;
  /** Complete scans in a row a row must be missing in before it counts as vanished. Default 1. */
  readonly absentScans?: number;
  /** Table whose rows this one's requests are made from; its rows are kept for the cycle. */
  readonly parent?: string;
  /** Columns that name the listing a row came from (its parent), by which deletes are judged; or what {@link NamedBy} finds it by. */
  readonly scope?: readonly Column[];
  /** Asks the vendor about each vanished key before it is deleted. */
  readonly confirm?: (ctx: ReadContext<Api>, keys: readonly JsonObject[]) => AsyncGenerator<VanishedVerdict, void, void>;
  readonly namedBy?: NamedBy<Api>;
  /** With `deletes: 'flag'`: whether the shaped row is a deleted one. */
  readonly deleted?: (row: Row) => boolean;
  /** Which of two shaped rows with one key in one batch stays: positive when `a` does. Default: the later. */
  readonly newer?: (a: Row, b: Row) => number;
  /** Partitions of the topic. Default 1; 3 to 6 for event-like tables. */
  readonly partitions?: number;
  /** Cron of the periodic runs when the settings name none. */
  readonly schedule?: string;
  /** The vendor may refuse this table alone (plan-gated): a 403 disables it instead of the connection. */
  readonly planGated?: string;
  /** Why the settings leave this table out, and the setting that turns it on: no topic, no run, no alert. */
  readonly off?: string;
  /** Set by the settings, never by a source. With it no dead letter shows a value of its row. */
  readonly cover?: Cover;
  /** Whether a full table's runs begin at the wanted history too; those of an incremental one always can. */
  readonly history?: boolean;
}
