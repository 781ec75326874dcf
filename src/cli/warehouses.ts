import type { Settings } from '../config/settings.ts';
import { tableKey } from '../core/run.ts';
import { asTributaryError } from '../core/errors.ts';
import { landingStatuses, type LandingStatus } from '../landing/status.ts';
import type { TableStatus } from '../observability/status-view.ts';
import type { LandedTableStatus } from '../observability/warehouse-status.ts';
import type { Facts } from '../web/model/facts.ts';
import { endToEnd } from '../web/model/table-row.ts';
import type { Cli } from './app.ts';
import type { FreshLandingStatus } from './landing-text.ts';
import { openLanding, placeOf, type OpenLanding } from './landings.ts';
import type { KafkaSession } from './session/kafka-session.ts';
import { anySignal, timeLimit } from '../core/signals.ts';

/** Longest wait (ms) for one landing: the status of the tables is worth more than that of a warehouse that does not answer. */
const LONGEST_MS = 15_000;

/** Adds to the sinks' states, measured `at` a moment (epoch ms), the age of the warehouse's data, counted from the vendor. */
export function withFreshness(
  seen: readonly LandingStatus[],
  { rendered }: OpenLanding,
  facts: Facts,
  tables: readonly TableStatus[],
  at: number,
): FreshLandingStatus[] {
  const landed = rendered.connectors.flatMap((connector) => connector.tables);
  return seen.map((sink) => ({
    ...sink,
    topics: sink.topics.map((lag) => {
      const of = landed.find(({ topic }) => topic === lag.topic);
      const status = tables.find(({ connection, table }) => connection === of?.connection && table === of.table);
      // Nothing lands without a connector, whatever its topic holds.
      const known = status !== undefined && sink.state !== 'MISSING';
      const age = known ? endToEnd(status, facts.runs(tableKey(status)), [{ lag, seenAt: at }], at) : undefined;
      return age === undefined ? lag : { ...lag, freshnessSeconds: age / 1000 };
    }),
  }));
}

/**
 * How far every landing has got with these tables, asked of its Connect worker and, where it can be queried, of its warehouse.
 * Never throws but when interrupted: what cannot be asked is named on standard error, and its tables have no times.
 */
export async function askedTables(
  cli: Cli,
  settings: Settings,
  kafka: KafkaSession,
  facts: Facts,
  tables: readonly TableStatus[],
): Promise<LandedTableStatus[]> {
  const at = cli.deps.clock.now();
  const limit = timeLimit(LONGEST_MS);
  const place = { ...placeOf(kafka), signal: anySignal(kafka.stop, limit) };
  const unknown = (name: string, error: unknown): void => {
    if (kafka.stop.aborted) throw error;
    const { kind, message } = asTributaryError(error, 'Asking it');
    const why = kind === 'stopped' && limit.aborted ? `nothing was answered within ${LONGEST_MS / 1000} s` : message;
    cli.say(`How far the landing ${name} is, is not known: ${why.replace(/\.$/, '')}.`);
  };
  const opened = Object.keys(settings.landings).flatMap((name) => {
    try {
      return [openLanding(settings, place, name, true)];
    } catch (error) {
      unknown(name, error);
      return [];
    }
  });
  const asked = opened.flatMap((one) => {
    const connectors = one.rendered.connectors.filter(({ connection }) => tables.some((table) => table.connection === connection));
    return one.connect === undefined || connectors.length === 0
      ? []
      : [{ ...one, connect: one.connect, rendered: { ...one.rendered, connectors } }];
  });
  const statuses = await landingStatuses(asked, kafka.access, at, kafka.stop);
  const known = new Map<string, FreshLandingStatus['topics'][number]>();
  for (const [index, one] of asked.entries()) {
    const status = statuses[index];
    if (status?.status !== 'fulfilled') unknown(one.landing.name, status?.reason);
    else
      for (const { topics } of withFreshness(status.value, one, facts, tables, at))
        for (const topic of topics) known.set(`${one.landing.name} ${topic.topic}`, topic);
  }
  return opened.flatMap(({ landing, rendered }) =>
    rendered.connectors.flatMap((connector) =>
      connector.tables.map(({ connection, table, topic }): LandedTableStatus => {
        const { freshnessSeconds, newestRowAt } = known.get(`${landing.name} ${topic}`) ?? {};
        return {
          ...{ connection, table, landing: landing.name },
          ...(freshnessSeconds === undefined ? {} : { freshnessMs: freshnessSeconds * 1000 }),
          ...(newestRowAt === undefined ? {} : { newestRowAt }),
        };
      }),
    ),
  );
}
