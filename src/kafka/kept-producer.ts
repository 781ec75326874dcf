import type { Message } from 'kafkajs';
import { CLOSE_DEADLINE, plainProducer, type KafkaAccess } from './client.ts';
import { withDeadline } from './deadline.ts';
import { kafkaError } from './errors.ts';

/** A producer without transactions that outlives a call, for records that may be written twice or lost. */
export interface KeptProducer {
  /** @throws TributaryError with what `doing` met; `transient` after 15 s. */
  send(doing: string, messages: readonly (Message & { readonly partition: number })[]): Promise<void>;
  close(): Promise<void>;
}

interface Life extends ReturnType<typeof plainProducer> {
  readonly connected: Promise<void>;
}

const SEND_DEADLINE = 15_000;

/**
 * Opens the producer with the first record. One that cannot connect, or that leaves a call without an end, is replaced: kafkajs
 * would leave every later call without an end, too.
 */
export function keptProducer(
  access: KafkaAccess,
  topic: string,
  make: () => ReturnType<typeof plainProducer> = () => plainProducer(access),
): KeptProducer {
  let current: Life | undefined;

  const open = (): Life => {
    const made = make();
    const connected = made.producer.connect();
    connected.catch(() => undefined);
    return { ...made, connected };
  };
  const retire = (life: Life): void => {
    if (current === life) current = undefined;
    life.cut();
  };

  return {
    async send(doing, messages) {
      const life = (current ??= open());
      let isConnected = false;
      try {
        await withDeadline(
          SEND_DEADLINE,
          doing,
          async () => {
            await life.connected;
            isConnected = true;
            await life.producer.send({ topic, acks: -1, messages: [...messages] });
          },
          access.signal,
        );
      } catch (error) {
        const told = kafkaError(error, access.settings, doing);
        if (!isConnected || told.code === 'kafka:deadline') retire(life);
        throw told;
      }
    },
    async close() {
      const last = current;
      current = undefined;
      if (last === undefined) return;
      const leave = async (): Promise<void> => {
        await last.connected;
        await last.producer.disconnect();
      };
      await withDeadline(CLOSE_DEADLINE, 'Closing', leave, access.signal).catch(() => undefined);
      // A producer that is used after its disconnect connects again and keeps the process alive.
      last.cut();
    },
  };
}
