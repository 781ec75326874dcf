import { DEFAULT_MAX_WORKERS } from '../partitioning.ts';
import type { TopicSpec } from '../topic-rules.ts';
import type { KafkaSettings } from '../types.ts';
import { topicNames } from './topic-names.ts';
import { DAY } from '../../core/time.ts';

/** The topics that exist once per prefix. They are created, checked and tested for permissions by this list. */
export function ownTopics({
  prefix,
  maxWorkers: partitions = DEFAULT_MAX_WORKERS,
}: Pick<KafkaSettings, 'prefix' | 'maxWorkers'>): TopicSpec[] {
  const names = topicNames(prefix);
  return [
    { name: names.state, partitions, kind: 'state' },
    { name: names.control, partitions, kind: 'state' },
    { name: names.runs, partitions: 1, kind: 'log', retention: 90 * DAY },
    { name: names.deadLetters, partitions: 1, kind: 'log', retention: 30 * DAY },
    { name: names.landingErrors, partitions: 1, kind: 'log', retention: 30 * DAY },
    { name: names.imports, partitions: 1, kind: 'state' },
    { name: names.status, partitions: 1, kind: 'status' },
  ];
}

export const ownTopicNames = (prefix: string): string[] => ownTopics({ prefix }).map(({ name }) => name);
