import type { Producer, Transaction } from 'kafkajs';
import { Partitioners } from 'kafkajs';
import type { KafkaAccess } from './client.ts';
import { createClient } from './client.ts';
import { withDeadline } from './deadline.ts';
import { kafkaError } from './errors.ts';
import { trackSockets } from './tracked-sockets.ts';

/** A kafkajs transactional producer that can be dropped for good at any time. */
export interface TransactionalProducer {
  /** Begins a transaction; reconnects first when it was resting. */
  begin(): Promise<Transaction>;
  /**
   * Closes the connections until the next `begin`. The producer stays the newest with its id, so that no older one can write
   * meanwhile. Only between transactions.
   */
  rest(): Promise<void>;
  /** Closes all sockets and prevents new ones, so that no retry of an abandoned send can come back. */
  drop(): void;
  /** Disconnects in good order. */
  close(): Promise<void>;
}

/**
 * Connects a new producer and fences earlier ones with the same id: when this returns, their transactions are committed or
 * aborted and their writes are refused.
 */
export async function openProducer(
  access: KafkaAccess,
  transactionalId: string,
  transactionTimeout: number,
  deadline: number,
): Promise<TransactionalProducer> {
  const leash = trackSockets(access.socketFactory, access.signal);
  const producer: Producer = createClient(access, { socketFactory: leash.factory }).producer({
    transactionalId,
    transactionTimeout,
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 7 },
  });
  const drop = (): void => {
    leash.cut();
    producer.disconnect().catch(() => undefined);
  };
  try {
    await withDeadline(
      deadline,
      'Opening the writer',
      async () => {
        await producer.connect();
        // kafkajs requests its producer id, which fences the earlier producers, only with the first transaction. This
        // transaction is empty, so aborting it sends no request.
        await (await producer.transaction()).abort();
      },
      access.signal,
    );
  } catch (error) {
    drop();
    throw kafkaError(error, access.settings, `Opening the writer of ${transactionalId}`);
  }
  let resting = false;
  return {
    begin: async () => {
      // kafkajs requests a producer id only once per producer object, so this fences nobody.
      if (resting) await producer.connect();
      resting = false;
      return producer.transaction();
    },
    rest: async () => {
      resting = true;
      await withDeadline(5_000, 'Resting the writer', () => producer.disconnect(), access.signal).catch(() => undefined);
    },
    drop,
    close: async () => {
      await withDeadline(5_000, 'Closing the writer', () => producer.disconnect(), access.signal).catch(() => undefined);
      leash.cut();
    },
  };
}
