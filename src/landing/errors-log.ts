import { canonicalText, parseObject } from '../core/json/text.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { plainProducer } from '../kafka/client.ts';
import { withDeadline } from '../kafka/deadline.ts';
import { kafkaError } from '../kafka/errors.ts';
import { readTail } from '../kafka/meta/tail.ts';
import { topicNames } from '../kafka/meta/topic-names.ts';
import { ensureOwnTopic } from '../kafka/topics.ts';

const SEND_DEADLINE = 15_000;

/** An error of a sink, as stored in `_landing_errors` for 30 days. */
export interface LandingError {
  /** Epoch ms. */
  readonly at: number;
  readonly landing: string;
  readonly connector: string;
  readonly connection: string;
  /** Our own code: `landing:task_failed`, `landing:given_up` or `landing:read_again`. */
  readonly code: string;
  /** What the error means and what was done about it. */
  readonly summary: string;
  /** The message of the connector or of the warehouse. */
  readonly message: string;
  /** The connector's dead letters before this offset have been read again. */
  readonly deadLettersUntil?: number;
}

/** Stores errors of sinks. They are history, not state, so losing one does no harm. Throws `transient` when Kafka does not accept them. */
export async function recordLandingErrors(access: KafkaAccess, errors: readonly LandingError[]): Promise<void> {
  if (errors.length === 0) return;
  const topic = topicNames(access.settings.prefix).landingErrors;
  await ensureOwnTopic(access, topic);
  const doing = 'Recording an error of a landing';
  const { producer, cut } = plainProducer(access);
  try {
    await withDeadline(
      SEND_DEADLINE,
      doing,
      async () => {
        await producer.connect();
        await producer.send({
          topic,
          acks: -1,
          messages: errors.map((error) => ({ partition: 0, key: error.connector, value: canonicalText({ v: 1, ...error }) })),
        });
        await producer.disconnect();
      },
      access.signal,
    );
  } catch (error) {
    throw kafkaError(error, access.settings, doing);
  } finally {
    cut();
  }
}

export interface LandingErrorFilter {
  readonly landings: readonly string[];
  /** Epoch ms of the oldest error to return. */
  readonly since: number;
  /** Number of errors of each landing to return, counted from the newest. */
  readonly last: number;
}

/** The newest errors of the landings, newest first; empty when none was ever stored. */
export async function readLandingErrors(
  access: KafkaAccess,
  { landings, since, last }: LandingErrorFilter,
): Promise<readonly LandingError[]> {
  const found = await readTail(
    access,
    topicNames(access.settings.prefix).landingErrors,
    Number.POSITIVE_INFINITY,
    ({ value }) => {
      const error = landingError(value);
      return error !== undefined && landings.includes(error.landing) && error.at >= since ? error : undefined;
    },
    (so) => landings.every((name) => so.filter(({ landing }) => landing === name).length >= last),
  );
  const counts = new Map<string, number>();
  return found.filter(({ landing }) => {
    counts.set(landing, (counts.get(landing) ?? 0) + 1);
    return (counts.get(landing) ?? 0) <= last;
  });
}

/** Parses a record of `_landing_errors`; undefined when a newer release wrote it. */
export function landingError(value: Buffer | null): LandingError | undefined {
  const error = parseObject(value) as unknown as (LandingError & { v?: number }) | undefined;
  if (error?.v !== 1) return undefined;
  const { v: _, ...rest } = error;
  return rest;
}
