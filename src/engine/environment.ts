import type { Clock } from '../core/clock.ts';
import type { Redactor } from '../core/redact.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import type { Registry } from '../kafka/registry.ts';
import type { createWriter } from '../kafka/writer.ts';
import type { EngineEvent } from './events.ts';

/**
 * The two parts of opening a connection, a few at a time each. They wait in two rows: reading may have to wait for
 * another connection's writer to be fenced, whose killed predecessor left a transaction open.
 */
export interface OpeningTurns {
  fencing<T>(work: () => Promise<T>): Promise<T>;
  reading<T>(work: () => Promise<T>): Promise<T>;
}

/** What a connection is given by the process that runs it. */
export interface ConnectionEnvironment {
  readonly access: KafkaAccess;
  readonly registry: Registry;
  /** Folder of the live indexes; losing it costs one read of the topics. */
  readonly indexDir: string;
  /** How many connections of the process may be opened at once. */
  readonly turns: OpeningTurns;
  readonly emit: (event: EngineEvent) => void;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly random: () => number;
  /**
   * Milliseconds that Kafka or the registry may be away, before the connection is open for the first time and later,
   * until its runs end with it. Not given: they are waited for without an end.
   */
  readonly patience?: { readonly opening: number; readonly open: number };
  /** Makes the connection's writer; a benchmark brings one without transactions. */
  readonly createWriter?: typeof createWriter;
}
