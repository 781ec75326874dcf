import { randomUUID } from 'node:crypto';
import { Partitioners } from 'kafkajs';
import type { KafkaAccess } from '../client.ts';
import { createClient } from '../client.ts';
import { kafkaError } from '../errors.ts';
import { canonicalText, parseObject } from '../../core/json/text.ts';
import { readTail } from './tail.ts';
import { topicNames } from './topic-names.ts';

/** A command somebody gave on the page, kept in `_runs` beside the runs. `at`: epoch ms. */
export interface CommandRecord {
  readonly v: 1;
  readonly kind: 'command';
  readonly id: string;
  readonly at: number;
  /** Who gave it, as far as the page knows. */
  readonly user: string;
  readonly address: string;
  /** `pause`, `resume`, `sync`, `resync`, `backfill`, `allow-deletes`, or what was done to the settings. */
  readonly command: string;
  readonly connection: string | null;
  readonly table: string | null;
  /** What it asked for, in words. */
  readonly detail: string;
}

/** Notes a command; returns once the note is safe. */
export async function noteCommand(access: KafkaAccess, command: Omit<CommandRecord, 'v' | 'kind' | 'id'>): Promise<CommandRecord> {
  const record: CommandRecord = { v: 1, kind: 'command', id: randomUUID(), ...command };
  const producer = createClient(access, { retries: 3 }).producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  try {
    await producer.connect();
    await producer.send({
      topic: topicNames(access.settings.prefix).runs,
      acks: -1,
      messages: [{ partition: 0, key: canonicalText({ command: record.id }), value: canonicalText(record) }],
    });
    return record;
  } catch (error) {
    throw kafkaError(error, access.settings, 'Noting the command');
  } finally {
    await producer.disconnect().catch(() => undefined);
  }
}

/** The newest commands, newest first. */
export function readCommands(access: KafkaAccess, last: number): Promise<readonly CommandRecord[]> {
  return readTail(access, topicNames(access.settings.prefix).runs, last, ({ value }) => commandRecord(parseObject(value)));
}

/** The command in a record of `_runs`; undefined for one of another kind. */
export function commandRecord(fields: Record<string, unknown> | undefined): CommandRecord | undefined {
  return fields?.['v'] === 1 && fields['kind'] === 'command' ? (fields as unknown as CommandRecord) : undefined;
}
