import { expect, test } from 'vitest';
import { ownTopicNames, ownTopics } from '../../src/kafka/meta/own-topics.ts';
import { topicNames } from '../../src/kafka/meta/topic-names.ts';

test('every topic that exists once per prefix has a name, a specification and a place in the one list', () => {
  const named = Object.values(topicNames('saas')).filter((name) => typeof name === 'string');
  expect([...ownTopicNames('saas')].sort()).toEqual([...named].sort());
  expect(ownTopics({ prefix: 'saas', maxWorkers: 5 }).filter(({ partitions }) => partitions === 5)).toEqual([
    { name: 'saas._state', partitions: 5, kind: 'state' },
    { name: 'saas._control', partitions: 5, kind: 'state' },
  ]);
});
