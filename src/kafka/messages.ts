import { canonicalText } from '../core/json/text.ts';
import type { WholeMessage } from './chunks.ts';
import { connectionPartition } from './partitioning.ts';
import type { DeadLetter, KafkaSettings, StateRecord } from './types.ts';

/** A `_state` record as a message; its key is `{"connection":..,"slot":..,"table":..}`. */
export function stateMessage({ connection, table, slot, value }: StateRecord, settings: Pick<KafkaSettings, 'maxWorkers'>): WholeMessage {
  return {
    partition: connectionPartition(connection, settings),
    key: Buffer.from(canonicalText({ connection, slot, table })),
    value: value === null ? null : Buffer.from(canonicalText(value)),
  };
}

/** A dead letter as a message of at most `limit` bytes; the raw text is cut to fit. */
export function deadLetterMessage(letter: DeadLetter, limit: number): WholeMessage {
  const key = Buffer.from(canonicalText({ connection: letter.connection, table: letter.table }));
  let raw = letter.raw;
  for (;;) {
    const value = Buffer.from(canonicalText({ ...letter, raw }));
    if (key.length + value.length <= limit || raw.length === 0) return { partition: 0, key, value };
    raw = raw.slice(0, Math.floor(raw.length / 2));
  }
}
