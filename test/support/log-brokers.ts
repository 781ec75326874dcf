import type { Admin, ITopicConfig } from 'kafkajs';
import { TributaryError } from '../../src/core/errors.ts';
import { placed } from '../../src/kafka/chunks.ts';
import type { KafkaAccess, SharedClients } from '../../src/kafka/client.ts';
import { deadLetterMessage, stateMessage } from '../../src/kafka/messages.ts';
import { topicNames } from '../../src/kafka/meta/topic-names.ts';
import type { Batch, KafkaSettings, Writer } from '../../src/kafka/types.ts';
import type { createWriter } from '../../src/kafka/writer.ts';
import { LogCluster } from './log-cluster.ts';
import { whole } from './whole.ts';

/*
 * The rest of that Kafka: topics are created and described, rights are asked for, and writers commit to the logs and fence each other. What the
 * real writer does with answers that are not as they should be is told by `test/kafka/writer.test.ts`.
 */
export class LogBrokers extends LogCluster {
  /** Everything that was asked of the brokers and of writers, in order. */
  readonly asked: string[] = [];
  /** Called before each of these is answered, by name (`listTopics`, `reopen`, `write` …); what it throws is the answer. */
  readonly before: Record<string, (() => void | Promise<void>) | undefined> = {};
  /** Settings of topics, where they are not those that a topic is created with. */
  readonly configs = new Map<string, Readonly<Record<string, string>>>();
  /** What writers were given, in order. */
  readonly batches: Batch[] = [];
  readonly #writers = new Map<string, number>();

  override access(settings: Partial<KafkaSettings> = {}): KafkaAccess {
    return { ...super.access(settings), shared: this.#shared() };
  }

  async #ask(what: string): Promise<void> {
    this.asked.push(what);
    await this.before[what]?.();
  }

  #shared(): SharedClients {
    const admin = {
      listTopics: async () => {
        await this.#ask('listTopics');
        return [...this.topics.keys()];
      },
      createTopics: async ({ topics, validateOnly = false }: { topics: ITopicConfig[]; validateOnly?: boolean }) => {
        if (validateOnly) return true;
        await this.#ask('createTopics');
        for (const { topic, numPartitions } of topics) this.topic(topic, numPartitions);
        return true;
      },
      fetchTopicMetadata: async ({ topics }: { topics: readonly string[] }) => ({
        topics: topics.map((name) => ({ name, partitions: Array.from({ length: this.topics.get(name) ?? 0 }, () => ({ leader: 0 })) })),
      }),
    } as unknown as Admin;
    const nothing = async (): Promise<object> => ({});
    const broker = {
      fetch: () => this.#ask('rights'),
      produce: nothing,
      heartbeat: nothing,
      addPartitionsToTxn: nothing,
      findGroupCoordinator: async () => ({ coordinator: { nodeId: 0 } }),
      describeConfigs: async ({
        resources,
      }: {
        resources: readonly { readonly name: string; readonly configNames: readonly string[] }[];
      }) => ({
        resources: resources.map(({ name, configNames }) => ({
          resourceName: name,
          configEntries: configNames.map((configName) => ({ configName, configValue: this.#config(name)[configName] ?? null })),
        })),
      }),
    };
    const cluster = { refreshMetadataIfNecessary: nothing, getNodeIds: () => [0], findBroker: async () => broker };
    return {
      admin: async (_access, _doing, work) => work(admin),
      cluster: async (_access, _doing, work) => work(cluster as never),
      close: async () => undefined,
    };
  }

  #config(topic: string): Readonly<Record<string, string>> {
    const isLog = /\._(runs|dead_letters|landing_errors)$/.test(topic);
    return { 'cleanup.policy': isLog ? 'delete' : 'compact', 'delete.retention.ms': '86400000', ...this.configs.get(topic) };
  }

  /** Stands in for the real writer: each batch is one transaction of the logs. */
  readonly createWriter: typeof createWriter = ({ access: { settings }, connection, onTransaction }): Writer => {
    let epoch = 0;
    const { state, deadLetters } = topicNames(settings.prefix);
    return {
      reopen: async () => {
        await this.#ask('reopen');
        epoch = (this.#writers.get(connection) ?? 0) + 1;
        this.#writers.set(connection, epoch);
      },
      write: async (batch) => {
        await this.#ask('write');
        if (this.#writers.get(connection) !== epoch) throw new TributaryError('Another instance has taken over.', { kind: 'fenced' });
        this.batches.push(batch);
        const ends = { producer: connection, ends: 'commit' } as const;
        const rows = placed(batch.messages, this.topics.get(batch.topic) ?? 1, {});
        const covered = new Map<number, bigint>();
        for (const row of rows) {
          this.write(batch.topic, row.partition, [{ key: row.key, value: row.value && whole(row.value) }], ends);
          covered.set(row.partition, this.endOf(batch.topic, row.partition));
        }
        for (const { key, value } of batch.deadLetters.map((letter) => deadLetterMessage(letter, 1_000_000)))
          this.write(deadLetters, 0, [{ key, value }], ends);
        for (const { partition, key, value } of batch.state.map((record) => stateMessage(record, settings)))
          this.write(state, partition, [{ key, value }], ends);
        onTransaction?.({ outcome: 'committed', durationMs: 5 });
        return covered;
      },
      close: () => this.#ask('close'),
    };
  };
}
