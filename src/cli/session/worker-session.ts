import { Writable } from 'node:stream';
import { withAdmin } from '../../kafka/client.ts';
import { createEngine, type Engine } from '../../engine/engine.ts';
import { createEventBus, type EventBus } from '../../engine/events.ts';
import { type TableRef } from '../../core/run.ts';
import { longestInterval } from '../../core/cron.ts';
import { logEvents } from '../../observability/log-events.ts';
import { createMetrics } from '../../observability/metrics.ts';
import { startObserveServer } from '../../observability/server.ts';
import { startProgress } from '../../observability/progress.ts';
import { tableKey, type StatusModel } from '../../observability/status-model.ts';
import { followStatus, type LiveStatus } from '../../observability/status-view.ts';
import type { Settings } from '../../config/settings.ts';
import type { Cli } from '../app.ts';
import type { KafkaSession } from './kafka-session.ts';
import { watchLandings, type LandingWatch } from '../landing-watch.ts';
import { openLandings, placeOf } from '../landings.ts';
import { refsOf } from '../commands/status.ts';

/** An engine with everything that listens to it: status, log, progress. */
export interface WorkerSession {
  readonly engine: Engine;
  readonly bus: EventBus;
  readonly status: LiveStatus;
  stop(): Promise<void>;
}

/** `known`: what is known of the tables before they are read. */
export function openWorker(cli: Cli, settings: Settings, { access, registry }: KafkaSession, known?: StatusModel): WorkerSession {
  const { clock, random, stderr } = cli.deps;
  const bus = createEventBus((error) => cli.log.error({ err: error }, 'A listener failed'));
  const status = followStatus(bus, known ?? refsOf(settings), clock.now);
  const stopLog = logEvents(bus, cli.log);
  const progress = startProgress({
    status: status.snapshot,
    paint: cli.talkPaint,
    ...(cli.talksJson ? { stream: linesTo(cli.say), terminal: false } : { stream: stderr, terminal: stderr.isTTY === true }),
  });
  if (!cli.talksJson) cli.talkThrough(progress.print);
  const engine = createEngine({ settings, access, registry, bus, clock, random, redactor: cli.redactor });
  return {
    engine,
    bus,
    status,
    async stop() {
      await engine.close();
      cli.talkThrough(undefined);
      progress.stop();
      stopLog();
      status.stop();
    },
  };
}

/** A stream whose every write is a line told. */
function linesTo(say: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _, done) {
      say(chunk.toString('utf8').trimEnd());
      done();
    },
  });
}

/** Serves metrics, health and status of a worker, and of the sinks of what it reads. */
export async function serveWorker(
  cli: Cli,
  settings: Settings,
  kafka: KafkaSession,
  { bus, status }: WorkerSession,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const landings = openLandings(settings, placeOf(kafka));
  const watching: { now?: LandingWatch } = {};
  const metrics = createMetrics({
    bus,
    status: status.snapshot,
    version: cli.deps.version,
    now: cli.deps.clock.now,
    interval: intervals(settings, cli.deps.clock.now()),
    landings: () => watching.now?.landings() ?? [],
  });
  const server = await startObserveServer({
    ...settings.metrics,
    prefix: settings.prefix,
    metrics,
    status: status.snapshot,
    redact: cli.redactor.redact,
    brokersReachable: () => withAdmin(kafka.access, 'Asking Kafka', async (admin) => (await admin.describeCluster()).brokers.length > 0),
  });
  const watch = (watching.now = watchLandings({
    landings,
    access: kafka.access,
    assigned: () => status.snapshot().assigned,
    clock: cli.deps.clock,
    log: cli.log,
  }));
  return {
    url: server.url,
    async close() {
      await watch.stop();
      metrics.stop();
      await server.close();
    },
  };
}

function intervals({ connections, timezone }: Settings, now: number): (table: TableRef) => number | undefined {
  const known = new Map(
    connections.flatMap(({ name, schedules }) =>
      [...schedules].map(([table, cron]) => [tableKey({ connection: name, table }), longestInterval(cron, timezone, now)] as const),
    ),
  );
  return (table) => known.get(tableKey(table));
}
