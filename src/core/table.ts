import type { Json, JsonObject, ReadContext, Reader, Row } from './types.ts';

/** Column types. `integer` is a 64-bit long, `json` canonical JSON text, `timestamp` epoch milliseconds. */
export type FieldType = 'text' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'date' | 'json';

/** One column: its type, its documentation, and where its value is in the vendor's row. */
export interface Field<T extends FieldType = FieldType, Key extends boolean = boolean> {
  readonly type: T;
  readonly doc: string;
  /** Path in the shaped row (`location.city`). Default: the field whose snake-case name equals the column's name. */
  readonly path?: string;
  /** Derives the value from the shaped row instead of picking it. */
  readonly derive?: (row: Row) => Json | undefined;
  /** Value of a key column when the vendor sends none (key columns are never null). */
  readonly whenMissing?: Json;
  /** The value holds secrets, which are masked before hashing and publishing. */
  readonly secret?: boolean;
  /** Unit of a number in a timestamp column, counted from 1970; without it a number does not fit the column. */
  readonly epochUnit?: 's' | 'ms';
  /**
   * A mark of the vendor's own processing, which changes although the row's content does not. A change of the mark alone is
   * not published, so the topic holds its value from when the row was last published.
   */
  readonly isMark?: boolean;
  readonly key?: Key;
  /** The source's definition of a column that holds a hash of its value by the user's rule; see `src/record/cover.ts`. */
  readonly hashed?: { readonly of: Field; readonly hash: HashText };
  /** Values inside the column's JSON that a rule of the user covers. */
  readonly inside?: readonly CoveredPath[];
}

/** How a value is covered that the user does not want published as it is. */
export type Treatment = 'drop' | 'hash' | 'mask';

/** A keyed hash, so that nobody can find values by hashing a list of likely ones; equal texts give equal hashes. */
export type HashText = (text: string) => string;

/** A value inside JSON, by the member names that lead to it (every item of a list is included); no name means all values. */
export interface CoveredPath {
  readonly path: readonly string[];
  readonly how: Treatment;
  readonly hash: HashText;
}

/** What the user's settings keep out of a table's topic, in addition to the fields' own rules. */
export interface Cover {
  /** Columns that are removed from the row and not published. */
  readonly dropped: Fields;
  /** Whether `_extra` is left out completely. */
  readonly dropExtra: boolean;
  /** Values inside `_extra`. */
  readonly extra: readonly CoveredPath[];
  /** A hash that changes with every rule and with the secret of the hashes, and reveals neither. */
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

/** The columns of a published row, with the types of the definition. */
export type RecordOf<F extends Fields> = { [C in keyof F]: FieldValue<F[C]['type']> | null };

/** Any table's record: column name to native value. */
export type TableRecord = Record<string, string | number | bigint | boolean | null>;

/**
 * How deleted rows are noticed. `scan`: a complete listing no longer shows them. `flag`: the vendor keeps them with a flag,
 * which `deleted` tests. `none`: never.
 */
export type DeleteRule = 'scan' | 'flag' | 'none';

/** A table's answer (`confirm`) about one key that a complete scan did not show. */
export interface VanishedVerdict {
  readonly key: JsonObject;
  readonly gone: boolean;
  /** Why it is not certain, one sentence: the delete is withheld. */
  readonly doubt?: string;
  /** Columns known about the row's end, written into its marker (e.g. `merged_into`). */
  readonly marker?: TableRecord;
  /** Outbox tasks for other tables of the connection, committed with the delete. */
  readonly rereads?: readonly { readonly table: string; readonly work: JsonObject }[];
}

/** A row that other rows name but that this table's topic does not hold; the rows are in another table. */
export interface Orphan {
  /** Key of one of the naming rows. */
  readonly example: JsonObject;
  /** Keys of all naming rows. */
  keys(): Iterable<JsonObject>;
  /** Whether this is the named row, given as the other table's `scope` columns. */
  isNamed(scope: JsonObject): boolean;
}

/** What follows from the vendor's answer about one {@link Orphan}. */
export interface OrphanVerdict {
  readonly orphan: Orphan;
  /** Outbox tasks, as in {@link VanishedVerdict}. */
  readonly rereads: readonly { readonly table: string; readonly work: JsonObject }[];
  /** The named row is gone, although the rows may continue to name it. After the same answer in the next scan it is not asked about again. */
  readonly gone: boolean;
}

/**
 * A table whose rows name rows of this table and change when the named row is deleted. `scope` of both tables is the name.
 * After a complete scan the vendor is asked about names that this table's topic does not hold: such a row was deleted before
 * it was ever read, so no key of this table vanishes with it.
 */
export interface NamedBy<Api> {
  readonly table: string;
  readonly confirm: (ctx: ReadContext<Api>, orphans: readonly Orphan[]) => AsyncGenerator<OrphanVerdict, void, void>;
}

/** Whether a back-fill can read history again. Without history every run reads the whole table. */
export function hasHistory({ method, history }: TableDefinition): boolean {
  return method === 'incremental' || history === true;
}

/** Whether the first run begins at the configured history; otherwise it reads the whole table. */
export function beginsAtHistory({ method, history }: TableDefinition): boolean {
  return history ?? method === 'incremental';
}

// `any`: each source types its definitions by its own API client, and the engine never looks into it.
// oxlint-disable-next-line typescript/no-explicit-any
export interface TableDefinition<F extends Fields = Fields, Api = any, Column extends string = string> {
  readonly name: string;
  /** Title of the vendor's page that the table was written from. */
  readonly docs: string;
  /** Key columns, spelt as on the vendor's connector page. */
  readonly documentedKey: readonly string[];
  /** The columns that really identify a row, in key order. */
  readonly key: readonly Column[];
  /** Why `key` differs from `documentedKey`, in one line. */
  readonly keyReason?: string;
  readonly method: 'full_table' | 'incremental';
  /** The column that incremental reads follow; `source_lag_seconds` is measured on it. */
  readonly replicationKey?: Column;
  readonly fields: F;
  /** Turns the vendor's row into the flat row from which fields are picked, for example by unwrapping an envelope. Must be pure. */
  readonly shape?: (row: Row) => Row;
  /** Fields of the shaped row that are known and left out on purpose. */
  readonly ignore?: readonly string[];
  readonly read: Reader<Api>;
  readonly deletes: DeleteRule;
  /** In how many complete scans in a row a row must be missing before it counts as vanished. Default 1. */
  readonly absentScans?: number;
  /** The table from whose rows this table's requests are made; its rows are kept for the cycle. */
  readonly parent?: string;
  /** Columns that identify the listing a row came from (its parent), within which deletes are judged; or the name used by {@link NamedBy}. */
  readonly scope?: readonly Column[];
  /**
   * Asks the vendor about each vanished key before it is deleted. Among the keys stand some of a row that the scan has shown:
   * when the answer calls it gone, no answer to that question is believed.
   */
  readonly confirm?: (ctx: ReadContext<Api>, keys: readonly JsonObject[]) => AsyncGenerator<VanishedVerdict, void, void>;
  readonly namedBy?: NamedBy<Api>;
  /** With `deletes: 'flag'`: whether the shaped row is a deleted one. */
  readonly deleted?: (row: Row) => boolean;
  /** Which of two shaped rows with one key in one batch wins: positive when `a` does. Default: the later one. */
  readonly newer?: (a: Row, b: Row) => number;
  /** Partitions of the topic. Default 1; 3 to 6 for event-like tables. */
  readonly partitions?: number;
  /** Cron expression of the periodic runs when the settings give none. */
  readonly schedule?: string;
  /** The plan that includes the table: a 403 then disables this table instead of the connection. */
  readonly planGated?: string;
  /** Why the settings exclude this table, and the setting that includes it: no topic, no run, no alert. */
  readonly off?: string;
  /** Set by the settings, never by a source. With it, dead letters show no value of their row. */
  readonly cover?: Cover;
  /**
   * Whether the first run of an incremental table, or every run of a full one, begins at the configured history. Default: that of
   * an incremental table does. The settings refuse a history of a table that does not.
   */
  readonly history?: boolean;
}
