import type { Dialect } from '../sql/dialects.ts';
import type { Values } from '../template.ts';
import type { LandedTable, Landing } from '../types.ts';

/** What a warehouse adds to the common rendering. Its templates are in `sink-configs`. */
export interface Kind {
  /** Undefined for a landing of files. */
  readonly dialect: Dialect | undefined;
  /** Suffix of the longest table name derived from a table's name, for the check of name lengths. */
  readonly longestSuffix: string;
  /** Connector templates under `sink-configs`; later ones add to earlier ones. */
  connector(landing: Landing): readonly string[];
  /** SQL templates in the landing's folder that apply to it. */
  sql(landing: Landing): readonly string[];
  /** Values for connector templates, as in the settings. */
  values(landing: Landing): Values;
  /** Values for SQL templates: names and texts quoted for the dialect. */
  sqlValues(landing: Landing): Values;
  /** Values that depend on a connection's tables, such as maps of topics to tables. */
  connectionValues(landing: Landing, tables: readonly LandedTable[]): Values;
  /** Values for the repeated part of the SQL templates. */
  tableValues(landing: Landing, table: LandedTable): Values;
  /** Connector settings whose number depends on the tables, so that no template can hold them. */
  extraConfig?(
    landing: Landing,
    tables: readonly LandedTable[],
    config: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>>;
}
