import type { KafkaAccess } from '../client.ts';
import { askCluster, offsetsOf, topicsOf } from '../cluster.ts';
import type { ReadMessage } from '../reader.ts';
import { readTopics } from '../reader.ts';

/**
 * The newest `last` records of a topic with one partition for which `pick` returns a value, newest first. Reads backwards from
 * the end in growing steps, only as far as needed: until there are `last` of them, or `enough` returns true.
 */
export async function readTail<T>(
  access: KafkaAccess,
  topic: string,
  last: number,
  pick: (message: ReadMessage) => T | undefined,
  enough: (found: readonly T[]) => boolean = (found) => found.length >= last,
): Promise<readonly T[]> {
  const range = await askCluster(access, `Reading ${topic}`, async (cluster) =>
    (await topicsOf(cluster)).has(topic) ? (await offsetsOf(cluster, [topic])).get(topic)?.get(0) : undefined,
  );
  if (range === undefined) return [];
  for (let step = BigInt(Math.max(200, Number.isFinite(last) ? last * 4 : 2_000)); ; step *= 8n) {
    const from = range.end - step > range.start ? range.end - step : range.start;
    const found: T[] = [];
    await readTopics(access, [{ topic, from: new Map([[0, from]]) }], (message) => {
      const picked = pick(message);
      if (picked !== undefined) found.push(picked);
    });
    if (enough(found) || from === range.start) return (Number.isFinite(last) ? found.slice(-last) : found).reverse();
  }
}
