import { canonicalText } from '../core/json/text.ts';
import type { PlacedMessage } from './chunks.ts';
import { connectionPartition } from './partitioning.ts';
import type { DeadLetter, KafkaSettings, StateRecord } from './types.ts';

/** Room a record batch needs besides one message's key and value. */
const BATCH_ROOM = 2_048;
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;

/** Largest key plus value (bytes) that is sure to fit a table's topic; larger rows are dead letters. */
export function maxMessageBytes({ topicConfig }: Pick<KafkaSettings, 'topicConfig'>): number {
  const set = Number(topicConfig?.['max.message.bytes'] ?? DEFAULT_MAX_MESSAGE_BYTES);
  return (Number.isFinite(set) ? set : DEFAULT_MAX_MESSAGE_BYTES) - BATCH_ROOM;
}

/** A `_state` record as a message; its key is `{"connection":..,"slot":..,"table":..}`. */
export function stateMessage({ connection, table, slot, value }: StateRecord): PlacedMessage {
  return {
    partition: connectionPartition(connection),
    key: Buffer.from(canonicalText({ connection, slot, table })),
    value: value === null ? null : Buffer.from(canonicalText(value)),
  };
}

/** A dead letter as a message of at most `limit` bytes; the raw text gives way. */
export function deadLetterMessage(letter: DeadLetter, limit: number): PlacedMessage {
  const key = Buffer.from(canonicalText({ connection: letter.connection, table: letter.table }));
  let raw = letter.raw;
  for (;;) {
    const value = Buffer.from(canonicalText({ ...letter, raw }));
    if (key.length + value.length <= limit || raw.length === 0) return { partition: 0, key, value };
    raw = raw.slice(0, Math.floor(raw.length / 2));
  }
}
