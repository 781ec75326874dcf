import type { ProducerConfig } from 'kafkajs';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient, type KafkaAccess } from '../../src/kafka/client.ts';
import { brokerAway } from '../../src/kafka/errors.ts';
import { openProducer, type TransactionalProducer } from '../../src/kafka/producer.ts';
import { refusalOf } from './support.ts';

/*
 * What is asked of kafkajs's producer, and when. kafkajs is replaced where its client is made; that an older producer is fenced is for real brokers
 * to show (`writer.it.test.ts`).
 */
vi.mock('../../src/kafka/client.ts', async (original) => ({ ...(await original()), createClient: vi.fn<typeof createClient>() }));

/** Calls in order; each may be replaced. */
let calls: string[];
let answers: Record<string, () => Promise<unknown>>;
let config: ProducerConfig | undefined;
/** Whether the client's sockets were closed for good. */
let isCut: () => boolean;
beforeEach(() => {
  [calls, answers, config] = [[], {}, undefined];
  const call = (name: string) => async () => {
    calls.push(name);
    await answers[name]?.();
  };
  vi.mocked(createClient).mockImplementation((_access, options) => {
    isCut = () => {
      try {
        options?.socketFactory?.({ host: 'kafka', port: 9092, ssl: undefined as never, onConnect: () => undefined });
        return false;
      } catch (error) {
        return (error as Error).message === 'this client has been dropped';
      }
    };
    const producer = {
      connect: call('connect'),
      disconnect: call('disconnect'),
      transaction: async () => {
        await call('transaction')();
        return { abort: call('abort') };
      },
    };
    return {
      producer: (given: ProducerConfig) => {
        config = given;
        return producer;
      },
    } as never;
  });
});

const access: KafkaAccess = {
  settings: { brokers: ['kafka:9092'] } as never,
  socketFactory: () => ({ once: () => undefined, destroy: () => undefined }) as never,
};
const open = (more: Partial<KafkaAccess> = {}, deadline = 5_000): Promise<TransactionalProducer> =>
  openProducer({ ...access, ...more }, 'saas.shop', 60_000, deadline);
const hang = (): Promise<never> => new Promise(() => undefined);

describe('opening', () => {
  test('takes over the transactional id by an empty transaction', async () => {
    await open();
    expect(calls).toEqual(['connect', 'transaction', 'abort']);
    expect(config).toMatchObject({
      transactionalId: 'saas.shop',
      transactionTimeout: 60_000,
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { retries: 7 },
    });
    expect(config?.createPartitioner).toBeTypeOf('function');
    expect(isCut()).toBe(false);
  });

  test.each(['connect', 'transaction', 'abort'])('that fails at its %s leaves no client behind', async (step) => {
    answers[step] = () => Promise.reject(brokerAway('x'));
    answers['disconnect'] = () => Promise.reject(new Error('that as well'));
    const error = await refusalOf(open());
    expect(error).toMatchObject({ kind: 'transient', code: 'kafka:unreachable' });
    expect(error.message).toContain('Opening the writer of saas.shop failed');
    expect([calls.at(-1), isCut()]).toEqual(['disconnect', true]);
  });

  test('ends at its deadline, and at a stop', async () => {
    answers['connect'] = hang;
    expect(await refusalOf(open({}, 30))).toMatchObject({ code: 'kafka:deadline', message: 'Opening the writer took longer than 0 s.' });
    expect(isCut()).toBe(true);
    const stop = new AbortController();
    const opening = refusalOf(open({ signal: stop.signal }));
    stop.abort();
    expect(await opening).toMatchObject({ kind: 'stopped' });
    expect(isCut()).toBe(true);
  });
});

describe('a producer', () => {
  test('begins transactions on the connection that it has', async () => {
    const producer = await open();
    calls.length = 0;
    await producer.begin();
    await producer.begin();
    expect(calls).toEqual(['transaction', 'transaction']);
  });

  test('that rests connects again with its next transaction, once', async () => {
    const producer = await open();
    calls.length = 0;
    await producer.rest();
    expect([calls, isCut()]).toEqual([['disconnect'], false]);
    await producer.begin();
    await producer.begin();
    expect(calls).toEqual(['disconnect', 'connect', 'transaction', 'transaction']);
  });

  test('that could not connect again tries it with the next transaction', async () => {
    const producer = await open();
    await producer.rest();
    calls.length = 0;
    answers['connect'] = () => Promise.reject(brokerAway('x'));
    await refusalOf(producer.begin());
    await refusalOf(producer.begin());
    expect(calls).toEqual(['connect', 'connect']);
  });

  test.each(['rest', 'close'] as const)('may %s whatever the brokers say', async (how) => {
    const producer = await open();
    answers['disconnect'] = () => Promise.reject(new Error('no'));
    await producer[how]();
    expect(isCut()).toBe(how === 'close');
  });

  test('that is closed has said good-bye before its sockets are closed', async () => {
    const producer = await open();
    let atGoodbye: boolean | undefined;
    answers['disconnect'] = async () => void (atGoodbye = isCut());
    await producer.close();
    expect([atGoodbye, isCut()]).toEqual([false, true]);
  });

  test('that is dropped is cut off at once', async () => {
    const producer = await open();
    answers['disconnect'] = () => Promise.reject(new Error('no'));
    producer.drop();
    expect(isCut()).toBe(true);
    expect(calls.at(-1)).toBe('disconnect');
  });

  test.each(['rest', 'close'] as const)('does not wait for ever to %s', async (how) => {
    const stop = new AbortController();
    const producer = await open({ signal: stop.signal });
    answers['disconnect'] = hang;
    const ending = producer[how]();
    stop.abort();
    await expect(ending).resolves.toBeUndefined();
  });
});
