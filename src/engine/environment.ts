import type { Clock } from '../core/clock.ts';
import type { Redactor } from '../core/redact.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import type { Registry } from '../kafka/registry.ts';
import type { createWriter } from '../kafka/writer.ts';
import type { EngineEvent } from './events.ts';

/**
 * Limits how many connections are opened at once, separately for fencing and for reading. Separately, because reading may
 * wait for the fencing of another connection: a killed writer's open transaction holds readers back until it is fenced.
 */
export interface OpeningTurns {
  fencing<T>(work: () => Promise<T>): Promise<T>;
  reading<T>(work: () => Promise<T>): Promise<T>;
}

/** What the process gives to each of its connections. */
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
   * Milliseconds to wait for Kafka or the registry before the runs of the connection fail: until it is open for the first
   * time, and later. Undefined: wait without a limit.
   */
  readonly patience?: { readonly opening: number; readonly open: number };
  /** Creates the connection's writer; a benchmark passes one without transactions. */
  readonly createWriter?: typeof createWriter;
}
