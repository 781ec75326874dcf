import kafkajs, { type Admin } from 'kafkajs';

/** The settings of a topic that bound a batch. */
export const LIMIT_SETTINGS = ['max.message.bytes', 'segment.bytes'] as const;

/** What Kafka allows where nobody says anything, bytes. */
export const DEFAULT_BATCH_BYTES = 1_048_588;
/** What a batch of one record carries besides key and value: the batch's head, the record's, the headers. */
const BATCH_ROOM = 1_024;
/** What cannot be compressed grows a little by the attempt: five bytes in 16 kB with gzip, less with the others. */
const GROWTH = 1.001;

/** Largest batch in bytes, as the broker counts it after compression: one above `segment.bytes` is refused like one above `max.message.bytes`. */
export function largestBatch(config: ReadonlyMap<string, string> | undefined): number {
  const values = LIMIT_SETTINGS.map((name) => Number(config?.get(name))).filter((value) => Number.isFinite(value) && value > 0);
  return values.length === 0 ? DEFAULT_BATCH_BYTES : Math.min(...values);
}

/** Bytes of keys and values, overheads included, that are sure to fit a batch of that size, whatever they hold. */
export const roomIn = (batch: number): number => Math.max(0, Math.floor(batch / GROWTH) - BATCH_ROOM);

/** {@link largestBatch} of topics as they are now; those that do not exist are left out. */
export async function largestBatches(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: [...LIMIT_SETTINGS] })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      largestBatch(new Map(configEntries.map(({ configName, configValue }) => [configName, configValue]))),
    ]),
  );
}
