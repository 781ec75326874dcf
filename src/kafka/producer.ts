import type { Producer, Transaction } from 'kafkajs';
import { Partitioners } from 'kafkajs';
import type { KafkaAccess } from './client.ts';
import { createClient } from './client.ts';
import { withDeadline } from './deadline.ts';
import { kafkaError } from './errors.ts';
import { trackSockets } from './tracked-sockets.ts';

/** A kafkajs transactional producer that can be dropped for good, whatever it is doing. */
export interface TransactionalProducer {
  /** Connects again first when it rested. */
  begin(): Promise<Transaction>;
  /**
   * Closes its connections until the next `begin`, and remains what it is: the newest producer with its id, so that nobody
   * older can write meanwhile. Only between transactions.
   */
  rest(): Promise<void>;
  /** Ends every socket and forbids new ones, so that no retry of an abandoned send can come back. */
  drop(): void;
  /** Leaves in good order. */
  close(): Promise<void>;
}

/**
 * Connects a new producer and makes the cluster forget the ones before it with the same id: when this
 * returns, their transactions are committed or aborted and their writes are refused.
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
        // kafkajs asks for its producer id, which is what fences the earlier ones, only with the first
        // transaction. Nothing has been added to this one, so its abort stays on our side.
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
      // kafkajs asks for a producer id only once for each producer object, so this fences nobody.
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
