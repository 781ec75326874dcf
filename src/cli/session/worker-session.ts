import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Writable } from 'node:stream';
import { withAdmin } from '../../kafka/client.ts';
import { createEngine, type Engine } from '../../engine/engine.ts';
import { createEventBus, type EventBus } from '../../engine/events.ts';
import { tableKey, type TableRef } from '../../core/run.ts';
import { longestInterval } from '../../core/cron.ts';
import { logEvents } from '../../observability/log-events.ts';
import { createMetrics } from '../../observability/metrics.ts';
import { publishStatus } from '../../observability/status-publish.ts';
import { startNotifying } from '../../observability/webhook.ts';
import { createStatusLog } from '../../kafka/meta/status-log.ts';
import { startServer } from '../../web/server.ts';
import { startProgress } from '../../observability/progress.ts';
import { watchedTables, withWarehouses } from '../../observability/warehouse-status.ts';
import type { StatusModel } from '../../observability/status-model.ts';
import { followStatus, type LiveStatus } from '../../observability/status-view.ts';
import type { FollowedSettings } from '../../config/follow-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { asTributaryError } from '../../core/errors.ts';
import type { Cli } from '../app.ts';
import type { KafkaSession } from './kafka-session.ts';
import { watchLandings, type LandingWatch } from '../landing-watch.ts';
import { openLandings, placeOf } from '../landings.ts';
import { openPage } from '../page.ts';
import { unreadStatus } from '../../web/model/status.ts';

/** An engine with its listeners: status, log, progress. */
export interface WorkerSession {
  readonly engine: Engine;
  readonly bus: EventBus;
  readonly status: LiveStatus;
  stop(): Promise<void>;
}

/** `known`: the state of the tables from earlier runs. */
export function openWorker(cli: Cli, settings: Settings, { access, registry }: KafkaSession, known?: StatusModel): WorkerSession {
  const { clock, random, stderr } = cli.deps;
  const bus = createEventBus((error) => cli.log.error({ err: error }, 'A listener failed'));
  const status = followStatus(bus, known ?? unreadStatus(settings), clock.now);
  const terminal = !cli.talksJson && stderr.isTTY === true;
  // A single pass without a terminal logs each table's beginning and end; a worker logs only changes.
  const stopLog = logEvents(bus, cli.log, { now: clock.now, everyRun: known === undefined && !terminal });
  const stream = cli.talksJson ? linesTo(cli.say) : stderr;
  const progress = cli.quiet ? undefined : startProgress({ status: status.snapshot, paint: cli.talkPaint, stream, terminal });
  if (!cli.talksJson) cli.talkThrough(progress?.print);
  const engine = createEngine({ settings, access, registry, bus, clock, random, redactor: cli.redactor });
  return {
    engine,
    bus,
    status,
    async stop() {
      await engine.close();
      cli.talkThrough(undefined);
      progress?.stop();
      stopLog();
      status.stop();
    },
  };
}

/** A stream that passes each write to `say` as one line. */
function linesTo(say: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _, done) {
      say(chunk.toString('utf8').trimEnd());
      done();
    },
  });
}

/**
 * Serves the data-sync page, metrics, health and status of a worker and watches the sinks of its connections. Publishes its
 * status to other pages, and applies changes of the settings file. Throws `config` like `createWebApp`.
 */
export async function serveWorker(
  cli: Cli,
  settings: Settings,
  kafka: KafkaSession,
  { bus, status, engine }: WorkerSession,
  followed: FollowedSettings,
): Promise<{ readonly url: string; readonly pageUrl: string | undefined; close(): Promise<void> }> {
  const { clock, version } = cli.deps;
  const watching: { now?: LandingWatch } = {};
  const page = settings.web.enabled ? openPage(cli, settings, kafka, followed) : undefined;
  let known = intervals(settings, clock.now());
  const interval = (table: TableRef): number | undefined => known(table);
  const metrics = createMetrics({
    bus,
    status: status.snapshot,
    version,
    revision: cli.deps.revision,
    prefix: settings.prefix,
    now: clock.now,
    interval,
    landings: () => watching.now?.landings() ?? [],
  });
  const server = await startServer({
    ...settings.metrics,
    allowedHosts: settings.web.allowed_hosts,
    observe: {
      prefix: settings.prefix,
      metrics,
      status: () => {
        const problem = followed.problem();
        const snapshot = withWarehouses(status.snapshot(), watchedTables(watching.now?.landings() ?? [], clock.now()));
        return { ...snapshot, ...(problem === undefined ? {} : { settingsProblem: problem }) };
      },
      redact: cli.redactor.redact,
      brokersReachable: () => withAdmin(kafka.access, 'Asking Kafka', async (admin) => (await admin.describeCluster()).brokers.length > 0),
    },
    ...(page === undefined ? {} : { page }),
  }).catch(async (error: unknown) => {
    metrics.stop();
    await page?.stop();
    throw error;
  });
  const watch = (): LandingWatch =>
    watchLandings({
      landings: openLandings(followed.now(), placeOf(kafka)),
      access: kafka.access,
      assigned: () => status.snapshot().assigned,
      readTo: (connection, table) => status.snapshot().tables.find((one) => one.connection === connection && one.table === table)?.readTo,
      clock,
      log: cli.log,
    });
  watching.now = watch();
  const telling = publishStatus({
    log: createStatusLog(kafka.access),
    status,
    worker: { worker: randomUUID(), host: hostname(), pid: process.pid, version, startedAt: clock.now() },
    settingsProblem: followed.problem,
    now: clock.now,
    onRetry: (error) => cli.log.debug(`The status could not be published: ${asTributaryError(error, 'Publishing the status').message}`),
  });
  const notifying =
    settings.notify === undefined
      ? undefined
      : startNotifying({
          settings: settings.notify,
          prefix: settings.prefix,
          status: status.snapshot,
          interval,
          onProblem: ({ message, remedy }) => cli.log.warn(`${message} ${remedy ?? ''}`.trimEnd()),
        });
  let turn = Promise.resolve();
  const unfollow = followed.on((next) => {
    engine.applySettings(next);
    status.list(unreadStatus(next));
    known = intervals(next, clock.now());
    turn = turn.then(async () => {
      // Our own stack starts without Connect when the settings had no landings.
      if (Object.keys(next.landings).length > 0) await kafka.stack?.startConnect();
      await watching.now?.stop();
      watching.now = watch();
    });
    turn.catch((error: unknown) =>
      cli.log.error(`The landings cannot be watched: ${asTributaryError(error, 'Opening the landings').message}`),
    );
    turn = turn.catch(() => undefined);
  });
  return {
    url: server.url,
    pageUrl: page === undefined ? undefined : server.url,
    async close() {
      unfollow();
      await notifying?.stop();
      await telling.stop();
      await turn;
      await watching.now?.stop();
      await page?.stop();
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
