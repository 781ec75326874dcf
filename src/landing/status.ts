import type { KafkaAccess } from '../kafka/client.ts';
import type { TopicSpec } from '../kafka/topics.ts';
import { failure, rootCause } from './apply.ts';
import type { ConnectClient, ConnectorState } from './connect-client.ts';
import { messageCounts, sinkLag } from './lag.ts';
import type { TopicLag } from './lag.ts';
import { newestRows, type SqlPlace } from './newest-rows.ts';
import type { Connector, RenderedLanding } from './types.ts';
import { DAY } from '../core/time.ts';

export interface LandingStatus {
  readonly connector: string;
  readonly connection: string;
  /** `MISSING`: the landing was never applied, or somebody deleted the connector. */
  readonly state: ConnectorState | 'MISSING';
  readonly tasks: readonly { readonly id: number; readonly state: ConnectorState }[];
  /** Why it fails: only the root cause. */
  readonly failure?: string;
  readonly topics: readonly TopicLag[];
  /** Messages in the dead-letter topic. */
  readonly deadLetters: number;
}

/** Task states, lag and dead letters of every connector of the landing. */
export async function landingStatus(
  rendered: RenderedLanding,
  connect: ConnectClient,
  access: KafkaAccess,
  now: () => number,
  { signal, sqlPlace }: { readonly signal?: AbortSignal; readonly sqlPlace?: SqlPlace | undefined } = {},
): Promise<LandingStatus[]> {
  const deadLetters = await messageCounts(
    access,
    rendered.connectors.map((connector) => connector.deadLetterTopic),
  );
  const tables = rendered.connectors.flatMap((connector) => connector.tables);
  const newest = sqlPlace === undefined ? undefined : await newestRows(sqlPlace, tables, now);
  const all: LandingStatus[] = [];
  for (const connector of rendered.connectors) {
    const status = await connect.status(connector.name);
    const committed = status === undefined ? [] : await connect.offsets(connector.name);
    const trace = status === undefined ? undefined : failure(status);
    all.push({
      connector: connector.name,
      connection: connector.connection,
      state: status?.connector.state ?? 'MISSING',
      tasks: (status?.tasks ?? []).map(({ id, state }) => ({ id, state })),
      ...(trace === undefined ? {} : { failure: rootCause(trace) }),
      topics: (
        await sinkLag(
          access,
          connector.tables.map(({ topic }) => ({
            topic,
            committed,
            deletesBy: deletesBy(connector),
            deadLetterTopic: connector.deadLetterTopic,
          })),
          now,
          signal,
        )
      ).map((topic) => withNewest(topic, newest?.get(topic.topic))),
      deadLetters: deadLetters.get(connector.deadLetterTopic) ?? 0,
    });
  }
  return all;
}

const withNewest = (topic: TopicLag, newestRowAt: number | undefined): TopicLag =>
  newestRowAt === undefined ? topic : { ...topic, newestRowAt };

/** A connector that drops tombstones learns of deletes by the markers. */
function deletesBy({ config }: Connector): 'tombstone' | 'marker' {
  const drops = Object.entries(config).some(
    ([key, value]) => /^transforms\..*\.predicate$/.test(key) && config[`predicates.${value}.type`]?.endsWith('.RecordIsTombstone'),
  );
  return drops ? 'marker' : 'tombstone';
}

/**
 * The dead-letter topics of the landing, and other topics that its sinks need. Create them before applying it, because
 * Connect would create them with the broker's default retention.
 */
export function deadLetterTopics(rendered: RenderedLanding): TopicSpec[] {
  const log = (name: string, days: number): TopicSpec => ({ name, partitions: 1, kind: 'log', retention: days * DAY });
  return rendered.connectors.flatMap(({ deadLetterTopic, controlTopic }) => [
    log(deadLetterTopic, 30),
    ...(controlTopic === undefined ? [] : [log(controlTopic, 7)]),
  ]);
}
