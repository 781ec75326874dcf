import type { TlsMaterial } from '../core/tls.ts';
import type { JsonObject, Position } from '../core/types.ts';

/** How the records of a batch are compressed. */
export const COMPRESSIONS = ['gzip', 'none', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface SaslPassword {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** A token by client credentials; the settings' own names. */
export interface SaslOauth {
  readonly mechanism: 'oauthbearer';
  readonly token_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  /** How the endpoint is told the two. */
  readonly client_auth: 'basic' | 'body';
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
  /** SASL extensions, e.g. Confluent Cloud's logicalCluster and identityPoolId. */
  readonly extensions?: Readonly<Record<string, string>> | undefined;
}

/** Amazon MSK's IAM; credentials are AWS's own affair. */
export interface SaslAws {
  readonly mechanism: 'aws-iam';
  readonly region: string;
  /** ARN of a role to take. */
  readonly role?: string | undefined;
}

/** How to reach Kafka and the registry. Secrets are already resolved. */
export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly rejectUnauthorized?: boolean };
  readonly sasl?: SaslPassword | SaslOauth | SaslAws;
  /** First part of every topic name. */
  readonly prefix: string;
  readonly replicationFactor: number;
  readonly minInSyncReplicas: number;
  /** Partitions of the tables' topics that are created, where nothing else is said. */
  readonly partitions?: number;
  /** The most processes that can share the connections: partitions of `_control` and `_state`, fixed once those exist. Default 12. */
  readonly maxWorkers?: number;
  readonly registry: {
    readonly url: string;
    readonly username?: string;
    readonly password?: string;
    /** Sent as a bearer token, instead of user and password. */
    readonly token?: string;
    readonly tls?: TlsMaterial;
  };
  /** Topic settings on top of ours, e.g. `segment.ms` in tests. */
  readonly topicConfig?: Readonly<Record<string, string>>;
  readonly compression: Compression;
}

/** One message for a table's topic. `value` null is a tombstone. */
export interface TopicMessage {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Deletes kept back. `since`: epoch ms; `sample`: keys of some of the rows as JSON text. */
export interface Withheld {
  readonly count: number;
  readonly reason: string;
  readonly since: number;
  readonly sample?: readonly string[];
}

/** What `_state` holds for one table: everything a restart needs. */
export interface TableState {
  readonly v: 1;
  /** Drawn when the table is read for the first time, and after a reset: an index of an earlier life says nothing of this one. */
  readonly topicEpoch?: string;
  readonly position: Position | undefined;
  /** Position of a back-fill under way; undefined when none is. */
  readonly backfill?: {
    readonly id: string;
    readonly since: number | null;
    readonly position: Position | undefined;
    readonly done: boolean;
  };
  readonly keySchemaId: number;
  readonly valueSchemaId: number;
  readonly partitions: number;
  /** Oldest event time the first run asked for, epoch ms; null means all. Fixed for the life of the topic. */
  readonly since: number | null;
  /** Oldest event time of which the topic holds rows where that is not `since`: a back-fill went deeper. Null means all. */
  readonly horizon?: number | null;
  readonly rowsPublished: number;
  readonly runId: string;
  readonly updatedAt: number;
  /** Epoch ms of the last run that read everything it set out to read. */
  readonly lastSuccessAt?: number;
  /** Everything the vendor had before this instant is in the topic. */
  readonly readTo?: number;
  /** Deletes kept back by the brake or by a scan that could not prove itself. */
  readonly withheld?: Withheld;
  /**
   * The scan under way, and how many rows it listed that became dead letters: `unnamed` without a usable key, so
   * that they may be any row; `putAside` with a key that the topic does not hold. `session` and `pages` say who has
   * recorded it and up to which page: an index that has not recorded just that can prove nothing by it.
   */
  readonly scan?: {
    readonly id: string;
    readonly session?: string;
    readonly pages?: number;
    readonly unnamed: number;
    readonly putAside: number;
  };
  /** Control requests already handled, by slot. */
  readonly handled?: Readonly<Record<string, string>>;
}

/** Work one table handed to another, kept in `_state` beside the states until it is taken. */
export interface OutboxTask {
  readonly id: string;
  readonly work: JsonObject;
}

/** A record of `_state`: its key parts and its value (null deletes it). */
export interface StateRecord {
  readonly connection: string;
  readonly table: string;
  /** `state` for {@link TableState}, `outbox:<id>` for {@link OutboxTask}. */
  readonly slot: string;
  readonly value: JsonObject | null;
}

/** A row that could not be published. Kept in `<prefix>._dead_letters`. */
export interface DeadLetter {
  readonly connection: string;
  readonly table: string;
  readonly reason: string;
  readonly detail: string;
  /** The row's key as JSON text, where it has a usable one. */
  readonly key?: string;
  /** The row as the vendor sent it (JSON text), cut when larger than a message may be. */
  readonly raw: string;
  readonly rawBytes: number;
  readonly position: Position | undefined;
  readonly runId: string;
  readonly at: number;
}

/** One transaction: table messages, dead letters and the state records that belong to them. */
export interface Batch {
  readonly topic: string;
  readonly messages: readonly TopicMessage[];
  readonly deadLetters: readonly DeadLetter[];
  readonly state: readonly StateRecord[];
  /** Headers of every table message. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Offset after the last message of ours, per partition of the batch's topic that got any. */
export type CoveredOffsets = ReadonlyMap<number, bigint>;

/**
 * The connection's only way to Kafka. Batches are written one after the other, each in one transaction.
 * A writer that has thrown is dead: {@link Writer.reopen} makes it usable again, after which the caller
 * must read `_state` to learn which of its batches were committed.
 */
export interface Writer {
  /**
   * @throws TributaryError `transient` when the batch was not committed or its outcome is unknown,
   * `fenced` when another instance has taken over. What a topic takes is read again by `reopen`.
   */
  write(batch: Batch): Promise<CoveredOffsets>;
  /** Fences every earlier producer of this connection; afterwards no transaction of theirs is open. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}
