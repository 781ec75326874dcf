import type { TributaryError } from '../core/errors.ts';
import type { LiveIndex } from '../state/live-index.ts';
import type { TopicFacts } from '../kafka/topics.ts';
import type { OutboxTask, TableState, Writer } from '../kafka/types.ts';
import type { TableCodec } from '../record/codec.ts';
import type { RowCompiler } from '../record/row.ts';
import type { TableDefinition } from '../core/table.ts';
import type { EngineEvent } from './events.ts';
import type { TableRef } from '../core/run.ts';

/** What the tables of one connection share. */
export interface ConnectionServices {
  readonly api: unknown;
  readonly writer: Writer;
  /** The connection's selected tables by name. */
  readonly tables: ReadonlyMap<string, OpenTable>;
  readonly emit: (event: EngineEvent) => void;
  readonly now: () => number;
}

/** A table ready to be synced: definition, compiled row code, live index and last committed state. */
export interface OpenTable {
  readonly ref: TableRef;
  readonly definition: TableDefinition;
  readonly topic: string;
  /** As of the last opening, recovery or check. */
  topicFacts: TopicFacts;
  readonly codec: TableCodec;
  /** Hash of everything that shapes all rows of the table; undefined: no row is known by its text. */
  readonly shaping?: () => Buffer;
  /** Replaced when the topic's size limit changes. */
  rows: RowCompiler;
  /** Replaced when its store is damaged. */
  index: LiveIndex;
  readonly keySchemaId: number;
  readonly valueSchemaId: number;
  readonly services: ConnectionServices;
  /** The last committed state; replaced by every commit and by every read of `_state`. */
  state: TableState;
  outbox: readonly OutboxTask[];
  /** Why its topic must not be written to: the table's runs fail with this error, the connection's other tables run on. */
  refusal: TributaryError | undefined;
}
