import { onTestFinished } from 'vitest';
import { customerIo } from '../../producers/customer_io/index.ts';
import type { CustomerIoApi } from '../../producers/customer_io/api.ts';
import { customerIoSettings } from '../../producers/customer_io/settings.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import type { Reader, Row } from '../../src/core/types.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { compileRecord } from '../support/records.ts';
import { type engine, engineAt, listener, type Heard } from '../sdk/harness.ts';
import type { CustomerIoOptions, CustomerIoTable, KeyKind } from '../../simulators/customer-io/options.ts';
import { startCustomerIoSimulator, type CustomerIoSimulator } from '../../simulators/customer-io/simulator.ts';

export interface Workspace {
  simulator: CustomerIoSimulator;
  api: CustomerIoApi;
  heard: Heard;
  definition(name: CustomerIoTable): TableDefinition;
  /** A reader of one table, with the engine's part played; its clock is the simulator's. */
  table(name: CustomerIoTable): ReturnType<typeof engine<CustomerIoApi>>;
  /** The row as published; throws when it cannot be. */
  record(name: CustomerIoTable, row: Row): TableRecord;
}

/** A small workspace and a connection to it that no rate limit slows. */
export async function workspace(
  options: CustomerIoOptions = {},
  settings: Record<string, unknown> = {},
  key: KeyKind = 'full',
): Promise<Workspace> {
  const simulator = await startCustomerIoSimulator({
    people: 230,
    deliveries: 400,
    activities: 250,
    bounces: 30,
    newsletters: 25,
    limits: { enabled: false },
    ...options,
  });
  onTestFinished(() => simulator.close());
  return connected(simulator, settings, key);
}

export function connected(
  simulator: CustomerIoSimulator,
  settings: Record<string, unknown> = {},
  key: KeyKind = 'full',
  unlimited = true,
): Workspace {
  const checked = customerIoSettings.parse({ access_token: simulator.keys[key], base_url: simulator.baseUrl, ...settings });
  const { heard, observer } = listener();
  const http = createHttpFactory({ observer, clock: systemClock, random: () => 0 });
  const api = customerIo.connect(checked, {
    now: simulator.clock.now,
    http: (given) => http(unlimited ? { ...given, budget: { ...given.budget, buckets: {} } } : given),
  });
  const tables = new Map(customerIo.tables(checked).map((definition) => [definition.name, definition]));
  const definition = (name: string): TableDefinition => tables.get(name) as TableDefinition;
  return {
    simulator,
    api,
    heard,
    definition,
    table(name) {
      return engineAt(simulator.clock.now, definition(name).read as Reader<CustomerIoApi>, api);
    },
    record(name, row) {
      return compileRecord(definition(name))(row);
    },
  };
}

/** Records by key, the later one for a key that comes twice. */
export function byKey(workspace_: Workspace, name: CustomerIoTable, rows: Iterable<Row>): Map<string, TableRecord> {
  const key = workspace_.definition(name).key[0] as string;
  return new Map(
    [...rows].map((row) => {
      const record = workspace_.record(name, row);
      return [String(record[key]), record];
    }),
  );
}
