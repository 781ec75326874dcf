import type { Clock } from '../core/clock.ts';
import { sleepUntil } from '../core/clock.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { recordLandingErrors } from '../landing/errors-log.ts';
import { landingStatus } from '../landing/status.ts';
import { relander } from '../landing/reland.ts';
import { supervisor } from '../landing/supervise.ts';
import { asTributaryError } from '../core/errors.ts';
import type { Logger } from '../observability/log.ts';
import type { Connector, LandedTable } from '../landing/types.ts';
import type { ConnectClient } from '../landing/connect-client.ts';
import type { TopicLag } from '../landing/lag.ts';
import type { LandingStatus } from '../landing/status.ts';
import { landedTo } from '../observability/landed-to.ts';
import type { WatchedLanding } from '../observability/sink-metrics.ts';
import type { OpenLanding } from './landings.ts';

const everyMs = 15_000;
/** Interval (ms) until the first sink is found: connections are assigned a moment after the start. */
const atFirstMs = 1_000;

export interface LandingWatch {
  /** The last observed states; without landings whose worker has not answered yet. */
  landings(): readonly WatchedLanding[];
  stop(): Promise<void>;
}

export interface WatchOptions {
  readonly landings: readonly OpenLanding[];
  readonly access: KafkaAccess;
  /** Connections that this process reads: it watches only their sinks, so that each sink is reported by one process. */
  readonly assigned: () => readonly string[];
  /** Epoch ms up to which a table's topic has everything; undefined where it is not known. */
  readonly readTo?: (connection: string, table: string) => number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Checks the sinks every 15 s and restarts failed ones. A Connect worker that does not answer is logged once, until it
 * answers again.
 */
export function watchLandings({ landings, access, assigned, readTo = () => undefined, clock, log }: WatchOptions): LandingWatch {
  const seen = new Map<string, WatchedLanding>();
  const silent = new Map<string, string>();
  const supervisors = new Map(landings.map(({ landing }) => [landing.name, supervisor(landing.name, clock.now)]));
  const stopping = new AbortController();
  const landed = new Map(landings.map(({ landing }) => [landing.name, landedTo(clock.now)]));
  const relanders = new Map(
    landings.map(({ landing: { name } }) => [name, relander({ landing: name, access, now: clock.now, signal: stopping.signal })]),
  );

  async function look({ landing, rendered, connect, sqlPlace }: OpenLanding): Promise<void> {
    if (!connect) return;
    const own = assigned();
    const connectors = rendered.connectors.filter(({ connection }) => own.includes(connection));
    if (connectors.length === 0) {
      seen.delete(landing.name);
      return;
    }
    const tables = connectors.flatMap((connector) => connector.tables);
    try {
      const before = clock.now();
      landed.get(landing.name)?.note(tables.map(({ connection, table, topic }) => ({ topic, readTo: readTo(connection, table) })));
      const sinks = await landingStatus({ rendered: { ...rendered, connectors }, connect, sqlPlace }, access, before, stopping.signal);
      await attend(landing.name, connect, connectors, sinks);
      const supervised = supervisors.get(landing.name);
      seen.set(landing.name, {
        landing: landing.name,
        tables,
        sinks: sinks.map((sink) => ({ ...sink, ...supervised?.sink(sink.connector) })),
        seenAt: clock.now(),
        ...warehouseFacts(tables, sinks, (lag) => landed.get(landing.name)?.of(lag, before)),
      });
      if (silent.delete(landing.name)) log.info(`The landing ${landing.name} can be checked again.`);
    } catch (error) {
      if (stopping.signal.aborted) return;
      const { message } = asTributaryError(error, 'Checking a landing');
      if (silent.get(landing.name) !== message) log.warn(`The landing ${landing.name} cannot be checked: ${message}`);
      silent.set(landing.name, message);
      // Old states must not be shown as current; only the time of the last answer is kept.
      const last = seen.get(landing.name);
      seen.set(landing.name, { landing: landing.name, tables, sinks: [], ...(last?.seenAt === undefined ? {} : { seenAt: last.seenAt }) });
    }
  }

  /**
   * Restarts failed sinks, and makes sinks that lost the registry for a while read again the rows they could not read then.
   * Both are logged and stored for `landing status`.
   */
  async function attend(
    name: string,
    connect: ConnectClient,
    connectors: readonly Connector[],
    sinks: readonly LandingStatus[],
  ): Promise<void> {
    const attended = ((await supervisors.get(name)?.attend(connect, sinks)) ?? []).map(({ error }) => error);
    for (const { name: connector, deadLetterTopic } of connectors) {
      const sink = sinks.find((one) => one.connector === connector);
      const again = sink === undefined ? undefined : await relanders.get(name)?.attend(connect, sink, deadLetterTopic);
      if (again !== undefined) attended.push(again);
    }
    for (const error of attended) log.warn(`${error.summary} Cause: ${error.message}`);
    // Errors that cannot be stored in Kafka are in the log anyway.
    await recordLandingErrors(access, attended).catch(() => undefined);
  }

  /** What is known about each table in the warehouse. */
  function warehouseFacts(
    tables: readonly LandedTable[],
    sinks: readonly LandingStatus[],
    to: (lag: TopicLag) => number | undefined,
  ): Required<Pick<WatchedLanding, 'landedTo' | 'newestRows'>> {
    const lags = new Map(sinks.flatMap(({ topics }) => topics.map((lag) => [lag.topic, lag])));
    const each = <T>(value: (lag: TopicLag) => number | undefined, made: (of: LandedTable, found: number) => T): T[] =>
      tables.flatMap((table) => {
        const lag = lags.get(table.topic);
        const found = lag === undefined ? undefined : value(lag);
        return found === undefined ? [] : [made(table, found)];
      });
    return {
      landedTo: each(to, ({ connection, table }, found) => ({ connection, table, to: found })),
      newestRows: each(
        ({ newestRowAt }) => newestRowAt,
        ({ connection, table }, at) => ({ connection, table, at }),
      ),
    };
  }

  const watching = (async () => {
    while (!stopping.signal.aborted && landings.length > 0) {
      for (const landing of landings) await look(landing);
      await sleepUntil(clock, clock.now() + (seen.size === 0 ? atFirstMs : everyMs), stopping.signal);
    }
  })();
  return {
    landings: () => [...seen.values()],
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}
