import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { kafkaLogin } from '../support/login.ts';

/** Repeats the check until it holds; the last failure is the test's when time is up. */
export async function eventually(check: () => Promise<void>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(250);
    }
  }
}

/** Messages that can be read with read_committed; 0 when there is no such topic. */
export async function countOf(brokers: readonly string[], topic: string): Promise<number> {
  let count = 0;
  await readTopics(testAccess(brokers), [{ topic }], () => void (count += 1));
  return count;
}

export function testAccess(brokers: readonly string[], prefix = 'landing'): KafkaAccess {
  return {
    settings: {
      brokers,
      clientId: 'landing-test',
      prefix,
      replicationFactor: 1,
      minInSyncReplicas: 1,
      registry: { url: '' },
      ...kafkaLogin(),
      compression: 'none',
    },
  };
}
