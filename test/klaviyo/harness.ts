import { onTestFinished } from 'vitest';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { ReadContext, Reader, Row } from '../../src/core/types.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import type { KlaviyoApi } from '../../producers/klaviyo/api.ts';
import { klaviyoSettings } from '../../producers/klaviyo/settings.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import type { KlaviyoSimulator, KlaviyoSimulatorOptions } from '../../simulators/klaviyo/simulator.ts';
import { engine, listener } from '../sdk/harness.ts';
import type { Heard } from '../sdk/harness.ts';

/** Every simulated instant of these tests is counted from here. */
export const NOW = Date.UTC(2026, 5, 10, 12);

export interface Account {
  simulator: KlaviyoSimulator;
  api: KlaviyoApi;
  heard: Heard;
  tables: Map<string, TableDefinition>;
  /** A reader of one table, with the engine's part played; its clock is the simulator's. */
  table(name: string): ReturnType<typeof engine<KlaviyoApi>>;
  metrics(): Promise<readonly Row[]>;
}

export async function account(options: KlaviyoSimulatorOptions = {}, settings: Record<string, unknown> = {}): Promise<Account> {
  const simulator = await startKlaviyoSimulator({ now: NOW, profiles: 350, events: 5_000, limits: false, ...options });
  onTestFinished(() => simulator.close());
  const checked = klaviyoSettings.parse({ api_key: DEFAULT_KEY, base_url: simulator.url, ...settings });
  const { heard, observer } = listener();
  const http = createHttpFactory({ observer, clock: systemClock, random: () => 0 });
  const api = klaviyo.connect(checked, { http, now: simulator.clock.now });
  const tables = new Map(klaviyo.tables(checked).map((definition) => [definition.name, definition]));
  const metrics = async (): Promise<readonly Row[]> => (await engine(reader('metric'), api).run()).rows;

  function reader(name: string): Reader<KlaviyoApi> {
    return (tables.get(name) as TableDefinition).read as Reader<KlaviyoApi>;
  }

  return {
    simulator,
    api,
    heard,
    tables,
    metrics,
    table(name) {
      const inner = engine(reader(name), api, { parents: metrics });
      const run = inner.run.bind(inner);
      inner.run = (how = {}) => {
        const time: Partial<ReadContext<KlaviyoApi>> = { runStart: simulator.clock.now(), now: simulator.clock.now };
        return run({ ...time, ...how });
      };
      return inner;
    },
  };
}

/** Rows by id; a later row with the same id replaces the earlier one, as in the topic. */
export function byId(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [String(row.id), row]));
}
