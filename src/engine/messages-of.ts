import { takeTurns } from '../core/turns.ts';
import type { RowChange } from '../state/diff.ts';
import type { IndexEntry } from '../state/live-index.ts';
import { deletePair } from '../state/tombstones.ts';
import type { TopicMessage, TopicMessages } from '../kafka/types.ts';
import { frame } from '../record/framing.ts';
import type { DeletedRow } from './batch-builder.ts';
import type { OpenTable } from './open-table.ts';

type Frames = Pick<OpenTable, 'codec' | 'keySchemaId' | 'valueSchemaId'>;

/** What a batch's changes are in the topic; those of deletes are made in turns. `at`: epoch ms. */
export async function messagesOf(
  { codec, keySchemaId, valueSchemaId }: Frames,
  upserts: readonly RowChange[],
  deletes: readonly DeletedRow[],
  at: number,
): Promise<TopicMessages> {
  const turns = takeTurns();
  const pairs: TopicMessage[] = [];
  for (const gone of deletes) {
    if (turns.over()) await turns.next();
    const { marker, tombstone } = deletePair(codec, { keySchemaId, valueSchemaId }, gone.keyBody, at, gone.known);
    pairs.push(marker, tombstone);
  }
  return new BatchMessages({ codec, keySchemaId, valueSchemaId }, upserts, pairs, at);
}

/** The messages of upserts are made when somebody writes them, because all at once they take as much memory as their rows. */
class BatchMessages implements TopicMessages {
  readonly #frames: Frames;
  readonly #upserts: readonly RowChange[];
  readonly #deletes: readonly TopicMessage[];
  readonly #at: number;

  constructor(frames: Frames, upserts: readonly RowChange[], deletes: readonly TopicMessage[], at: number) {
    this.#frames = frames;
    this.#upserts = upserts;
    this.#deletes = deletes;
    this.#at = at;
  }

  get length(): number {
    return this.#upserts.length + this.#deletes.length;
  }

  *[Symbol.iterator](): Generator<TopicMessage, void, void> {
    const { codec, keySchemaId, valueSchemaId } = this.#frames;
    const header = frame(valueSchemaId);
    const tail = codec.tail(this.#at, false);
    for (const { row } of this.#upserts) yield { key: frame(keySchemaId, row.keyBody), value: [header, row.body, tail] };
    yield* this.#deletes;
  }
}

/** What they are in the index. Made when they are committed, so that nothing of it waits meanwhile. */
export function entriesOf(upserts: readonly RowChange[], deletes: readonly DeletedRow[]): IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (const { row, fresh } of upserts) entries.push({ keyHash: row.keyHash, row, fresh });
  for (const { keyHash } of deletes) entries.push({ keyHash, row: null });
  return entries;
}
