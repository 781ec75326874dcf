import { ownTopicNames } from '../kafka/meta/own-topics.ts';
import { longestTopicName, tableTopic, topicNames, type TopicNaming } from '../kafka/meta/topic-names.ts';
import type { Problem } from './placeholders.ts';
import type { ConnectionSettings } from './settings.ts';

/** The form in which Kafka's metrics and warehouse tables use a topic name: two topics with equal forms cannot both exist. */
export const folded = (topic: string): string => topic.replaceAll('.', '_');

/** Problems with topic names that are too long, that two tables share, or that differ from another one only by `.` and `_`. */
export function topicProblems(naming: TopicNaming, connections: readonly ConnectionSettings[], landings: readonly string[]): Problem[] {
  const { prefix, topics: templates } = naming;
  const names = topicNames(prefix);
  const problems: Problem[] = [];
  const taken = new Map(ownTopicNames(prefix).map((topic) => [folded(topic), { topic, of: 'Tributary itself' }]));
  for (const { name, tables } of connections) {
    const own = templates?.connections?.[name] !== undefined;
    const path = own ? ['connections', name, 'topics', 'name'] : ['connections', name];
    const shared: string[] = [];
    const alike: string[] = [];
    const topics = tables.map((table) => tableTopic(naming, name, table.name));
    for (const [at, topic] of topics.entries()) {
      const of = `${name}.${tables[at]?.name}`;
      const other = taken.get(folded(topic));
      if (other?.topic === topic) shared.push(`${topic} (${other.of} and ${of})`);
      else if (other !== undefined) alike.push(`${topic} and ${other.topic}`);
      taken.set(folded(topic), { topic, of });
    }
    const remedy = own ? 'add {connection} or another word to the name' : 'give the connection another name';
    if (shared.length > 0)
      problems.push({
        path,
        text: `gives two tables the same topic: ${shared.slice(0, 3).join('; ')}; ${remedy}`,
      });
    if (alike.length > 0)
      problems.push({
        path,
        text: `has topics that differ from others only by . and _, which Kafka refuses to keep apart: ${alike.slice(0, 3).join('; ')}; ${remedy}`,
      });
    const longest =
      [...topics, ...landings.map((landing) => names.sinkDeadLetters(landing, name))].sort((a, b) => b.length - a.length)[0] ?? '';
    if (longest.length > longestTopicName) {
      const named = templates === undefined ? '' : ', topics.name';
      problems.push({
        path,
        text: `makes a topic name of ${longest.length} characters (${longest.slice(0, 60)}...), and Kafka accepts ${longestTopicName}; shorten the prefix${named} or the connection's name`,
      });
    }
  }
  return problems;
}
