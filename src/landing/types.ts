import type { FieldType, TableDefinition } from '../core/table.ts';
import type { TopicTemplates } from '../kafka/meta/topic-names.ts';
import type { LandingSettings } from './settings.ts';

/** The converter that the connector uses for our Avro records, and the address of its registry. */
export interface ConverterSettings {
  /** `apicurio` for the embedded stack's worker, `confluent` for a worker with Confluent's converter. */
  readonly kind: 'apicurio' | 'confluent';
  /** Registry address for the Connect worker: Apicurio's root, or Confluent's base address. */
  readonly registryUrl: string;
  /** Connect reference (`env:NAME`, `file:/path:key`) to `user:password`, where the registry requires a login. */
  readonly credentialsRef?: string;
  /** User of Apicurio's registry, and the reference to the password. */
  readonly login?: { readonly username: string; readonly passwordRef: string };
}

/** One configured account whose tables are landed. */
export interface LandedConnection {
  readonly name: string;
  readonly tables: readonly TableDefinition[];
  /** Cron expressions of the tables' runs, by table. */
  readonly schedules?: ReadonlyMap<string, string>;
}

/** Everything that a landing is rendered from. Contains no secrets, only Connect references to them. */
export interface Landing {
  readonly name: string;
  readonly settings: LandingSettings;
  /** First part of every topic name. */
  readonly prefix: string;
  /** Names of the table topics; undefined: the default. */
  readonly topics?: TopicTemplates;
  readonly replicationFactor: number;
  readonly converter: ConverterSettings;
  readonly connections: readonly LandedConnection[];
}

export interface LandedColumn {
  readonly name: string;
  readonly type: FieldType;
  readonly doc: string;
  readonly key: boolean;
}

/** A topic and the table it lands in. */
export interface LandedTable {
  readonly connection: string;
  readonly table: string;
  readonly topic: string;
  /** `<connection>_<table>`, in the definition's case. */
  readonly name: string;
  /** Title of the vendor's page. */
  readonly docs: string;
  readonly key: readonly string[];
  readonly columns: readonly LandedColumn[];
  /** Time column of a table of events, used to partition its rows by time. */
  readonly eventTime?: string;
}

/** A connector as it should be in Connect. */
export interface Connector {
  readonly name: string;
  readonly connection: string;
  readonly config: Readonly<Record<string, string>>;
  readonly deadLetterTopic: string;
  /** Topic by which the sink's tasks coordinate, for a sink that needs one. */
  readonly controlTopic?: string;
  readonly tables: readonly LandedTable[];
}

export interface RenderedFile {
  /** Relative path, e.g. `setup.sql` or `connectors/warehouse-klaviyo.json`. */
  readonly path: string;
  readonly text: string;
}

export interface RenderedLanding {
  readonly connectors: readonly Connector[];
  readonly files: readonly RenderedFile[];
}
