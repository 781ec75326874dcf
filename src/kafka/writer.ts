import { performance } from 'node:perf_hooks';
import type { RecordMetadata, Transaction } from 'kafkajs';
import { TributaryError } from '../core/errors.ts';
import type { Chunk } from './chunks.ts';
import { chunksOf, groupsOf, placed } from './chunks.ts';
import type { KafkaAccess } from './client.ts';
import { withAdmin } from './client.ts';
import { compressionType, compressWith } from './codecs.ts';
import { withDeadline } from './deadline.ts';
import { isFenced, kafkaError } from './errors.ts';
import { largestBatch, LIMIT_SETTINGS, roomIn } from './message-limits.ts';
import { topicConfigs } from './topic-configs.ts';
import { deadLetterMessage, stateMessage } from './messages.ts';
import type { TransactionalProducer } from './producer.ts';
import { openProducer } from './producer.ts';
import { packedMessages } from './packed-records.ts';
import { topicNames } from './meta/topic-names.ts';
import type { Batch, CoveredOffsets, Writer } from './types.ts';

/** Time limit of each call, milliseconds. `transaction` is the broker's own limit for a whole transaction. */
export interface WriterDeadlines {
  readonly open: number;
  readonly send: number;
  readonly commit: number;
  readonly transaction: number;
}

export interface WriterOptions {
  readonly access: KafkaAccess;
  readonly connection: string;
  readonly onTransaction?: (done: {
    readonly outcome: 'committed' | 'aborted' | 'unknown' | 'fenced';
    readonly durationMs: number;
  }) => void;
  readonly deadlines?: Partial<WriterDeadlines>;
  /** The calls that reach Kafka; a test may answer them. */
  readonly calls?: WriterCalls;
}

export interface WriterCalls {
  readonly openProducer: typeof openProducer;
  /** Looks topics up and adds them to those that are known. */
  readonly lookUp: typeof lookUp;
}

const DEADLINES: WriterDeadlines = { open: 45_000, send: 40_000, commit: 30_000, transaction: 60_000 };
const ABORT_DEADLINE = 3_000;
/** Idle time (ms) after the last write until the producer closes its connections. */
const REST_MS = 5_000;

export interface Cluster {
  readonly brokers: number;
  readonly topics: ReadonlyMap<string, KnownTopic>;
}

interface KnownTopic {
  readonly partitions: number;
  /** Bytes before compression that fit one batch of the topic in any case. */
  readonly room: number;
}

type WriterState =
  | { readonly is: 'new' | 'closed' }
  | { readonly is: 'open'; readonly producer: TransactionalProducer }
  | { readonly is: 'dead'; readonly fenced: boolean };

/**
 * The writer of a connection. It starts closed: call `reopen` before the first read of `_state`, because only then nobody
 * else can change the state any more. Calls are queued, so tables may share the writer.
 */
export function createWriter({
  access,
  connection,
  onTransaction,
  deadlines: given,
  calls = { openProducer, lookUp },
}: WriterOptions): Writer {
  const { settings } = access;
  const deadlines = { ...DEADLINES, ...given };
  const names = topicNames(settings.prefix);
  const id = `${settings.prefix}.${connection}`;
  const compress = compressWith(settings.compression);
  let status: WriterState = { is: 'new' };
  let cluster: Cluster = { brokers: 0, topics: new Map() };
  let queue: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  /** Looks topics up; the result is kept until the writer is opened again. */
  const know = async (...topics: readonly string[]): Promise<KnownTopic[]> => {
    const unknown = topics.filter((topic) => !cluster.topics.has(topic));
    if (unknown.length > 0) {
      const doing = `Looking up ${unknown[0]}`;
      cluster = await withDeadline(deadlines.open, doing, () => calls.lookUp(access, cluster, unknown), access.signal);
    }
    return topics.map((topic) => cluster.topics.get(topic) ?? { partitions: 1, room: Number.POSITIVE_INFINITY });
  };

  const send = async (tx: Transaction, group: readonly Chunk[]): Promise<RecordMetadata[]> => {
    const answers = await withDeadline(
      deadlines.send,
      `Writing to ${group[0]?.topic}`,
      () =>
        tx.sendBatch({
          acks: -1,
          compression: compressionType(settings.compression),
          topicMessages: packedMessages(group),
        }),
      access.signal,
    );
    // After a change of leaders during a send, kafkajs can leave out partitions without an error.
    for (const { topic, partition } of group) {
      const answer = answers.find((one) => one.topicName === topic && one.partition === partition);
      if (answer === undefined || answer.errorCode !== 0 || BigInt(answer.baseOffset ?? -1) < 0n) {
        throw new TributaryError(`Kafka did not confirm all messages for ${topic}, partition ${partition}.`, {
          kind: 'transient',
          code: 'kafka:unconfirmed',
        });
      }
    }
    return answers;
  };

  const write = async (batch: Batch): Promise<CoveredOffsets> => {
    if (status.is === 'new') throw new TributaryError(`The writer of ${connection} was used before it was opened.`, { kind: 'internal' });
    if (status.is !== 'open') throw deadError(connection, status.is === 'dead' && status.fenced);
    const { producer } = status;
    const [ours, letters, table] = await know(names.state, names.deadLetters, ...(batch.messages.length === 0 ? [] : [batch.topic]));
    const groups = groupsOf(
      await chunksOf(batch.topic, placed(batch.messages, table?.partitions ?? 0, batch.headers), { room: table?.room, compress }),
      await chunksOf(
        names.deadLetters,
        batch.deadLetters.map((letter) => deadLetterMessage(letter, letters?.room ?? 0)),
        { room: letters?.room, compress },
      ),
      await chunksOf(
        names.state,
        batch.state.map((record) => stateMessage(record, settings)),
        { room: ours?.room, compress },
      ),
      cluster.brokers,
    );
    const covered = new Map<number, bigint>();
    if (groups.length === 0) return covered;

    const startedAt = performance.now();
    let sending = groups[0];
    const end = (outcome: 'committed' | 'aborted' | 'unknown' | 'fenced'): void => {
      onTransaction?.({ outcome, durationMs: performance.now() - startedAt });
    };
    const die = (error: unknown, outcome: 'aborted' | 'unknown'): TributaryError => {
      // The broker ends a transaction that takes too long with the same error as a fenced one.
      const overdue = performance.now() - startedAt >= deadlines.transaction;
      const fenced = isFenced(error) && !overdue;
      status = { is: 'dead', fenced };
      producer.drop();
      end(fenced ? 'fenced' : outcome);
      if (isFenced(error) && overdue) {
        return new TributaryError(
          `Writing to ${batch.topic} took longer than the ${deadlines.transaction / 1000} s a transaction may; nothing of it was kept.`,
          {
            kind: 'transient',
            reach: 'connection',
            code: 'kafka:transaction-timeout',
            cause: error,
          },
        );
      }
      // The response does not say which of the chunks sent together was too large.
      const tooLarge = sending?.find((chunk) => chunk.size > (cluster.topics.get(chunk.topic)?.room ?? 0));
      return kafkaError(error, settings, `Writing to ${tooLarge?.topic ?? batch.topic}`);
    };

    let tx: Transaction | undefined;
    try {
      tx = await withDeadline(deadlines.open, 'Beginning a transaction', () => producer.begin(), access.signal);
      for (const group of groups) {
        sending = group;
        const answers = await send(tx, group);
        for (const { topic, partition, count } of group) {
          const base = answers.find((one) => one.topicName === topic && one.partition === partition)?.baseOffset;
          if (topic === batch.topic) covered.set(partition, BigInt(base ?? 0) + BigInt(count));
        }
      }
    } catch (error) {
      // Readers wait for open transactions, so it is aborted now instead of by the next producer; but only when no abandoned
      // send may still arrive.
      const abandoned = error instanceof TributaryError && error.code === 'kafka:deadline';
      if (tx !== undefined && !abandoned && !isFenced(error)) {
        const open = tx;
        await withDeadline(ABORT_DEADLINE, 'Aborting', () => open.abort(), access.signal).catch(() => undefined);
      }
      throw die(error, 'aborted');
    }
    try {
      const open = tx;
      await withDeadline(deadlines.commit, `Committing to ${batch.topic}`, () => open.commit(), access.signal);
    } catch (error) {
      const told = die(error, 'unknown');
      if (isFenced(error)) throw told;
      throw new TributaryError(`It is unknown whether the last rows for ${batch.topic} were committed: ${told.message}`, {
        kind: 'transient',
        reach: 'connection',
        code: 'kafka:outcome-unknown',
        cause: error,
        remedy: 'Nothing: the writer is opened again and the saved position tells what was committed.',
      });
    }
    end('committed');
    return covered;
  };

  // With hundreds of connections, most have nothing to write at any moment; idle ones keep no sockets.
  let idle: NodeJS.Timeout | undefined;
  const restLater = (): void => {
    clearTimeout(idle);
    idle = setTimeout(() => {
      void inTurn(async () => {
        if (status.is === 'open' && idle !== undefined) await status.producer.rest();
      });
    }, REST_MS);
    idle.unref();
  };
  const busy = (): void => {
    clearTimeout(idle);
    idle = undefined;
  };

  return {
    write: (batch) =>
      inTurn(async () => {
        busy();
        const covered = await write(batch);
        restLater();
        return covered;
      }),
    reopen: () =>
      inTurn(async () => {
        if (status.is === 'open') return;
        cluster = { brokers: 0, topics: new Map() };
        status = { is: 'open', producer: await calls.openProducer(access, id, deadlines.transaction, deadlines.open) };
        restLater();
      }),
    close: () =>
      inTurn(async () => {
        busy();
        const before = status;
        status = { is: 'closed' };
        if (before.is === 'open') await before.producer.close();
      }),
  };
}

async function lookUp(access: KafkaAccess, known: Cluster, asked: readonly string[]): Promise<Cluster> {
  const doing = `Looking up ${asked[0]}`;
  const { brokers, topics } = await withAdmin(access, doing, async (admin) => ({
    brokers: (await admin.describeCluster()).brokers.length,
    topics: (await admin.fetchTopicMetadata({ topics: [...asked] })).topics,
  }));
  const configs = await topicConfigs(access, doing, asked, LIMIT_SETTINGS);
  const found = topics.map(({ name, partitions }): [string, KnownTopic] => [
    name,
    { partitions: partitions.length, room: roomIn(largestBatch(configs.get(name))) },
  ]);
  return { brokers, topics: new Map([...known.topics, ...found]) };
}

function deadError(connection: string, fenced: boolean): TributaryError {
  return new TributaryError(
    `The writer of ${connection} is closed${fenced ? ': another instance has taken over' : ' after an earlier failure'}.`,
    {
      kind: fenced ? 'fenced' : 'transient',
      reach: 'connection',
      code: 'kafka:writer-dead',
    },
  );
}
