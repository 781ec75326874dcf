import type { KafkaAccess } from '../client.ts';
import { parseObject } from '../../core/json/text.ts';
import { readTail } from './tail.ts';
import { topicNames } from './topic-names.ts';
import type { DeadLetter } from '../types.ts';

export interface DeadLetterFilter {
  readonly connection?: string;
  readonly table?: string;
  readonly runId?: string;
  /** Earliest moment at which the row was put aside, epoch milliseconds. */
  readonly since?: number;
  /** How many of the newest are wanted. */
  readonly last: number;
}

/** The newest dead letters that fit, newest first. The writer puts them into the row's own transaction. */
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
