import { randomUUID } from 'node:crypto';
import axios from 'axios';
import { Kafka, Partitioners, logLevel } from 'kafkajs';
import { createTopics } from '../test/support/topics.ts';

/**
 * What a script without any of our promises does: fetch a page, JSON.parse it, produce its rows as JSON in
 * transactions of 20,000. No diff, no Avro, no key rules, no position. The figure everything else is compared with.
 */
export async function rawLoop(
  { brokers, login }: { readonly brokers: readonly string[]; readonly login: { readonly username: string; readonly password: string } },
  baseUrl: string,
  key: string,
  since: string,
  begin: () => void,
): Promise<number> {
  const kafka = new Kafka({ clientId: 'raw', brokers: [...brokers], sasl: { mechanism: 'plain', ...login }, logLevel: logLevel.NOTHING });
  const topic = `raw.${randomUUID()}`;
  const admin = kafka.admin();
  await admin.connect();
  await createTopics(admin, { topic, numPartitions: 3, replicationFactor: 1 });
  await admin.disconnect();
  const producer = kafka.producer({
    transactionalId: topic,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  await (await producer.transaction()).abort();

  begin();
  let rows = 0;
  let waiting: { key: string; value: string }[] = [];
  const commit = async (): Promise<void> => {
    const transaction = await producer.transaction();
    for (let at = 0; at < waiting.length; at += 1_000) await transaction.send({ topic, acks: -1, messages: waiting.slice(at, at + 1_000) });
    await transaction.commit();
    waiting = [];
  };
  let url: string | null =
    `${baseUrl}/api/events?filter=${encodeURIComponent(`greater-or-equal(datetime,${since})`)}&sort=datetime&include=metric&page%5Bsize%5D=1000`;
  while (url !== null) {
    const { data } = await axios.get<string>(url, {
      responseType: 'text',
      transformResponse: (text: string) => text,
      headers: { Authorization: `Klaviyo-API-Key ${key}`, revision: '2026-07-15' },
    });
    const page = JSON.parse(data) as { data: { id: string }[]; links: { next?: string | null } };
    for (const row of page.data) waiting.push({ key: row.id, value: JSON.stringify(row) });
    rows += page.data.length;
    if (waiting.length >= 20_000) await commit();
    url = page.links.next ?? null;
  }
  if (waiting.length > 0) await commit();
  await producer.disconnect();
  return rows;
}
