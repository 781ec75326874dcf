import { canonicalText, parseObject } from '../../core/json/text.ts';
import type { KafkaAccess } from '../client.ts';
import { plainProducer, withClient } from '../client.ts';
import { readTopics } from '../reader.ts';
import { ensureOwnTopic } from '../topics.ts';
import { topicNames } from './topic-names.ts';

export type ImportState = 'uploading' | 'uploaded' | 'processing' | 'completed' | 'failed';

/** An import as stored in `_imports` by its id, without expiry. Times are epoch milliseconds. */
export interface ImportRecord {
  readonly v: 1;
  readonly importId: string;
  readonly connection: string;
  readonly kind: 'profiles' | 'events';
  /** Name of the file, without its folder. */
  readonly file: string;
  readonly by: string;
  readonly at: number;
  readonly updatedAt: number;
  readonly state: ImportState;
  /** Number of rows in the file, and of those that were not sent. */
  readonly rows: number;
  readonly refused: number;
  /** Uploaded so far. */
  readonly sentRows: number;
  readonly bytes: number;
  readonly sentBytes: number;
  /** Percent of the sent rows that the vendor has processed; null while unknown. */
  readonly processed: number | null;
  /** How that percentage was determined. */
  readonly processedBy: string;
  readonly errorFile: string | null;
  readonly failure?: { readonly message: string; readonly remedy?: string };
}

const SEND_DEADLINE = 30_000;

/** Writes the latest state of an import; returns once it is stored. Creates the topic when it does not exist. */
export async function writeImport(access: KafkaAccess, record: ImportRecord): Promise<void> {
  const topic = topicNames(access.settings.prefix).imports;
  await ensureOwnTopic(access, topic);
  const { producer, cut } = plainProducer(access, { maxInFlightRequests: 1 });
  await withClient(
    access,
    'Recording the import',
    { connect: () => producer.connect(), disconnect: () => producer.disconnect(), cut },
    SEND_DEADLINE,
    () => producer.send({ topic, acks: -1, messages: [{ partition: 0, key: record.importId, value: canonicalText(record) }] }),
  );
}

/** Every import, newest first. */
export async function readImports(access: KafkaAccess): Promise<readonly ImportRecord[]> {
  const found = new Map<string, ImportRecord>();
  await readTopics(access, [{ topic: topicNames(access.settings.prefix).imports }], ({ value }) => {
    const record = importRecord(value);
    if (record !== undefined) found.set(record.importId, record);
  });
  return [...found.values()].sort((a, b) => b.at - a.at);
}

/** Parses a record of `_imports`; undefined for one that a newer release wrote and this one does not know. */
export function importRecord(value: Buffer | null): ImportRecord | undefined {
  const record = parseObject(value) as unknown as ImportRecord | undefined;
  return record?.v === 1 && typeof record.importId === 'string' ? record : undefined;
}
