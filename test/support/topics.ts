import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import { protocolType } from '../../src/kafka/errors.ts';

/**
 * Creates topics and waits until every partition has a leader. The wait of kafkajs ends with an error when the broker it asks
 * has not yet heard of a topic whose creation the controller has confirmed.
 */
export async function createTopics(admin: Admin, ...topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, waitForLeaders: false });
  while (!(await haveLeaders(admin, topics))) await sleep(100);
}

/** Gives a topic these settings and no others, and waits until the broker goes by them: it hears of them after the controller has confirmed them. */
export async function alterTopic(admin: Admin, name: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const topic = { type: kafkajs.ConfigResourceTypes.TOPIC, name };
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...topic, configEntries }] });
  const isKnown = async (): Promise<boolean> => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ ...topic, configNames: Object.keys(settings) }],
    });
    return configEntries.every(({ name, value }) =>
      resources[0]?.configEntries.some((entry) => entry.configName === name && entry.configValue === value),
    );
  };
  while (!(await isKnown())) await sleep(100);
}

async function haveLeaders(admin: Admin, topics: readonly ITopicConfig[]): Promise<boolean> {
  try {
    const known = await admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) });
    return known.topics.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0));
  } catch (error) {
    if (!['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'].includes(protocolType(error) ?? '')) throw error;
    return false;
  }
}
