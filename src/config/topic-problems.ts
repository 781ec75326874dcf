import { ownTopicNames } from '../kafka/meta/own-topics.ts';
import { longestTopicName, topicNames } from '../kafka/meta/topic-names.ts';
import type { Problem } from './placeholders.ts';
import type { ConnectionSettings } from './settings.ts';

/** The form in which Kafka's metrics and warehouse tables use a topic name: two topics with equal forms cannot both exist. */
export const folded = (topic: string): string => topic.replaceAll('.', '_');

/** Problems with topic names that are too long, or that differ from another one only by `.` and `_`. */
export function topicProblems(prefix: string, connections: readonly ConnectionSettings[], landings: readonly string[]): Problem[] {
  const names = topicNames(prefix);
  const problems: Problem[] = [];
  const taken = new Map(ownTopicNames(prefix).map((topic) => [folded(topic), topic]));
  for (const { name, tables } of connections) {
    const path = ['connections', name];
    const collisions: string[] = [];
    const topics = tables.map((table) => names.table(name, table.name));
    for (const topic of topics) {
      const other = taken.get(folded(topic));
      if (other !== undefined) collisions.push(`${topic} and ${other}`);
      taken.set(folded(topic), topic);
    }
    if (collisions.length > 0) {
      problems.push({
        path,
        text: `has topics that differ from others only by . and _, which Kafka refuses to keep apart: ${collisions.slice(0, 3).join('; ')}; give the connection another name`,
      });
    }
    const longest =
      [...topics, ...landings.map((landing) => names.sinkDeadLetters(landing, name))].sort((a, b) => b.length - a.length)[0] ?? '';
    if (longest.length > longestTopicName) {
      problems.push({
        path,
        text: `makes a topic name of ${longest.length} characters (${longest.slice(0, 60)}...), and Kafka accepts ${longestTopicName}; shorten the prefix or the connection's name`,
      });
    }
  }
  return problems;
}
