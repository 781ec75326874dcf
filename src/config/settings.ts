import { tlsMaterial } from '../core/tls.ts';
import type { TopicTemplates } from '../kafka/meta/topic-names.ts';
import type { KafkaSettings } from '../kafka/types.ts';
import type { Source } from '../sdk/source.ts';
import type { TableDefinition } from '../core/table.ts';
import type { HistoryStart } from './dates.ts';
import type { RawSettings } from './schema.ts';

/** Schedule of a table without one of its own. */
export const hourly = '0 * * * *';

/** The settings of one account, checked and complete. */
export interface ConnectionSettings {
  readonly name: string;
  readonly source: Source;
  /** Output of the source's own settings schema. */
  readonly settings: unknown;
  /** The selected tables, in the source's order. */
  readonly tables: readonly TableDefinition[];
  /** Selected tables that another setting excludes, and the setting that would include them. */
  readonly off?: ReadonlyMap<string, string>;
  readonly history: HistoryStart;
  /** History of single tables, which overrides the connection's. */
  readonly histories?: ReadonlyMap<string, HistoryStart>;
  /** Partitions set by the user, by table. */
  readonly partitions?: ReadonlyMap<string, number>;
  /** Cron expression of a table's periodic runs. */
  readonly schedules: ReadonlyMap<string, string>;
}

/** `tributary.yaml`, checked, with its secrets resolved. */
export interface Settings {
  /** The file it was read from. */
  readonly file: string;
  /** Absolute path of the folder of local data. */
  readonly dataDir: string;
  readonly prefix: string;
  /** Names of the table topics; undefined: the default. */
  readonly topics?: TopicTemplates;
  /** IANA time zone of the cron schedules. */
  readonly timezone: string;
  /** Modules of the user's own sources, by name. */
  readonly sources: RawSettings['sources'];
  readonly connections: readonly ConnectionSettings[];
  /** Undefined: the embedded stack is used. */
  readonly kafka: NonNullable<RawSettings['kafka']> | undefined;
  readonly registry: NonNullable<RawSettings['registry']> | undefined;
  readonly landings: RawSettings['landings'];
  readonly notify?: RawSettings['notify'];
  readonly metrics: RawSettings['metrics'];
  readonly web: RawSettings['web'];
}

/** Addresses and log-in of a stack that we started ourselves. */
export interface StackAddresses {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly login?: { readonly username: string; readonly password: string } | undefined;
}

/** How to reach Kafka: the user's own, or the embedded stack. */
export function kafkaSettings(settings: Settings, stack: StackAddresses | undefined): KafkaSettings {
  const { kafka, registry, prefix } = settings;
  const naming = { prefix, ...(settings.topics === undefined ? {} : { topics: settings.topics }) };
  if (!kafka || !registry) {
    if (!stack) throw new Error('neither kafka settings nor an embedded stack');
    return {
      brokers: stack.brokers,
      clientId: 'tributary',
      ...naming,
      replicationFactor: 1,
      minInSyncReplicas: 1,
      registry: { url: stack.registryUrl, ...stack.login },
      compression: 'gzip',
      ...(stack.login === undefined ? {} : { sasl: { mechanism: 'plain', ...stack.login } }),
    };
  }
  return {
    brokers: kafka.brokers,
    clientId: 'tributary',
    ...naming,
    replicationFactor: kafka.replication_factor,
    minInSyncReplicas: kafka.replication_factor >= 3 ? 2 : 1,
    registry: {
      url: registry.url,
      ...(registry.username === undefined ? {} : { username: registry.username }),
      ...(registry.password === undefined ? {} : { password: registry.password }),
      ...(registry.token === undefined ? {} : { token: registry.token }),
      ...(registry.tls === undefined ? {} : { tls: tlsMaterial(registry.tls) }),
    },
    compression: kafka.compression,
    topicConfig: kafka.topic_config,
    ...(kafka.partitions === undefined ? {} : { partitions: kafka.partitions }),
    ...(kafka.max_workers === undefined ? {} : { maxWorkers: kafka.max_workers }),
    ...(kafka.tls === undefined ? {} : { ssl: typeof kafka.tls === 'boolean' ? kafka.tls : kafkaTls(kafka.tls) }),
    ...(kafka.sasl === undefined ? {} : { sasl: kafka.sasl }),
  };
}

function kafkaTls({
  reject_unauthorized: rejectUnauthorized,
  ...material
}: Exclude<NonNullable<RawSettings['kafka']>['tls'], boolean | undefined>) {
  return { ...tlsMaterial(material), ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }) };
}
