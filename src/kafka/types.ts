import type { TlsMaterial } from '../core/tls.ts';
import type { TopicTemplates } from './meta/topic-names.ts';
import type { JsonObject, Position } from '../core/types.ts';

/** How the records of a batch are compressed. */
export const COMPRESSIONS = ['gzip', 'none', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface SaslPassword {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** Log-in by a token from client credentials; members are named as in the settings. */
export interface SaslOauth {
  readonly mechanism: 'oauthbearer';
  readonly token_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  /** How id and secret are sent to the endpoint. */
  readonly client_auth: 'basic' | 'body';
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
  /** SASL extensions, e.g. Confluent Cloud's logicalCluster and identityPoolId. */
  readonly extensions?: Readonly<Record<string, string>> | undefined;
}

/** Amazon MSK's IAM; the AWS SDK finds the credentials. */
export interface SaslAws {
  readonly mechanism: 'aws-iam';
  readonly region: string;
  /** ARN of a role to assume. */
  readonly role?: string | undefined;
}

/** How to reach Kafka and the registry. Secrets are resolved already. */
export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly rejectUnauthorized?: boolean };
  readonly sasl?: SaslPassword | SaslOauth | SaslAws;
  /** First part of every topic name. */
  readonly prefix: string;
  /** Names of the table topics; undefined: the default. */
  readonly topics?: TopicTemplates;
  readonly replicationFactor: number;
  readonly minInSyncReplicas: number;
  /** Default partition count of new table topics. */
  readonly partitions?: number;
  /** Most processes that can share the connections: the partition count of `_control` and `_state`, fixed once those exist. Default 12. */
  readonly maxWorkers?: number;
  readonly registry: {
    readonly url: string;
    readonly username?: string;
    readonly password?: string;
    /** Bearer token, instead of user and password. */
    readonly token?: string;
    readonly tls?: TlsMaterial;
  };
  /** Topic settings in addition to ours, for example `segment.ms` in tests. */
  readonly topicConfig?: Readonly<Record<string, string>>;
  readonly compression: Compression;
}

/** Bytes, whole or in parts that follow each other: what is packed anyway need not be joined before. */
export type Bytes = Buffer | readonly Buffer[];

/** One message for a table's topic. `value` null is a tombstone. */
export interface TopicMessage {
  readonly key: Buffer;
  readonly value: Bytes | null;
}

/** Messages, which may be made anew each time they are gone through. */
export interface TopicMessages extends Iterable<TopicMessage> {
  readonly length: number;
}

/** Withheld deletes. `since`: epoch ms; `sample`: keys of some of the rows as JSON text. */
export interface Withheld {
  readonly count: number;
  readonly reason: string;
  readonly since: number;
  readonly sample?: readonly string[];
}

/** What `_state` holds for one table: everything that a restart needs. */
export interface TableState {
  readonly v: 1;
  /** The topic that holds the rows. Not in states of earlier releases, which used the default name. */
  readonly topic?: string;
  /** Random id of the topic's epoch, drawn when the table is first read and after a reset. An index of another epoch is not used. */
  readonly topicEpoch?: string;
  readonly position: Position | undefined;
  /** Position of a back-fill in progress; undefined when there is none. */
  readonly backfill?: {
    readonly id: string;
    readonly since: number | null;
    readonly position: Position | undefined;
    readonly done: boolean;
  };
  readonly keySchemaId: number;
  readonly valueSchemaId: number;
  readonly partitions: number;
  /** Oldest event time that the first run was asked for, epoch ms; null means all. Fixed within a topic epoch. */
  readonly since: number | null;
  /** The horizon when a back-fill went further back than `since`: the topic holds rows from this event time on. Null means all. */
  readonly horizon?: number | null;
  readonly rowsPublished: number;
  readonly runId: string;
  readonly updatedAt: number;
  /** Epoch ms of the last run that read everything it was asked for. */
  readonly lastSuccessAt?: number;
  /** The topic has everything that the vendor had up to this time, epoch ms. */
  readonly readTo?: number;
  /** Deletes withheld by the delete threshold, or because the scan could not prove that it was complete. */
  readonly withheld?: Withheld;
  /**
   * The scan in progress, and how many of its rows became dead letters: `unnamed` without a usable key, so that each may be any
   * row; `putAside` with a key that the topic does not hold. `session` and `pages` say which session has recorded it, up to
   * which page: an index whose own record differs cannot prove anything by the scan.
   */
  readonly scan?: {
    readonly id: string;
    readonly session?: string;
    readonly pages?: number;
    readonly unnamed: number;
    readonly putAside: number;
  };
  /** Control requests that are already handled, by slot. */
  readonly handled?: Readonly<Record<string, string>>;
}

/** A task from one table for another, stored in `_state` until it is done. */
export interface OutboxTask {
  readonly id: string;
  readonly work: JsonObject;
}

/** A record of `_state`: the parts of its key, and its value (null deletes it). */
export interface StateRecord {
  readonly connection: string;
  readonly table: string;
  /** `state` for {@link TableState}, `outbox:<id>` for {@link OutboxTask}. */
  readonly slot: string;
  readonly value: JsonObject | null;
}

/** A row that could not be published. Stored in `<prefix>._dead_letters`. */
export interface DeadLetter {
  readonly connection: string;
  readonly table: string;
  readonly reason: string;
  readonly detail: string;
  /** The row's key as JSON text, when it has a usable one. */
  readonly key?: string;
  /** The row as the vendor sent it (JSON text), cut when it is too large for a message. */
  readonly raw: string;
  readonly rawBytes: number;
  readonly position: Position | undefined;
  readonly runId: string;
  readonly at: number;
}

/** One transaction: messages of a table, dead letters, and the state records that belong to them. */
export interface Batch {
  readonly topic: string;
  readonly messages: TopicMessages;
  readonly deadLetters: readonly DeadLetter[];
  readonly state: readonly StateRecord[];
  /** Headers of every message of the table. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Offset after our last message, per partition of the batch's topic that received any. */
export type CoveredOffsets = ReadonlyMap<number, bigint>;

/**
 * The connection's only writer to Kafka. Batches are written one after the other, each in one transaction. After an error the
 * writer is dead: {@link Writer.reopen} makes it usable again, and then the caller must read `_state` to learn which batches
 * were committed.
 */
export interface Writer {
  /**
   * @throws TributaryError `transient` when the batch was not committed or its outcome is unknown, `fenced` when another
   * instance has taken over. `reopen` also reads the topics' size limits again.
   */
  write(batch: Batch): Promise<CoveredOffsets>;
  /** Fences every earlier producer of this connection; afterwards none of their transactions is open. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}
