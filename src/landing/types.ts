import type { FieldType, TableDefinition } from '../core/table.ts';
import type { LandingSettings } from './settings.ts';

/** How the connector turns our Avro records into its own: whose converter, and where its registry answers. */
export interface ConverterSettings {
  /** `apicurio` for the embedded stack's worker, `confluent` for a worker with Confluent's converter. */
  readonly kind: 'apicurio' | 'confluent';
  /** Registry address as the Connect worker reaches it: Apicurio's root, or Confluent's base address. */
  readonly registryUrl: string;
  /** Connect reference (`env:NAME`, `file:/path:key`) to `user:password`, where the registry asks for one. */
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

/** Everything a landing is rendered from. Holds no secret: those are Connect references. */
export interface Landing {
  readonly name: string;
  readonly settings: LandingSettings;
  /** First part of every topic name. */
  readonly prefix: string;
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
  /** Time column of a table of events: what its rows are divided by in time. */
  readonly eventTime?: string;
}

/** A connector as Connect is to have it. */
export interface Connector {
  readonly name: string;
  readonly connection: string;
  readonly config: Readonly<Record<string, string>>;
  readonly deadLetterTopic: string;
  /** Topic that the tasks of the sink talk to each other by, for a sink that needs one. */
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
