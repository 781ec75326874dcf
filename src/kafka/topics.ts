import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, ITopicConfig } from 'kafkajs';
import kafkajs from 'kafkajs';
import { TributaryError } from '../core/errors.ts';
import type { KafkaAccess } from './client.ts';
import { withAdmin } from './client.ts';
import { kafkaError, protocolType } from './errors.ts';
import { topicNames } from './meta/topic-names.ts';
import type { KafkaSettings, TableState } from './types.ts';

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly kind: 'table' | 'state' | 'log';
  /** Milliseconds a record of a `log` topic is kept. */
  readonly retention?: number;
}

/** What the cluster says of a topic. */
export interface TopicFacts {
  readonly partitions: number;
  /** Milliseconds a compacted topic keeps a tombstone for readers; 0 for a `log` topic. */
  readonly tombstonesKept: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Partitions of `_control` and `_state`: the most processes that can share the connections. */
export const CONNECTION_PARTITIONS = 12;

/** The topics that exist once per prefix. */
export function ownTopics(prefix: string): TopicSpec[] {
  const names = topicNames(prefix);
  return [
    { name: names.state, partitions: CONNECTION_PARTITIONS, kind: 'state' },
    { name: names.control, partitions: CONNECTION_PARTITIONS, kind: 'state' },
    { name: names.runs, partitions: 1, kind: 'log', retention: 90 * DAY },
    { name: names.deadLetters, partitions: 1, kind: 'log', retention: 30 * DAY },
  ];
}

/**
 * Creates the topics that are missing and waits until every partition has a leader. Topics that exist
 * are never altered, only checked.
 *
 * @throws TributaryError `config` when an existing topic would lose rows: not compacted, or (for
 * `_state` and `_control`) with another partition count; `transient` when the cluster is not reachable.
 */
export async function ensureTopics(access: KafkaAccess, specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, TopicFacts>> {
  const { settings } = access;
  return withAdmin(access, 'Preparing the topics', async (admin) => {
    const there = new Set(await admin.listTopics());
    const missing = specs.filter((spec) => !there.has(spec.name));
    if (missing.length > 0) {
      try {
        await admin.createTopics({ topics: missing.map((spec) => creation(spec, settings)), waitForLeaders: false, timeout: 30_000 });
      } catch (error) {
        throw kafkaError(error, settings, `Creating ${missing.length === 1 ? missing[0]?.name : `${missing.length} topics`}`);
      }
    }
    const partitions = await knownPartitions(
      admin,
      specs.map((spec) => spec.name),
    );
    // Those that were missing a moment ago too: somebody else may have been quicker.
    const compacted = specs.filter((spec) => spec.kind !== 'log');
    const kept = await compactedAs(admin, compacted);
    for (const spec of compacted) {
      const count = partitions.get(spec.name) ?? 0;
      if (spec.kind === 'state' && count !== spec.partitions) throw otherCount(spec.name, count, spec.partitions);
    }
    return new Map(specs.map(({ name }) => [name, { partitions: partitions.get(name) ?? 0, tombstonesKept: kept.get(name) ?? 0 }]));
  });
}

/**
 * Refuses to go on writing a table whose topic is no longer the one its state speaks of.
 *
 * @throws TributaryError `config`
 */
export function checkTable(topic: string, facts: TopicFacts, keySchemaId: number, state: TableState | undefined): void {
  if (state === undefined) return;
  if (facts.partitions !== state.partitions) throw otherCount(topic, facts.partitions, state.partitions);
  if (keySchemaId !== state.keySchemaId) {
    throw refusal(
      `The registry gives the key schema of ${topic} the id ${keySchemaId}, but the rows in the topic were written with id ${state.keySchemaId}. ` +
        'The id is part of every key, so new rows would stand beside the old ones instead of replacing them.',
      "Point registry.url at the registry the topic was written with. If that one is lost, or the table's key was changed, delete the topic and have the table read again: tributary state reset <connection>.<table>",
    );
  }
}

/**
 * Refuses to go on behind the position of a table whose rows are no longer in its topic.
 *
 * @param written whether anything was ever written to the topic that is there now.
 * @throws TributaryError `config`
 */
export function checkWritten(topic: string, written: boolean, state: TableState): void {
  if (written || state.rowsPublished === 0) return;
  throw refusal(
    `The topic ${topic} is gone, but its state says that ${state.rowsPublished} rows were published to it.`,
    'Restore the topic, or have the table read again from the start: tributary state reset <connection>.<table>. The empty topic that is there now may stay.',
  );
}

const refusal = (message: string, remedy: string): TributaryError => new TributaryError(message, { kind: 'config', remedy });

const otherCount = (topic: string, found: number, wanted: number): TributaryError =>
  refusal(
    `The topic ${topic} has ${found} partitions, but its rows were spread over ${wanted}: a row's new version would land in another partition than its old one.`,
    `The partition count of a topic must never change. Delete the topic${topic.includes('._') ? '' : ' and have the table read again (tributary state reset <connection>.<table>)'}, or restore it with ${wanted} partitions.`,
  );

function creation(spec: TopicSpec, settings: KafkaSettings): ITopicConfig {
  const common = {
    'min.insync.replicas': String(Math.min(settings.minInSyncReplicas, settings.replicationFactor)),
    'unclean.leader.election.enable': 'false',
  };
  const compacted = {
    'segment.ms': String(DAY),
    'segment.bytes': String((spec.kind === 'state' ? 16 : 128) * 1024 * 1024),
    'min.cleanable.dirty.ratio': '0.2',
    'max.compaction.lag.ms': String(3 * DAY),
    // A landing that only appends needs the marker before the tombstone, so it gets time to read it.
    'min.compaction.lag.ms': String(HOUR),
    'delete.retention.ms': String(7 * DAY),
  };
  const config = {
    ...common,
    ...(spec.kind === 'log' ? { 'retention.ms': String(spec.retention ?? 30 * DAY) } : compacted),
    ...settings.topicConfig,
    'cleanup.policy': spec.kind === 'log' ? 'delete' : 'compact',
  };
  return {
    topic: spec.name,
    numPartitions: spec.partitions,
    replicationFactor: settings.replicationFactor,
    configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
  };
}

/** How long each topic keeps tombstones, ms. Refuses topics that are not compacted. */
async function compactedAs(admin: Admin, specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, number>> {
  if (specs.length === 0) return new Map();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ name }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ['cleanup.policy', 'delete.retention.ms'],
    })),
  });
  const kept = new Map<string, number>();
  for (const { resourceName, configEntries } of resources) {
    const valueOf = (name: string): string | undefined => configEntries.find((entry) => entry.configName === name)?.configValue;
    const policy = valueOf('cleanup.policy');
    if (policy === 'compact') {
      kept.set(resourceName, Number(valueOf('delete.retention.ms') ?? DAY));
      continue;
    }
    throw refusal(
      `The topic ${resourceName} has cleanup.policy=${policy}: rows that do not change would be deleted with time.`,
      `Set it right: kafka-configs --alter --topic ${resourceName} --add-config cleanup.policy=compact`,
    );
  }
  return kept;
}

/** Partition counts, once the broker knows every topic and every partition has a leader. */
async function knownPartitions(admin: Admin, topics: string[]): Promise<Map<string, number>> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    let waiting: string;
    try {
      const metadata = await admin.fetchTopicMetadata({ topics });
      const headless = metadata.topics.find(({ partitions }) => partitions.length === 0 || partitions.some(({ leader }) => leader < 0));
      if (headless === undefined) return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]));
      waiting = `The topic ${headless.name} has partitions without a leader.`;
    } catch (error) {
      // Brokers learn of a new topic a moment after its creation was confirmed.
      const type = protocolType(error);
      if (type !== 'UNKNOWN_TOPIC_OR_PARTITION' && type !== 'LEADER_NOT_AVAILABLE') throw error;
      waiting = 'The brokers do not know topics that have just been created.';
    }
    if (Date.now() > deadline) {
      throw new TributaryError(waiting, {
        kind: 'transient',
        reach: 'connection',
        code: 'kafka:LEADER_NOT_AVAILABLE',
        remedy: 'Look at the state of the brokers.',
      });
    }
    await sleep(100);
  }
}
