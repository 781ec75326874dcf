import { onTestFinished } from 'vitest';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Reader, Row } from '../../src/core/types.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { pendo } from '../../producers/pendo/index.ts';
import type { PendoApi } from '../../producers/pendo/api.ts';
import { pendoSettings } from '../../producers/pendo/settings.ts';
import type { PendoOptions, PendoTable } from '../../simulators/pendo/options.ts';
import { DEFAULT_KEY, startPendoSimulator, type PendoSimulator } from '../../simulators/pendo/simulator.ts';
import { compileRecord } from '../support/records.ts';
import { type engine, engineAt, listener, type Heard } from '../sdk/harness.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export interface Subscription {
  simulator: PendoSimulator;
  api: PendoApi;
  heard: Heard;
  definition(name: PendoTable): TableDefinition;
  /** A reader of one table, with the engine's part played; its clock is the simulator's. */
  table(name: PendoTable): ReturnType<typeof engine<PendoApi>>;
  /** The row as published, or why it cannot be. */
  record(name: PendoTable, row: Row): TableRecord;
  /** Records by key; of two rows with one key the later counts, as in the topic. */
  topic(name: PendoTable, rows: Iterable<Row>): Map<string, TableRecord>;
  /** What the topic has to hold. */
  truth(name: PendoTable, since?: number): Map<string, TableRecord>;
}

export async function subscription(options: PendoOptions = {}, settings: Record<string, unknown> = {}): Promise<Subscription> {
  const simulator = await startPendoSimulator({ limits: { enabled: false }, ...options });
  onTestFinished(() => simulator.close());
  const checked = pendoSettings.parse({ integration_key: DEFAULT_KEY, base_url: simulator.url, requests_per_second: 100_000, ...settings });
  const { heard, observer } = listener();
  const http = createHttpFactory({ observer, clock: systemClock, random: () => 0 });
  const api = pendo.connect(checked, { http, now: simulator.clock.now });
  const tables = new Map(pendo.tables(checked).map((definition) => [definition.name, definition]));
  const definition = (name: string): TableDefinition => tables.get(name) as TableDefinition;

  function record(name: PendoTable, row: Row): TableRecord {
    return compileRecord(definition(name))(row);
  }
  function topic(name: PendoTable, rows: Iterable<Row>): Map<string, TableRecord> {
    const { key } = definition(name);
    return new Map(
      [...rows].map((row) => {
        const made = record(name, row);
        return [JSON.stringify(key.map((column) => made[column])), made];
      }),
    );
  }

  return {
    simulator,
    api,
    heard,
    definition,
    record,
    topic,
    table(name) {
      return engineAt(simulator.clock.now, definition(name).read as Reader<PendoApi>, api);
    },
    truth: (name, since) =>
      topic(
        name,
        simulator.truth.rows(name, {
          period: checked.period === 'day' ? 'dayRange' : 'hourRange',
          anonymous: checked.include_anonymous_visitors,
          ...(since === undefined ? {} : { since }),
        }) as unknown as Row[],
      ),
  };
}
