import type { Dialect } from '../sql/dialects.ts';
import type { Values } from '../template.ts';
import type { LandedTable, Landing } from '../types.ts';

/** What a warehouse brings to the common way of rendering. Its templates are in `sink-configs`. */
export interface Kind {
  /** Undefined for a landing of files. */
  readonly dialect: Dialect | undefined;
  /** Ending of the longest table name that is derived from a table's, for the check of name lengths. */
  readonly longestSuffix: string;
  /** Connector templates under `sink-configs`, later ones adding to earlier ones. */
  connector(landing: Landing): readonly string[];
  /** SQL templates of the landing's folder that apply to it. */
  sql(landing: Landing): readonly string[];
  /** What goes into connectors: as the settings have it. */
  values(landing: Landing): Values;
  /** What goes into SQL: names and texts quoted for the dialect. */
  sqlValues(landing: Landing): Values;
  /** Placeholders that depend on a connection's tables (maps of topics to tables and the like). */
  connectionValues(landing: Landing, tables: readonly LandedTable[]): Values;
  /** Placeholders of the repeated part of the SQL templates. */
  tableValues(landing: Landing, table: LandedTable): Values;
  /** Connector settings that no template can hold, because their number depends on the tables. */
  extraConfig?(
    landing: Landing,
    tables: readonly LandedTable[],
    config: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>>;
}
