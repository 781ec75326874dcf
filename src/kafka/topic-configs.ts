import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { anyBroker, type RawBroker } from './any-broker.ts';
import type { KafkaAccess } from './client.ts';
import { askCluster } from './cluster.ts';
import { protocolType } from './errors.ts';

/** Milliseconds for which a broker may not yet know a topic that others know. */
const PATIENCE = 5_000;
const TOPIC = kafkajs.ConfigResourceTypes.TOPIC;

/**
 * Current settings of existing topics, by topic and setting; settings the broker does not know are left out. One request to one
 * broker: kafkajs's admin client reads the metadata of every topic of the cluster before each.
 *
 * @throws TributaryError with what `doing` ("Preparing the topics") met.
 */
export async function topicConfigs(
  access: KafkaAccess,
  doing: string,
  topics: readonly string[],
  settings: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  if (topics.length === 0) return new Map();
  return askCluster(access, doing, async (cluster) => {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      try {
        return byTopic(await requestConfigs(await anyBroker(cluster), topics, settings));
      } catch (error) {
        if (protocolType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION' || performance.now() > deadline) throw error;
      }
      await sleep(100);
    }
  });
}

/** The request itself. @throws kafkajs's error of the first topic that the broker refuses to describe. */
export function requestConfigs(broker: RawBroker, topics: readonly string[], settings: readonly string[]) {
  return broker.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: TOPIC, name, configNames: settings })),
  });
}

const byTopic = ({ resources }: Awaited<ReturnType<typeof requestConfigs>>): ReadonlyMap<string, ReadonlyMap<string, string>> =>
  new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.flatMap(({ configName, configValue }) => (configValue === null ? [] : [[configName, configValue] as const]))),
    ]),
  );
