import type { ProducerBatch, RecordMetadata, Transaction } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { outboxRecord, tableStateRecord } from '../../src/kafka/meta/state.ts';
import type { TransactionalProducer } from '../../src/kafka/producer.ts';
import type { Batch, DeadLetter, TopicMessage, Writer } from '../../src/kafka/types.ts';
import { createWriter, type WriterDeadlines } from '../../src/kafka/writer.ts';
import { refusalOf, stateOf } from './support.ts';

/*
 * The writer with a Kafka that the test answers for: what it sends in which order, what it takes for written, and what it does when an
 * answer is not what it should be. `writer.it.test.ts` has the real one.
 */

const TOPIC = 'p.c.rows';
const STATE = 'p._state';
const LETTERS = 'p._dead_letters';

interface Answer extends Omit<RecordMetadata, 'baseOffset'> {
  baseOffset?: string | undefined;
}

/** Calls in order: `begin`, each send as `topic/partition x messages`, `commit`, `abort`, `rest`, `drop`, `close`. */
function kafka({ brokers = 1, partitions = 1, room = 1_000_000 } = {}) {
  const calls: string[] = [];
  const ends = new Map<string, number>();
  const madeAt = performance.now();
  const self = {
    calls,
    opened: 0,
    /** Transactional id and time limits of each producer. */
    openedAs: [] as unknown[],
    /** The records of each send, by topic. */
    sent: [] as { readonly topic: string; readonly records: string }[],
    outcomes: [] as string[],
    lookedUp: [] as (readonly string[])[],
    /** Changes what a call does. */
    lookUp: async (): Promise<void> => undefined,
    begin: async (): Promise<void> => undefined,
    send: async (answers: Answer[]): Promise<Answer[]> => answers,
    commit: async (): Promise<void> => undefined,
    abort: async (): Promise<void> => undefined,
    writer: (deadlines: Partial<WriterDeadlines> = {}, signal?: AbortSignal): Writer =>
      createWriter({
        access: {
          settings: { prefix: 'p', brokers: ['k:1'], compression: 'none' } as never,
          ...(signal === undefined ? {} : { signal }),
        },
        connection: 'c',
        deadlines,
        onTransaction: ({ outcome, durationMs }) =>
          void self.outcomes.push(durationMs >= 0 && durationMs <= performance.now() - madeAt ? outcome : 'longer than there was'),
        calls: {
          openProducer: async (_access, ...how) => {
            self.opened += 1;
            self.openedAs.push(how);
            return producer;
          },
          lookUp: async (_access, known, asked) => {
            self.lookedUp.push(asked);
            await self.lookUp();
            const found = asked.map((topic) => [topic, { partitions: topic === TOPIC ? partitions : 1, room }] as const);
            return { brokers, topics: new Map([...known.topics, ...found]) };
          },
        },
      }),
  };
  const told =
    (name: string, work: () => Promise<void> = async () => undefined) =>
    async () => {
      calls.push(name);
      await work();
    };
  const transaction = {
    async sendBatch({ topicMessages = [], acks }: ProducerBatch) {
      if (acks !== -1) throw new Error('All replicas must have it.');
      const answers: Answer[] = [];
      const sent: string[] = [];
      for (const { topic, messages } of topicMessages) {
        // As kafkajs sorts messages into partitions.
        const lines = messages.reduce((all) => all, {} as Record<string, unknown[]>) as unknown as Record<string, unknown[]>;
        for (const [partition, records] of Object.entries(lines)) {
          const { length } = records;
          const [packed] = records.map((record) => record) as { readonly buffer: Buffer }[];
          self.sent.push({ topic, records: String(packed?.buffer) });
          const line = `${topic}/${partition}`;
          const base = ends.get(line) ?? 0;
          sent.push(`${line} x ${length}`);
          ends.set(line, base + length);
          answers.push({ topicName: topic, partition: Number(partition), errorCode: 0, baseOffset: String(base) });
        }
      }
      calls.push(sent.sort().join(', '));
      return self.send(answers);
    },
    commit: told('commit', () => self.commit()),
    abort: told('abort', () => self.abort()),
  } as unknown as Transaction;
  const producer: TransactionalProducer = {
    begin: async () => {
      await told('begin', () => self.begin())();
      return transaction;
    },
    rest: told('rest'),
    drop: () => void calls.push('drop'),
    close: told('close'),
  };
  return self;
}

const rows = (count: number): TopicMessage[] =>
  Array.from({ length: count }, (_, n) => ({ key: Buffer.from(`k${n}`), value: Buffer.from('v') }));
const batch = (messages: readonly TopicMessage[], more: Partial<Batch> = {}): Batch => ({
  topic: TOPIC,
  messages,
  deadLetters: [],
  state: [tableStateRecord('c', 'rows', stateOf(1))],
  headers: {},
  ...more,
});
const letter: DeadLetter = {
  connection: 'c',
  table: 'rows',
  reason: 'no key',
  detail: '',
  raw: '{}',
  rawBytes: 2,
  position: undefined,
  runId: 'run',
  at: 5,
};
const failure = (type: string): Error => Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type });
const fenced = (): Error => failure('INVALID_PRODUCER_EPOCH');

async function open(world: ReturnType<typeof kafka>, ...how: Parameters<(typeof world)['writer']>): Promise<Writer> {
  const writer = world.writer(...how);
  await writer.reopen();
  return writer;
}

describe('a batch', () => {
  it('is one transaction, and its state goes last', async () => {
    const world = kafka();
    const writer = await open(world);
    await writer.write(batch(rows(1_001), { deadLetters: [letter] }));
    expect(world.calls).toEqual([
      'begin',
      `${LETTERS}/0 x 1, ${TOPIC}/0 x 1000`,
      // The last rows and the state reach the one broker together.
      expect.stringMatching(/^p\._state\/\d+ x 1, p\.c\.rows\/0 x 1$/),
      'commit',
    ]);
    expect(world.outcomes).toEqual(['committed']);
  });

  it('goes to one partition at a time where there are several brokers, and its state goes last', async () => {
    const world = kafka({ brokers: 3, partitions: 2 });
    const writer = await open(world);
    await writer.write(batch(rows(40), { deadLetters: [letter] }));
    const sends = world.calls.slice(1, -1);
    expect(sends).toHaveLength(4);
    expect(sends.every((sent) => !sent.includes(','))).toBe(true);
    expect(sends.at(-1)).toContain(STATE);
    expect([world.calls[0], world.calls.at(-1)]).toEqual(['begin', 'commit']);
  });

  it('of nothing is no transaction', async () => {
    const world = kafka();
    expect(await (await open(world)).write(batch([], { state: [] }))).toEqual(new Map());
    expect([world.calls, world.outcomes]).toEqual([[], []]);
  });

  it('covers, by partition, what it has written of the table, and nothing of other topics', async () => {
    const world = kafka({ partitions: 3 });
    const writer = await open(world);
    const first = await writer.write(batch(rows(90), { deadLetters: [letter] }));
    expect([...first.values()].reduce((sum, end) => sum + end, 0n)).toBe(90n);
    expect([...first.keys()].sort()).toEqual([0, 1, 2]);
    const second = await writer.write(batch(rows(90)));
    for (const [partition, end] of second) expect(end).toBe(2n * (first.get(partition) ?? 0n));
    const many = await open(kafka());
    expect(await many.write(batch(rows(2_500)))).toEqual(new Map([[0, 2_500n]]));
    // Whichever topic is confirmed first.
    const other = kafka();
    other.send = async (answers) => answers.toReversed();
    const turned = await open(other);
    await turned.write(batch(rows(5)));
    expect(await turned.write(batch(rows(5), { deadLetters: [letter] }))).toEqual(new Map([[0, 10n]]));
  });

  it('asks what a topic may hold once, and only of topics it has something for', async () => {
    const world = kafka();
    const writer = await open(world);
    await writer.write(batch([], { state: [outboxRecord('c', 'rows', { id: '1', work: {} })] }));
    await writer.write(batch(rows(1)));
    await writer.write(batch(rows(1)));
    expect(world.lookedUp).toEqual([[STATE, LETTERS], [TOPIC]]);
    world.send = async () => {
      throw failure('NOT_ENOUGH_REPLICAS');
    };
    await refusalOf(writer.write(batch(rows(1))));
    world.send = async (answers) => answers;
    await writer.reopen();
    await writer.write(batch(rows(1)));
    expect(world.lookedUp.slice(2), 'it may have changed').toEqual([[STATE, LETTERS, TOPIC]]);
  });

  it('is split into what the topic takes at a time, and a dead letter is cut to it', async () => {
    const world = kafka({ room: 20_000 });
    const writer = await open(world);
    const wide = Array.from({ length: 4 }, (_, n) => ({ key: Buffer.from(`k${n}`), value: Buffer.alloc(9_000) }));
    await writer.write(batch(wide, { deadLetters: [{ ...letter, raw: 'x'.repeat(50_000) }] }));
    expect(world.calls.filter((call) => call.includes(TOPIC)).map((call) => / x \d+$/.exec(call)?.[0])).toEqual([' x 2', ' x 2']);
    const raw = world.sent.find(({ topic }) => topic === LETTERS)?.records ?? '';
    expect(/x+/.exec(raw)?.[0], 'halved twice').toHaveLength(12_500);
  });
});

describe('an answer that does not confirm what was sent', () => {
  it.each<[string, (answers: Answer[]) => Answer[]]>([
    ['leaves a partition out', (answers) => answers.filter(({ topicName }) => topicName !== TOPIC)],
    ['leaves the state out', (answers) => answers.filter(({ topicName }) => topicName === TOPIC)],
    ['names another partition', (answers) => answers.map((one) => ({ ...one, partition: one.partition + 1 }))],
    ['tells of a fault', (answers) => answers.map((one) => ({ ...one, errorCode: 3 }))],
    ['gives no offset', (answers) => answers.map(({ baseOffset: _, ...one }) => one)],
    ['gives an offset of nothing', (answers) => answers.map((one) => ({ ...one, baseOffset: '-1' }))],
  ])('ends the transaction uncommitted when it %s', async (_what, change) => {
    const world = kafka();
    const writer = await open(world);
    world.send = async (answers) => change(answers);
    const error = await refusalOf(writer.write(batch(rows(2), { deadLetters: [letter] })));
    expect(error).toMatchObject({ kind: 'transient', code: 'kafka:unconfirmed' });
    expect(world.calls.slice(2)).toEqual(['abort', 'drop']);
    expect(world.outcomes).toEqual(['aborted']);
    // And nothing goes out before the writer was opened again.
    expect(await refusalOf(writer.write(batch(rows(2))))).toMatchObject({
      kind: 'transient',
      reach: 'connection',
      code: 'kafka:writer-dead',
    });
    expect(world.calls).toHaveLength(4);
    world.send = async (answers) => answers;
    await writer.reopen();
    expect(world.opened).toBe(2);
    await writer.write(batch(rows(2)));
    expect(world.outcomes).toEqual(['aborted', 'committed']);
  });

  it('names the topic and the partition', async () => {
    const world = kafka();
    const writer = await open(world);
    world.send = async () => [];
    expect((await refusalOf(writer.write(batch(rows(1))))).message).toBe(`Kafka did not confirm all messages for ${TOPIC}, partition 0.`);
  });
});

describe('a transaction that fails', () => {
  it('is aborted when Kafka refuses a send, and the refusal is told even if the abort fails', async () => {
    const world = kafka();
    const writer = await open(world);
    world.send = async () => {
      throw failure('NOT_ENOUGH_REPLICAS');
    };
    world.abort = async () => {
      throw new Error('no');
    };
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({
      code: 'kafka:NOT_ENOUGH_REPLICAS',
      message: expect.stringContaining(`Writing to ${TOPIC}`),
    });
    expect(world.calls.slice(2)).toEqual(['abort', 'drop']);
  });

  it('has nothing to abort when it could not begin', async () => {
    const world = kafka();
    const writer = await open(world);
    world.begin = async () => {
      throw failure('COORDINATOR_NOT_AVAILABLE');
    };
    await refusalOf(writer.write(batch(rows(1))));
    expect(world.calls).toEqual(['begin', 'drop']);
    expect(world.outcomes).toEqual(['aborted']);
  });

  it('is not aborted after a send that nobody answered, which may still arrive', async () => {
    const world = kafka();
    const writer = await open(world, { send: 20 });
    world.send = () => new Promise(() => undefined);
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({
      code: 'kafka:deadline',
      message: expect.stringContaining(`Writing to ${TOPIC}`),
    });
    expect(world.calls.slice(2)).toEqual(['drop']);
  });

  it('is left to the instance that has taken over, and so is the connection', async () => {
    const world = kafka();
    const writer = await open(world);
    world.send = async () => {
      throw fenced();
    };
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({ kind: 'fenced' });
    expect(world.calls.slice(2)).toEqual(['drop']);
    expect(world.outcomes).toEqual(['fenced']);
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({
      kind: 'fenced',
      code: 'kafka:writer-dead',
      message: 'The writer of c is closed: another instance has taken over.',
    });
  });

  it('is no takeover when the broker ended it for being late', async () => {
    const world = kafka();
    const writer = await open(world, { transaction: 30 });
    world.send = async () => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      throw fenced();
    };
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({
      kind: 'transient',
      reach: 'connection',
      code: 'kafka:transaction-timeout',
      message: `Writing to ${TOPIC} took longer than the 0.03 s a transaction may; nothing of it was kept.`,
    });
    expect(world.outcomes).toEqual(['aborted']);
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({
      kind: 'transient',
      message: 'The writer of c is closed after an earlier failure.',
    });
  });

  it('is named by the topic whose message was too large', async () => {
    const world = kafka({ room: 1_000 });
    const writer = await open(world);
    world.send = async () => {
      throw failure('MESSAGE_TOO_LARGE');
    };
    const large = [{ key: Buffer.from('k'), value: Buffer.alloc(5_000) }];
    expect((await refusalOf(writer.write(batch(large)))).message).toContain(`Writing to ${TOPIC}`);
    await writer.reopen();
    const state = [outboxRecord('c', 'rows', { id: '1', work: { text: 'x'.repeat(5_000) } })];
    expect((await refusalOf(writer.write(batch(rows(1), { state })))).message, 'not by the first one of the send').toContain(
      `Writing to ${STATE}`,
    );
  });
});

describe('a commit that fails', () => {
  it('leaves open what was committed', async () => {
    const world = kafka();
    const writer = await open(world);
    world.commit = async () => {
      throw failure('REQUEST_TIMED_OUT');
    };
    const error = await refusalOf(writer.write(batch(rows(1))));
    expect(error).toMatchObject({
      kind: 'transient',
      reach: 'connection',
      code: 'kafka:outcome-unknown',
      remedy: expect.stringContaining('the saved position tells what was committed'),
    });
    expect(error.message).toContain(`whether the last rows for ${TOPIC} were committed: `);
    expect(world.calls.slice(2)).toEqual(['commit', 'drop']);
    expect(world.outcomes).toEqual(['unknown']);
  });

  it('is no commit when another instance has taken over', async () => {
    const world = kafka();
    const writer = await open(world);
    world.commit = async () => {
      throw fenced();
    };
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({ kind: 'fenced' });
    expect(world.outcomes).toEqual(['fenced']);
  });

  it('that nobody answers is given up', async () => {
    const world = kafka();
    const writer = await open(world, { commit: 20 });
    world.commit = () => new Promise(() => undefined);
    const error = await refusalOf(writer.write(batch(rows(1))));
    expect(error).toMatchObject({ code: 'kafka:outcome-unknown', message: expect.stringContaining(`Committing to ${TOPIC}`) });
  });
});

describe('a writer', () => {
  it('is used once it was opened, and not after it was closed', async () => {
    const world = kafka();
    const writer = world.writer();
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({
      kind: 'internal',
      message: 'The writer of c was used before it was opened.',
    });
    await writer.close();
    expect(world.calls, 'there was nothing to close').toEqual([]);
    await writer.reopen();
    await writer.reopen();
    expect(world.opened).toBe(1);
    await writer.close();
    expect(world.calls).toEqual(['close']);
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({ kind: 'transient', code: 'kafka:writer-dead' });
  });

  it('has the id of its connection, by which it ends the writers before it', async () => {
    const world = kafka();
    await open(world, { transaction: 70_000, open: 9_000 });
    expect(world.openedAs).toEqual([['p.c', 70_000, 9_000]]);
  });

  it('waits for no call without an end', async () => {
    const world = kafka();
    const writer = await open(world, { open: 20 });
    world.lookUp = () => new Promise(() => undefined);
    const deadline = { kind: 'transient', code: 'kafka:deadline' };
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({
      ...deadline,
      message: expect.stringContaining(`Looking up ${STATE}`),
    });
    world.lookUp = async () => undefined;
    world.begin = () => new Promise(() => undefined);
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({
      ...deadline,
      message: expect.stringContaining('Beginning a transaction'),
    });
  });

  it('waits for a send as long as it has to by itself, and no longer', async () => {
    vi.useFakeTimers();
    try {
      const world = kafka();
      const writer = await open(world);
      world.send = () => new Promise(() => undefined);
      const refused = refusalOf(writer.write(batch(rows(1))));
      await vi.advanceTimersByTimeAsync(40_000);
      expect((await refused).message).toBe(`Writing to ${TOPIC} took longer than 40 s.`);
    } finally {
      vi.useRealTimers();
    }
  });

  it('writes one batch after the other, and goes on with the next when one was refused', async () => {
    const world = kafka();
    const writer = await open(world);
    let under = 0;
    let most = 0;
    world.send = async (answers) => {
      most = Math.max(most, (under += 1));
      await new Promise((resolve) => setTimeout(resolve, 2));
      under -= 1;
      return answers;
    };
    await Promise.all([writer.write(batch(rows(1))), writer.write(batch(rows(1))), writer.write(batch(rows(1)))]);
    expect(most).toBe(1);
    world.commit = async () => {
      throw failure('REQUEST_TIMED_OUT');
    };
    const refused = refusalOf(writer.write(batch(rows(1))));
    const again = writer.reopen();
    world.calls.length = 0;
    expect(await refused).toMatchObject({ code: 'kafka:outcome-unknown' });
    await again;
    world.commit = async () => undefined;
    await writer.write(batch(rows(1)));
    expect(world.outcomes.at(-1)).toBe('committed');
  });

  it('gives up when its work is stopped', async () => {
    const stop = new AbortController();
    const world = kafka();
    const writer = await open(world, {}, stop.signal);
    world.send = () => new Promise(() => stop.abort());
    expect(await refusalOf(writer.write(batch(rows(1))))).toMatchObject({ kind: 'stopped' });
    expect(world.calls.at(-1)).toBe('drop');
  });
});

describe('a writer that has nothing to write', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('lets its connections go after five seconds, and again after the next batch', async () => {
    const world = kafka();
    const writer = await open(world);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(world.calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(world.calls).toEqual(['rest']);
    await writer.write(batch(rows(1)));
    await vi.advanceTimersByTimeAsync(4_000);
    await writer.write(batch(rows(1)));
    world.calls.length = 0;
    await vi.advanceTimersByTimeAsync(4_000);
    expect(world.calls, 'five seconds after the last one').toEqual([]);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(world.calls).toEqual(['rest']);
  });

  it('lets none go while it writes, nor after it was closed', async () => {
    const world = kafka();
    const writer = await open(world);
    world.send = async (answers) => {
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      return answers;
    };
    const writing = writer.write(batch(rows(1)));
    await vi.advanceTimersByTimeAsync(20_001);
    await writing;
    await writer.close();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(world.calls).not.toContain('rest');
  });
});
