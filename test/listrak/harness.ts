import { onTestFinished } from 'vitest';
import type { ListrakApi } from '../../producers/listrak/api.ts';
import { listrak } from '../../producers/listrak/index.ts';
import { listrakSettings } from '../../producers/listrak/settings.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import type { ReadContext, Reader, Row } from '../../src/core/types.ts';
import { compileCoerce } from '../../src/record/coerce.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { engine, listener, type Heard } from '../sdk/harness.ts';
import type { ListrakOptions, ListrakTable } from '../../simulators/listrak/options.ts';
import { startListrakSimulator, type ListrakSimulator } from '../../simulators/listrak/simulator.ts';

export interface Account {
  simulator: ListrakSimulator;
  api: ListrakApi;
  heard: Heard;
  definition(name: ListrakTable): TableDefinition;
  /** A reader of one table, with the engine's part played; its clock is the simulator's. */
  table(name: ListrakTable): ReturnType<typeof engine<ListrakApi>>;
  /** The row as published; throws when it cannot be. */
  record(name: ListrakTable, row: Row): TableRecord;
  /** What the table should hold, by key. */
  truth(name: ListrakTable): Map<string, TableRecord>;
  /** What a topic would hold after these rows, by key: the last of each. Rows without a key are left out. */
  held(name: ListrakTable, rows: Iterable<Row>): Map<string, TableRecord>;
}

/** How patient the connection is. */
export interface Line {
  readonly timeoutMs?: number;
  /** 0..1, for the jitter of its back-off; default 0, as short as can be. */
  readonly random?: () => number;
}

/** A small account and a connection to it. */
export async function account(options: ListrakOptions = {}, settings: Record<string, unknown> = {}, how: Line = {}): Promise<Account> {
  const simulator = await startListrakSimulator({ switches: { pageSize: 20 }, ...options });
  onTestFinished(() => simulator.close());
  return connected(simulator, settings, how);
}

export function connected(
  simulator: ListrakSimulator,
  settings: Record<string, unknown> = {},
  { timeoutMs, random = () => 0 }: Line = {},
): Account {
  const { user, password } = simulator.account;
  const checked = listrakSettings.parse({
    username: user,
    password,
    base_url: simulator.url,
    time_zone: simulator.switches.timeZone,
    ...settings,
  });
  const { heard, observer } = listener();
  const factory = createHttpFactory({ observer, clock: systemClock, random });
  const http: typeof factory = (given) => {
    const client = factory(given);
    return timeoutMs === undefined ? client : { ...client, post: (path, body, ask) => client.post(path, body, { ...ask, timeoutMs }) };
  };
  const api = listrak.connect(checked, { http, now: simulator.clock.now });
  const tables = new Map(listrak.tables(checked).map((definition) => [definition.name, definition]));
  const definition = (name: string): TableDefinition => tables.get(name) as TableDefinition;

  async function parents(name: string): Promise<readonly Row[]> {
    const { rows, error, pages } = await engine(definition(name).read as Reader<ListrakApi>, api, {
      parents,
      runStart: simulator.clock.now(),
    }).run();
    if (error !== undefined) throw error;
    if (!pages.some((page) => page.scan?.end !== undefined)) throw new Error(`${name} did not prove its end`);
    return rows;
  }

  function record(name: ListrakTable, row: Row): TableRecord | undefined {
    const found = definition(name);
    const coerced = compileCoerce(found)(found.shape?.(row) ?? row);
    return coerced.refused === undefined ? coerced.record : undefined;
  }

  function held(name: ListrakTable, rows: Iterable<Row>): Map<string, TableRecord> {
    const found = new Map<string, TableRecord>();
    for (const row of rows) {
      const one = record(name, row);
      if (one !== undefined) found.set(JSON.stringify(definition(name).key.map((column) => one[column])), one);
    }
    return found;
  }

  return {
    simulator,
    api,
    heard,
    definition,
    held,
    table(name) {
      const inner = engine(definition(name).read as Reader<ListrakApi>, api, { parents });
      const run = inner.run.bind(inner);
      inner.run = (how = {}) => {
        const time: Partial<ReadContext<ListrakApi>> = { runStart: simulator.clock.now(), now: simulator.clock.now };
        return run({ ...time, ...how });
      };
      return inner;
    },
    record(name, row) {
      const found = record(name, row);
      if (found === undefined) throw new Error(`${name}: the row cannot be published`);
      return found;
    },
    truth: (name) => held(name, simulator.truth.rows(name) as unknown as Row[]),
  };
}

export const TABLES: readonly ListrakTable[] = [
  'lists',
  'messages',
  'message_bounces',
  'message_clicks',
  'message_opens',
  'message_reads',
  'message_sends',
  'message_unsubs',
  'subscribed_contacts',
];
