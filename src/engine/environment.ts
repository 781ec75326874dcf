import type { Clock } from '../core/clock.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import type { Registry } from '../kafka/registry.ts';
import type { createWriter } from '../kafka/writer.ts';
import type { EngineEvent } from './events.ts';

/** What a connection is given by the process that runs it. */
export interface ConnectionEnvironment {
  readonly access: KafkaAccess;
  readonly registry: Registry;
  /** Folder of the live indexes; losing it costs one read of the topics. */
  readonly indexDir: string;
  readonly emit: (event: EngineEvent) => void;
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
