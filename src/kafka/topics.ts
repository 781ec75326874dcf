import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, ITopicConfig } from 'kafkajs';
import { TributaryError } from '../core/errors.ts';
import type { KafkaAccess } from './client.ts';
import { withAdmin } from './client.ts';
import { codecFault } from './codecs.ts';
import { kafkaError, protocolType } from './errors.ts';
import { DEFAULT_BATCH_BYTES, LIMIT_SETTINGS, largestBatch } from './message-limits.ts';
import { ownTopics } from './meta/own-topics.ts';
import { topicConfigs } from './topic-configs.ts';
import { collision, topicRefusal, type TopicFacts, type TopicSpec } from './topic-rules.ts';
import type { KafkaSettings } from './types.ts';
import { DAY, HOUR } from '../core/time.ts';

export type { TopicFacts, TopicSpec } from './topic-rules.ts';

/**
 * Creates the missing topics and waits until every partition has a leader. Existing topics are never altered, only examined:
 * the facts of a table's topic contain its refusal, which stops that table alone.
 *
 * @throws TributaryError `config` when one of our own topics would lose records: not compacted, or (`_state` and `_control`)
 * with another partition count; `transient` when the cluster is not reachable.
 */
export async function ensureTopics(access: KafkaAccess, specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, TopicFacts>> {
  const { settings } = access;
  const doing = 'Preparing the topics';
  const { colliding, possible, partitions } = await withAdmin(access, doing, async (admin) => {
    const there = new Set(await admin.listTopics());
    const colliding = new Map(
      specs.flatMap((spec) =>
        there.has(spec.name) ? [] : (collision(spec.name, there) ?? []).map((error) => [spec.name, error] as const),
      ),
    );
    const missing = specs.filter((spec) => !there.has(spec.name) && !colliding.has(spec.name));
    if (missing.length > 0) {
      try {
        await create(
          admin,
          missing.map((spec) => creation(spec, settings)),
          settings.replicationFactor,
        );
      } catch (error) {
        throw kafkaError(error, settings, `Creating ${missing.length === 1 ? missing[0]?.name : `${missing.length} topics`}`);
      }
    }
    const possible = specs.filter((spec) => !colliding.has(spec.name));
    return { colliding, possible, partitions: await knownPartitions(admin, names(possible)) };
  });
  // Includes topics that were missing a moment ago: another process may have created them first.
  const facts = new Map(await describe(access, doing, possible, partitions));
  for (const [name, refusal] of colliding) facts.set(name, refused(refusal));
  requireOwn(specs, facts);
  return facts;
}

/**
 * A cluster that has just started refuses every replication factor while all its brokers are fenced (`StripedReplicaPlacer` of
 * Kafka), and kafkajs drops the text that says so. So the refusal counts only when there are brokers in service, and too few.
 */
async function create(admin: Admin, topics: ITopicConfig[], replicas: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (let first = true; ; first = false) {
    try {
      await admin.createTopics({ topics, waitForLeaders: false, timeout: 30_000 });
      return;
    } catch (error) {
      if (protocolType(error) !== 'INVALID_REPLICATION_FACTOR' || performance.now() > deadline) throw error;
      const { brokers } = await admin.describeCluster();
      if (brokers.length > 0 && brokers.length < replicas && !first) throw error;
    }
    await sleep(250);
  }
}

/** Creates one of the topics that exist once per prefix when it is missing. */
export async function ensureOwnTopic(access: KafkaAccess, topic: string): Promise<void> {
  await ensureTopics(
    access,
    ownTopics(access.settings).filter(({ name }) => name === topic),
  );
}

/** The topics' current facts, creating nothing; missing topics are left out, unless their names cannot be created. */
export async function lookAtTopics(access: KafkaAccess, specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, TopicFacts>> {
  const doing = 'Looking at the topics';
  const { there, existing, partitions } = await withAdmin(access, doing, async (admin) => {
    const there = new Set(await admin.listTopics());
    const existing = specs.filter((spec) => there.has(spec.name));
    return { there, existing, partitions: await knownPartitions(admin, names(existing)) };
  });
  const facts = new Map(await describe(access, doing, existing, partitions));
  for (const spec of specs) {
    const [refusal] = there.has(spec.name) ? [] : (collision(spec.name, there) ?? []);
    if (refusal !== undefined) facts.set(spec.name, refused(refusal));
  }
  return facts;
}

const names = (specs: readonly TopicSpec[]): string[] => specs.map(({ name }) => name);

/** The facts of a topic that cannot be created. */
const refused = (refusal: TributaryError): TopicFacts => ({ partitions: 0, tombstonesKept: 0, largestBatch: DEFAULT_BATCH_BYTES, refusal });

function requireOwn(specs: readonly TopicSpec[], facts: ReadonlyMap<string, TopicFacts>): void {
  for (const { name, kind } of specs) {
    const refusal = kind === 'table' ? undefined : facts.get(name)?.refusal;
    if (refusal !== undefined) throw refusal;
  }
}

function creation(spec: TopicSpec, settings: KafkaSettings): ITopicConfig {
  const common = {
    'min.insync.replicas': String(Math.min(settings.minInSyncReplicas, settings.replicationFactor)),
    'unclean.leader.election.enable': 'false',
    // Not our timestamps: brokers refuse those more than an hour in the future, and retention would go by them.
    'message.timestamp.type': 'LogAppendTime',
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
  // Reports are repeated every few seconds, so only the last one of each key is useful, and only for a short time.
  const shortLived = {
    ...compacted,
    'segment.ms': String(HOUR / 6),
    'min.compaction.lag.ms': '0',
    'max.compaction.lag.ms': String(HOUR / 6),
    'delete.retention.ms': String(HOUR),
  };
  const config = {
    ...common,
    ...(spec.kind === 'log' ? { 'retention.ms': String(spec.retention ?? 30 * DAY) } : spec.kind === 'status' ? shortLived : compacted),
    ...settings.topicConfig,
    ...(spec.kind === 'table' ? {} : enoughForOwnRecords(settings.topicConfig)),
    'cleanup.policy': spec.kind === 'log' ? 'delete' : 'compact',
  };
  return {
    topic: spec.name,
    numPartitions: spec.partitions,
    replicationFactor: settings.replicationFactor,
    configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
  };
}

/** A low size limit set for rows must not prevent a table's position from being saved. */
function enoughForOwnRecords(config: KafkaSettings['topicConfig']): Record<string, string> {
  const asked = Number(config?.['max.message.bytes']);
  return asked < DEFAULT_BATCH_BYTES ? { 'max.message.bytes': String(DEFAULT_BATCH_BYTES) } : {};
}

async function describe(
  access: KafkaAccess,
  doing: string,
  specs: readonly TopicSpec[],
  partitions: ReadonlyMap<string, number>,
): Promise<[string, TopicFacts][]> {
  const configs = await topicConfigs(access, doing, names(specs), [
    'cleanup.policy',
    'delete.retention.ms',
    'compression.type',
    ...LIMIT_SETTINGS,
  ]);
  const codecFaults = new Map<string, string | undefined>();
  for (const config of configs.values()) {
    const compression = config.get('compression.type') ?? 'producer';
    // `producer` stores batches as they were written, which is by us.
    if (compression !== 'producer' && !codecFaults.has(compression)) codecFaults.set(compression, await codecFault(compression));
  }
  return specs.map((spec) => {
    const config = configs.get(spec.name);
    const count = partitions.get(spec.name) ?? 0;
    const refusal = topicRefusal(spec, {
      partitions: count,
      policy: config?.get('cleanup.policy'),
      compression: config?.get('compression.type'),
      codecFault: codecFaults.get(config?.get('compression.type') ?? ''),
    });
    const facts = {
      partitions: count,
      tombstonesKept: spec.kind === 'log' ? 0 : Number(config?.get('delete.retention.ms') ?? DAY),
      largestBatch: largestBatch(config),
    };
    return [spec.name, refusal === undefined ? facts : { ...facts, refusal }];
  });
}

/** Partition counts, once the broker knows every topic and every partition has a leader. */
async function knownPartitions(admin: Admin, topics: string[]): Promise<Map<string, number>> {
  if (topics.length === 0) return new Map();
  const deadline = performance.now() + 30_000;
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
    if (performance.now() > deadline) {
      throw new TributaryError(waiting, {
        kind: 'transient',
        reach: 'connection',
        code: 'kafka:LEADER_NOT_AVAILABLE',
        remedy: 'Check the state of the brokers.',
      });
    }
    await sleep(100);
  }
}
