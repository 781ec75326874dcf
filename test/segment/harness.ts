import { onTestFinished } from 'vitest';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Reader, Row } from '../../src/core/types.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { segment } from '../../producers/segment/index.ts';
import type { SegmentApi } from '../../producers/segment/api.ts';
import { segmentSettings } from '../../producers/segment/settings.ts';
import type { SegmentOptions, SegmentTable } from '../../simulators/segment/options.ts';
import { startSegmentSimulator, type SegmentSimulator } from '../../simulators/segment/segment-simulator.ts';
import { compileRecord } from '../support/records.ts';
import { engine, engineAt, listener, type Heard } from '../sdk/harness.ts';

export interface Workspace {
  simulator: SegmentSimulator;
  api: SegmentApi;
  heard: Heard;
  tables: Map<string, TableDefinition>;
  definition(name: SegmentTable): TableDefinition;
  /** A reader of one table, with the engine's part played; its clock is the simulator's. */
  table(name: SegmentTable): ReturnType<typeof engine<SegmentApi>>;
  /** Rows of a parent, read as the engine reads them. */
  parents(name: string): Promise<readonly Row[]>;
  /** The row as published, or why it cannot be. */
  record(name: SegmentTable, row: Row): TableRecord;
}

export async function workspace(
  options: SegmentOptions = {},
  settings: Record<string, unknown> = {},
  token: keyof SegmentSimulator['tokens'] = 'business',
): Promise<Workspace> {
  const simulator = await startSegmentSimulator({ limits: { enabled: false }, ...options });
  onTestFinished(() => simulator.close());
  const checked = segmentSettings.parse({
    api_token: simulator.tokens[token],
    base_url: simulator.url,
    requests_per_minute: 100_000,
    ...settings,
  });
  const { heard, observer } = listener();
  const http = createHttpFactory({ observer, clock: systemClock, random: () => 0 });
  const api = segment.connect(checked, { http, now: simulator.clock.now });
  const tables = new Map(segment.tables(checked).map((definition) => [definition.name, definition]));
  const definition = (name: string): TableDefinition => tables.get(name) as TableDefinition;

  async function parents(name: string): Promise<readonly Row[]> {
    const { rows, error } = await engine(definition(name).read as Reader<SegmentApi>, api).run();
    if (error !== undefined) throw error;
    return rows;
  }

  return {
    simulator,
    api,
    heard,
    tables,
    definition,
    parents,
    table(name) {
      return engineAt(simulator.clock.now, definition(name).read as Reader<SegmentApi>, api, { parents });
    },
    record(name, row) {
      return compileRecord(definition(name))(row);
    },
  };
}

/** Order and repetition do not matter to a topic. */
export function sorted(rows: Iterable<Row>): string[] {
  const ordered = (row: unknown): unknown =>
    row !== null && typeof row === 'object' && !Array.isArray(row)
      ? Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))
      : row;
  return [...new Set([...rows].map((row) => JSON.stringify(ordered(row))))].sort();
}
