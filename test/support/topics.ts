import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, ITopicConfig } from 'kafkajs';
import { protocolType } from '../../src/kafka/errors.ts';

/**
 * Creates topics and waits until every partition has a leader. The wait of kafkajs ends with an error when the broker it asks
 * has not yet heard of a topic whose creation the controller has confirmed.
 */
export async function createTopics(admin: Admin, ...topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, waitForLeaders: false });
  while (!(await haveLeaders(admin, topics))) await sleep(100);
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
