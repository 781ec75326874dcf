/** The topic settings that limit the size of a batch. */
export const LIMIT_SETTINGS = ['max.message.bytes', 'segment.bytes'] as const;

/** Kafka's default limit, bytes. */
export const DEFAULT_BATCH_BYTES = 1_048_588;
/** Bytes of a batch with one record besides key and value: headers of the batch and of the record, and the record's own headers. */
const BATCH_ROOM = 1_024;
/** Data that cannot be compressed grows a little: five bytes per 16 kB with gzip, less with the other codecs. */
const GROWTH = 1.001;

/** Largest batch in bytes, as the broker counts it after compression: it refuses one above `segment.bytes` just like one above `max.message.bytes`. */
export function largestBatch(config: ReadonlyMap<string, string> | undefined): number {
  const values = LIMIT_SETTINGS.map((name) => Number(config?.get(name))).filter((value) => Number.isFinite(value) && value > 0);
  return values.length === 0 ? DEFAULT_BATCH_BYTES : Math.min(...values);
}

/** Bytes of keys and values, overhead included, that fit a batch of that size whatever their content: batch / GROWTH - BATCH_ROOM. */
export const roomIn = (batch: number): number => Math.max(0, Math.floor(batch / GROWTH) - BATCH_ROOM);
