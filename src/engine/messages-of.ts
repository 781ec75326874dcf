import { takeTurns } from '../core/turns.ts';
import type { RowChange } from '../state/diff.ts';
import type { IndexEntry } from '../state/live-index.ts';
import { deletePair } from '../state/tombstones.ts';
import type { TopicMessage } from '../kafka/types.ts';
import { frame } from '../record/framing.ts';
import type { DeletedRow } from './batch-builder.ts';
import type { OpenTable } from './open-table.ts';

/** What a batch's changes are in the topic; in turns. `at`: epoch ms. */
export async function messagesOf(
  { codec, keySchemaId, valueSchemaId }: Pick<OpenTable, 'codec' | 'keySchemaId' | 'valueSchemaId'>,
  upserts: readonly RowChange[],
  deletes: readonly DeletedRow[],
  at: number,
): Promise<TopicMessage[]> {
  const turns = takeTurns();
  const tail = codec.tail(at, false);
  const messages: TopicMessage[] = [];
  for (const { row } of upserts) {
    if (turns.over()) await turns.next();
    messages.push({ key: frame(keySchemaId, row.keyBody), value: frame(valueSchemaId, row.body, tail) });
  }
  for (const gone of deletes) {
    if (turns.over()) await turns.next();
    const { marker, tombstone } = deletePair(codec, { keySchemaId, valueSchemaId }, gone.keyBody, at, gone.known);
    messages.push(marker, tombstone);
  }
  return messages;
}

/** What they are in the index. Made when they are committed, so that nothing of it waits meanwhile. */
export function entriesOf(upserts: readonly RowChange[], deletes: readonly DeletedRow[]): IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (const { row, fresh } of upserts) entries.push({ keyHash: row.keyHash, row, fresh });
  for (const { keyHash } of deletes) entries.push({ keyHash, row: null });
  return entries;
}
