import type { Settings } from '../config/settings.ts';
import { asTributaryError, TributaryError } from '../core/errors.ts';
import { tableTopics } from '../engine/table-opener.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { topicNames } from '../kafka/meta/topic-names.ts';
import { createRegistry, type Registry } from '../kafka/registry.ts';
import { ownTopics } from '../kafka/meta/own-topics.ts';
import { lookAtTopics } from '../kafka/topics.ts';
import type { KafkaSettings } from '../kafka/types.ts';
import { schemaFaults } from './kafka-checks.ts';

/** Time limit (ms), so that the status command does not hang with the registry. */
const patienceMs = 5_000;

/** The registry's error; undefined when there is none. `more` checks its contents. */
export async function registryProblem(
  kafka: Pick<KafkaSettings, 'registry'>,
  signal: AbortSignal,
  more: (registry: Registry) => Promise<TributaryError | undefined> = async () => undefined,
): Promise<TributaryError | undefined> {
  const registry = createRegistry(kafka, { timeout: patienceMs, signal });
  try {
    await registry.countSubjects();
    return await more(registry);
  } catch (thrown) {
    const error = asTributaryError(thrown, 'Asking the registry');
    if (error.kind === 'stopped') throw error;
    return error;
  }
}

/**
 * The error of the first existing topic that was written with schema ids the registry does not have for it; undefined also when Kafka does not
 * let the topics be looked at, which is no fault of the registry.
 */
export async function foreignTopic(settings: Settings, access: KafkaAccess, registry: Registry): Promise<TributaryError | undefined> {
  const tables = settings.connections.flatMap((connection) => tableTopics(connection, access));
  const facts = await lookAtTopics(access, [...ownTopics(access.settings), ...tables]).catch((error: unknown) => {
    if (error instanceof TributaryError && error.code?.startsWith('kafka:') === true) return undefined;
    throw error;
  });
  if (facts === undefined || !facts.has(topicNames(access.settings.prefix).state)) return undefined;
  return (await schemaFaults(settings, access, registry, facts)).faults[0];
}
