import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { pendo } from '../../producers/pendo/index.ts';
import { DEFAULT_KEY, startPendoSimulator } from '../../simulators/pendo/simulator.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { recordsOf } from '../support/records.ts';
import { summariesByTable } from '../support/summaries.ts';

const TABLES = ['features', 'pages', 'track_types', 'guides'] as const;
const DAY = 86_400_000;

/** `validThrough`, `dailyMergeFirst` and `dailyRollupFirst` move with each of Pendo's own counts, and `lastUpdatedAt` does not. */
it("marks of Pendo's own processing publish nothing by themselves, and come with the next real change", async () => {
  const vendor = await startPendoSimulator({
    days: 1,
    visitors: 5,
    features: 9,
    pages: 9,
    guides: 9,
    trackTypes: 9,
    limits: { enabled: false },
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-marks-'));
  let test: TestEngine | undefined;
  onTestFinished(async () => {
    await test?.close();
    await vendor.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const prefix = `marks${randomBytes(4).toString('hex')}`;
  const open = (dir: string): Promise<TestEngine> =>
    openTestEngine({
      ...inject('stack'),
      prefix,
      dataDir: dir,
      connections: [
        { source: pendo, tables: TABLES, settings: { integration_key: DEFAULT_KEY, base_url: vendor.url, requests_per_second: 1_000 } },
      ],
    });
  const published = async (): Promise<Record<string, number>> => {
    const summaries = await (test as TestEngine).engine.sync([{ connection: 'pendo' }], new AbortController().signal);
    expect(summaries.map(({ outcome }) => outcome)).toEqual(TABLES.map(() => 'succeeded'));
    return Object.fromEntries([...summariesByTable(summaries)].map(([table, { totals }]) => [table, totals.published]));
  };
  const none = Object.fromEntries(TABLES.map((table) => [table, 0]));
  const topic = async (table: string) => [...(await (test as TestEngine).readTable(table)).rows.values()];

  test = await open(join(dataDir, 'a'));
  expect(await published()).toEqual(Object.fromEntries(TABLES.map((table) => [table, 9])));
  for (const table of TABLES) {
    const definition = test.settings.connections[0]?.tables.find(({ name }) => name === table);
    const wanted = recordsOf(definition as never, vendor.truth.rows(table) as never);
    expect(new Map((await topic(table)).map((row) => [JSON.stringify({ id: row['id'] }), { ...row }])), table).toEqual(wanted);
    // What means nothing outside the vendor is nowhere.
    expect(
      (await topic(table)).filter((row) => row['_extra'] !== null),
      table,
    ).toEqual([]);
  }
  const before = (await topic('track_types'))[0]?.['valid_through'] as number;
  expect(before).toBeGreaterThan(0);

  vendor.clock.advance(DAY);
  vendor.change['marks.move']();
  expect(await published()).toEqual(none);
  // Nor when the index is made anew from the topic.
  await test.close();
  test = await open(join(dataDir, 'b'));
  vendor.clock.advance(DAY);
  vendor.change['marks.move']();
  expect(await published()).toEqual(none);
  expect((await topic('track_types')).map((row) => row['valid_through'])).toEqual(Array.from({ length: 9 }, () => before));

  const id = String(vendor.truth.rows('track_types')[0]?.['id']);
  vendor.change['row.change']({ list: 'trackTypes', id, changes: { name: 'Renamed' } });
  expect(await published()).toEqual({ ...none, track_types: 1 });
  expect((await topic('track_types')).find((row) => row['id'] === id)).toMatchObject({
    name: 'Renamed',
    valid_through: vendor.clock.now(),
  });
});
