import { TributaryError } from '../core/errors.ts';
import { defaultTableTopic, tableTopic, type TopicNaming } from './meta/topic-names.ts';
import type { TableState } from './types.ts';

/*
 * All reasons for which a topic is refused are decided here, so that `run` and `check` report the same.
 */

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** The settings set this count explicitly: a topic with another count is refused instead of accepted as it is. */
  readonly asked?: boolean;
  /** `<connection>.<table>` of a table's topic. */
  readonly table?: string;
  readonly kind: 'table' | 'state' | 'status' | 'log';
  /** Milliseconds for which a record of a `log` topic is kept. */
  readonly retention?: number;
}

/** A topic's state in the cluster. */
export interface TopicFacts {
  readonly partitions: number;
  /** Milliseconds for which a compacted topic keeps a tombstone; 0 for a `log` topic. */
  readonly tombstonesKept: number;
  /** Bytes of the largest batch that the topic accepts. */
  readonly largestBatch: number;
  /** Why the topic must not be written to. */
  readonly refusal?: TributaryError;
}

/** Why the topic must not be written to; undefined when it may be. */
export function topicRefusal(
  { name, table = '<connection>.<table>', kind, partitions: wanted, asked = false }: TopicSpec,
  {
    partitions,
    policy,
    compression,
    codecFault,
  }: {
    readonly partitions: number;
    readonly policy: string | undefined;
    readonly compression: string | undefined;
    /** Why this client could not read the topic's compression; undefined when it can. */
    readonly codecFault: string | undefined;
  },
): TributaryError | undefined {
  const right = kind === 'log' ? 'delete' : 'compact';
  if (policy !== undefined && policy !== right) {
    return refusal(
      kind === 'log'
        ? `The topic ${name} has cleanup.policy=${policy}: its records have no key to be compacted by, and it would grow for ever or refuse them.`
        : `The topic ${name} has cleanup.policy=${policy}: rows that do not change would be deleted with time.`,
      `Set it right: kafka-configs --alter --topic ${name} --add-config cleanup.policy=${right}`,
      'topic:config',
    );
  }
  if (codecFault !== undefined) {
    return refusal(
      `The topic ${name} has compression.type=${compression}: the broker would store rows in a way that cannot be read back, since ${codecFault}.`,
      `Set it right: kafka-configs --alter --topic ${name} --add-config compression.type=producer (and take compression.type out of kafka.topic_config); rows written meanwhile have to be written again: tributary state reset ${table} --delete-topic`,
      'topic:config',
    );
  }
  if (kind === 'state' && partitions !== wanted) {
    return refusal(
      `The topic ${name} has ${partitions} partitions, and kafka.max_workers asks for ${wanted}: its records were spread over the count it was made with, which must never change.`,
      `Set kafka.max_workers to ${partitions}. If somebody has added partitions since, restore the topic with ${wanted}.`,
    );
  }
  if (kind === 'table' && asked && partitions !== wanted) {
    return refusal(
      `The topic ${name} has ${partitions} partitions and the settings ask for ${wanted}: the count is fixed once a topic exists, since a row's new version must land in the partition of its old one.`,
      `Set partitions to ${partitions}, or begin anew with an empty topic: tributary state reset ${table} --delete-topic`,
      'topic:partitions',
    );
  }
  return undefined;
}

/** The refusal of a name that collides with an existing topic: in Kafka's metrics both names are equal. */
export function collision(name: string, there: ReadonlySet<string>): [TributaryError] | undefined {
  const folded = name.replaceAll('.', '_');
  for (const other of there) {
    if (other !== name && other.replaceAll('.', '_') === folded) {
      return [
        refusal(
          `The topic ${name} cannot be made: the cluster has ${other}, and names that differ only by . and _ are one for Kafka.`,
          'Give the connection another name, or use another prefix.',
          'topic:collision',
        ),
      ];
    }
  }
  return undefined;
}

/** The remedy when the schema ids in a topic's keys are not those of the registry. */
const startOver = (table: string): string =>
  `Point registry.url at the registry the topic was written with. If that one is lost, or the table's key was changed, stop every worker and begin anew with an empty topic: tributary state reset ${table} --delete-topic`;

/**
 * Why writing to a topic cannot continue with the current registry.
 * @param table `<connection>.<table>`
 * @param what says what was found, e.g. "its keys carry the schema id 16, but the registry has the id 3".
 */
export const foreignIds = (topic: string, table: string, what: string): TributaryError =>
  refusal(
    `The topic ${topic} was written with another registry: ${what}. New rows would be added beside the old ones instead of replacing them.`,
    startOver(table),
    'topic:ids',
  );

/**
 * Refuses to continue a table whose topic is not the one that its state describes.
 *
 * @param table `<connection>.<table>`
 * @throws TributaryError `config`
 */
export function checkTable(topic: string, table: string, facts: TopicFacts, keySchemaId: number, state: TableState | undefined): void {
  if (state === undefined) return;
  if (facts.partitions !== state.partitions) throw otherCount(topic, table, facts.partitions, state.partitions);
  if (keySchemaId !== state.keySchemaId) {
    throw refusal(
      `The registry gives the key schema of ${topic} the id ${keySchemaId}, but the rows in the topic were written with id ${state.keySchemaId}. ` +
        'The id is part of every key, so new rows would be added beside the old ones instead of replacing them.',
      startOver(table),
    );
  }
}

/** Returns the refusal of a table whose rows are in a topic of another name; undefined if the name is the same. */
export function movedTable(
  naming: TopicNaming,
  connection: string,
  table: string,
  state: TableState | undefined,
): TributaryError | undefined {
  if (state === undefined) return undefined;
  const now = tableTopic(naming, connection, table);
  const before = state.topic ?? defaultTableTopic(naming, connection, table);
  if (now === before) return undefined;
  return refusal(
    `The rows of ${connection}.${table} are in the topic ${before}, but the settings now name it ${now}. The old topic would get no more rows, and the new one would be a second copy.`,
    `Restore the earlier topics.name. Or start again under the new name: stop every worker, then run tributary state reset ${connection}.${table}; the old topic remains until you delete it`,
    'topic:moved',
  );
}

/**
 * Refuses to continue from the position of a table whose rows are no longer in its topic.
 *
 * @param table `<connection>.<table>`
 * @param written whether anything was ever written to the existing topic.
 * @throws TributaryError `config`
 */
export function checkWritten(topic: string, table: string, written: boolean, state: TableState): void {
  const gone = written ? undefined : goneTopic(topic, table, state, 'topic');
  if (gone !== undefined) throw gone;
}

/** The refusal of a topic that is missing or empty although its state reports published rows; undefined when there were none. */
export function goneTopic(
  topic: string,
  table: string,
  { rowsPublished }: Pick<TableState, 'rowsPublished'>,
  code = 'topic:gone',
): TributaryError | undefined {
  if (rowsPublished === 0) return undefined;
  return refusal(
    `The topic ${topic} is gone, but its state says that ${rowsPublished} rows were published to it.`,
    `Restore the topic, or have the table read again from the start: tributary state reset ${table}. An empty topic of that name may stay.`,
    code,
  );
}

/**
 * The refusal of a topic that ends before what was committed to it: a broker that had less became the leader, or a copy was restored.
 * For tables that never read again what they have read.
 */
export const shortenedTopic = (topic: string, table: string): TributaryError =>
  refusal(
    `The topic ${topic} ends before what was already committed to it, so rows are missing that will not be read again.`,
    `Restore the topic, or have the table read again from the start: tributary state reset ${table}. What is in the topic may stay.`,
  );

const refusal = (message: string, remedy: string, code = 'topic'): TributaryError =>
  new TributaryError(message, { kind: 'config', remedy, code });

const otherCount = (topic: string, table: string, found: number, wanted: number): TributaryError =>
  refusal(
    `The topic ${topic} has ${found} partitions, but its rows were spread over ${wanted}: a row's new version would land in another partition than its old one.`,
    `The partition count of a topic must never change: restore it with ${wanted} partitions, or begin anew with an empty topic: tributary state reset ${table} --delete-topic`,
  );
