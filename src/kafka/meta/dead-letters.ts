import type { KafkaAccess } from '../client.ts';
import { parseObject } from '../../core/json/text.ts';
import { readTail } from './tail.ts';
import { topicNames } from './topic-names.ts';
import type { DeadLetter } from '../types.ts';

export interface DeadLetterFilter {
  readonly connection?: string;
  readonly table?: string;
  readonly runId?: string;
  /** Earliest time at which the row became a dead letter, epoch milliseconds. */
  readonly since?: number;
  /** Number of dead letters to return, counted from the newest. */
  readonly last: number;
}

/** The newest matching dead letters, newest first. The writer puts them into the transaction of their batch. */
export async function readDeadLetters(
  access: KafkaAccess,
  { connection, table, runId, since, last }: DeadLetterFilter,
): Promise<readonly DeadLetter[]> {
  return readTail(access, topicNames(access.settings.prefix).deadLetters, last, ({ value }) => {
    const letter = parseObject(value) as unknown as DeadLetter | undefined;
    if (letter === undefined || typeof letter.reason !== 'string') return undefined;
    const fits =
      (connection === undefined || letter.connection === connection) &&
      (table === undefined || letter.table === table) &&
      (runId === undefined || letter.runId === runId) &&
      (since === undefined || letter.at >= since);
    return fits ? letter : undefined;
  });
}
