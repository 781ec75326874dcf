import type { KafkaAccess } from '../kafka/client.ts';
import type { TopicSpec } from '../kafka/topics.ts';
import { failure, rootCause } from './apply.ts';
import type { ConnectClient, ConnectorState, ConnectorStatus, SinkOffset } from './connect-client.ts';
import { messageCount, sinkLag, topicRanges, type LagRequest, type TopicLag } from './lag.ts';
import { newestRows, type NewestRows, type SqlPlace } from './newest-rows.ts';
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
  readonly deadLetterTopic: string;
  /** Messages in it. */
  readonly deadLetters: number;
  /** Why the warehouse could not be queried; only where the settings say how. */
  readonly warehouseTrouble?: string;
}

/** What is asked about a landing. */
export interface AskedLanding {
  readonly rendered: RenderedLanding;
  readonly connect: ConnectClient;
  /** Where its rows can be queried. */
  readonly sqlPlace?: SqlPlace | undefined;
}

/**
 * Task states, lag and dead letters of every connector of a landing.
 *
 * @param at the present moment, epoch ms: ages are counted to it.
 */
export async function landingStatus(asked: AskedLanding, access: KafkaAccess, at: number, signal?: AbortSignal): Promise<LandingStatus[]> {
  const [found] = await landingStatuses([asked], access, at, signal);
  if (found?.status !== 'fulfilled') throw found?.reason;
  return found.value;
}

/**
 * {@link landingStatus} of several landings, in their order, for which Kafka is asked once. A landing whose Connect does not
 * answer has the error instead; one of Kafka is thrown.
 */
export async function landingStatuses(
  landings: readonly AskedLanding[],
  access: KafkaAccess,
  at: number,
  signal?: AbortSignal,
): Promise<PromiseSettledResult<LandingStatus[]>[]> {
  const asked = await Promise.allSettled(landings.map((landing) => askLanding(landing, at)));
  const sinks = asked.flatMap((one) => (one.status === 'fulfilled' ? one.value.sinks : []));
  if (sinks.length === 0) return asked.map((one) => (one.status === 'fulfilled' ? { ...one, value: [] } : one));
  const ranges = await topicRanges(
    access,
    sinks.flatMap(({ connector: { deadLetterTopic, tables } }) => [deadLetterTopic, ...tables.map(({ topic }) => topic)]),
  );
  const lags = await sinkLag(access, sinks.flatMap(lagRequests), ranges, at, signal);
  return asked.map((one) => {
    if (one.status === 'rejected') return one;
    const { sinks: own, warehouse } = one.value;
    return {
      status: 'fulfilled',
      value: own.map(({ connector, status }) => ({
        ...stateOf(connector, status),
        topics: lags.splice(0, connector.tables.length).map((topic) => withNewest(topic, warehouse?.newest.get(topic.topic))),
        deadLetterTopic: connector.deadLetterTopic,
        deadLetters: messageCount(ranges, connector.deadLetterTopic),
        ...(warehouse?.trouble === undefined ? {} : { warehouseTrouble: warehouse.trouble }),
      })),
    };
  });
}

interface AskedSink {
  readonly connector: Connector;
  readonly status: ConnectorStatus | undefined;
  readonly committed: readonly SinkOffset[];
}

/** What Connect and the warehouse themselves say. */
async function askLanding(
  { rendered, connect, sqlPlace }: AskedLanding,
  at: number,
): Promise<{ readonly sinks: readonly AskedSink[]; readonly warehouse: NewestRows | undefined }> {
  const tables = rendered.connectors.flatMap((connector) => connector.tables);
  const warehouse = sqlPlace === undefined ? undefined : await newestRows(sqlPlace, tables, at);
  const sinks: AskedSink[] = [];
  for (const connector of rendered.connectors) {
    const status = await connect.status(connector.name);
    sinks.push({ connector, status, committed: status === undefined ? [] : await connect.offsets(connector.name) });
  }
  return { sinks, warehouse };
}

function stateOf(
  { name, connection }: Connector,
  status: ConnectorStatus | undefined,
): Pick<LandingStatus, 'connector' | 'connection' | 'state' | 'tasks' | 'failure'> {
  const trace = status === undefined ? undefined : failure(status);
  return {
    connector: name,
    connection,
    state: status?.connector.state ?? 'MISSING',
    tasks: (status?.tasks ?? []).map(({ id, state }) => ({ id, state })),
    ...(trace === undefined ? {} : { failure: rootCause(trace) }),
  };
}

const lagRequests = ({ connector, committed }: AskedSink): LagRequest[] =>
  connector.tables.map(({ topic }) => ({
    topic,
    committed,
    deletesBy: deletesBy(connector),
    deadLetterTopic: connector.deadLetterTopic,
  }));

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
