import type { Settings } from '../config/settings.ts';
import { asTributaryError, type TributaryError } from '../core/errors.ts';
import { tableTopics } from '../engine/table-opener.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { topicNames } from '../kafka/meta/topic-names.ts';
import { createRegistry, type Registry } from '../kafka/registry.ts';
import { ownTopics } from '../kafka/meta/own-topics.ts';
import { lookAtTopics } from '../kafka/topics.ts';
import type { KafkaSettings } from '../kafka/types.ts';
import { schemaFaults } from './kafka-checks.ts';

/** Whoever looks at the status does not wait for a registry that hangs. */
const patienceMs = 5_000;

/** What is wrong with the registry; undefined when nothing is. `more` looks at what it holds. */
export async function registryTrouble(
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

/** The first table that is there and was written with other schema ids than the registry gives. */
export async function foreignTopic(settings: Settings, access: KafkaAccess, registry: Registry): Promise<TributaryError | undefined> {
  const tables = settings.connections.flatMap((connection) => tableTopics(connection, access));
  const facts = await lookAtTopics(access, [...ownTopics(access.settings), ...tables]);
  if (!facts.has(topicNames(access.settings.prefix).state)) return undefined;
  return (await schemaFaults(settings, access, registry, facts)).faults[0];
}
