import { Partitioners, type Producer } from 'kafkajs';
import { chunksOf, placed } from '../src/kafka/chunks.ts';
import { createClient, withAdmin } from '../src/kafka/client.ts';
import { compressionType } from '../src/kafka/codecs.ts';
import { stateMessage } from '../src/kafka/messages.ts';
import { packedMessages } from '../src/kafka/packed-records.ts';
import { topicNames } from '../src/kafka/meta/topic-names.ts';
import type { Writer } from '../src/kafka/types.ts';
import type { WriterOptions } from '../src/kafka/writer.ts';

/** The product's writer without transactions: same chunks, same headers, plain acks=-1 sends. Only to compare with. */
export function createPlainWriter({ access }: WriterOptions): Writer {
  const { settings } = access;
  const names = topicNames(settings.prefix);
  const partitions = new Map<string, number>();
  let opened: Producer | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  return {
    async reopen() {
      opened ??= createClient(access).producer({ maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner });
      await opened.connect();
    },
    write(batch) {
      const written = queue.then(async () => {
        if (!partitions.has(batch.topic)) {
          const { topics } = await withAdmin(access, 'Looking up the topic', (admin) =>
            admin.fetchTopicMetadata({ topics: [batch.topic] }),
          );
          partitions.set(batch.topic, topics[0]?.partitions.length ?? 1);
        }
        const covered = new Map<number, bigint>();
        const rounds = [
          ...(await chunksOf(batch.topic, placed(batch.messages, partitions.get(batch.topic) ?? 1, batch.headers))),
          ...(await chunksOf(
            names.state,
            batch.state.map((record) => stateMessage(record, access.settings)),
          )),
        ];
        for (const round of rounds) {
          const answers = await opened?.sendBatch({
            acks: -1,
            compression: compressionType(settings.compression),
            topicMessages: packedMessages(round),
          });
          for (const { topic, partition, count } of round) {
            const base = answers?.find((one) => one.topicName === topic && one.partition === partition)?.baseOffset;
            if (topic === batch.topic && base !== undefined) covered.set(partition, BigInt(base) + BigInt(count));
          }
        }
        return covered;
      });
      queue = written.catch(() => undefined);
      return written;
    },
    async close() {
      await opened?.disconnect();
    },
  };
}
