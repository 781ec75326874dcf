import type { Settings } from '../config/settings.ts';
import { tableKey } from '../core/run.ts';
import { asTributaryError } from '../core/errors.ts';
import { landingStatus, type LandingStatus } from '../landing/status.ts';
import type { TableStatus } from '../observability/status-view.ts';
import type { LandedTableStatus } from '../observability/warehouse-status.ts';
import type { Facts } from '../web/model/facts.ts';
import { endToEnd } from '../web/model/table-row.ts';
import type { Cli } from './app.ts';
import type { FreshLandingStatus } from './landing-text.ts';
import { openLanding, placeOf, type OpenLanding } from './landings.ts';
import type { KafkaSession } from './session/kafka-session.ts';

/** Longest wait (ms) for one landing: the status of the tables is worth more than that of a warehouse that does not answer. */
const LONGEST_MS = 15_000;

/** Adds to the sinks' states the age of the warehouse's data, measured from the vendor. */
export function withFreshness(
  seen: readonly LandingStatus[],
  { rendered }: OpenLanding,
  facts: Facts,
  tables: readonly TableStatus[],
  now: number,
): FreshLandingStatus[] {
  const landed = rendered.connectors.flatMap((connector) => connector.tables);
  return seen.map((sink) => ({
    ...sink,
    topics: sink.topics.map((lag) => {
      const at = landed.find(({ topic }) => topic === lag.topic);
      const status = tables.find(({ connection, table }) => connection === at?.connection && table === at.table);
      const age = status === undefined ? undefined : endToEnd(status, facts.runs(tableKey(status)), [{ lag, seenAt: now }], now);
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
  const asked = await Promise.all(
    Object.keys(settings.landings).map(async (name): Promise<LandedTableStatus[]> => {
      const signal = AbortSignal.any([cli.interruption(), AbortSignal.timeout(LONGEST_MS)]);
      const known = new Map<string, FreshLandingStatus['topics'][number]>();
      let opened: OpenLanding | undefined;
      try {
        opened = openLanding(settings, { ...placeOf(kafka), signal }, name, true);
        const { rendered, connect, sqlPlace } = opened;
        const connectors = rendered.connectors.filter((one) => tables.some(({ connection }) => connection === one.connection));
        if (connect !== undefined && connectors.length > 0) {
          const { now } = cli.deps.clock;
          const seen = await landingStatus({ ...rendered, connectors }, connect, kafka.access, now, { signal, sqlPlace });
          for (const { topics } of withFreshness(seen, opened, facts, tables, now())) for (const one of topics) known.set(one.topic, one);
        }
      } catch (error) {
        if (cli.interruption().aborted) throw error;
        const why = signal.aborted ? `nothing was answered within ${LONGEST_MS / 1000} s` : asTributaryError(error, 'Asking it').message;
        cli.say(`How far the landing ${name} is, is not known: ${why.replace(/\.$/, '')}.`);
      }
      const landed = opened?.rendered.connectors.flatMap((connector) => connector.tables) ?? [];
      return landed.map(({ connection, table, topic }) => {
        const { freshnessSeconds, newestRowAt } = known.get(topic) ?? {};
        return {
          ...{ connection, table, landing: name },
          ...(freshnessSeconds === undefined ? {} : { freshnessMs: freshnessSeconds * 1000 }),
          ...(newestRowAt === undefined ? {} : { newestRowAt }),
        };
      });
    }),
  );
  return asked.flat();
}
