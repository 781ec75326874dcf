import { afterEach, expect, it } from 'vitest';
import { sendControl } from '../../src/kafka/meta/control.ts';
import { segment } from '../../producers/segment/index.ts';
import type { SegmentOptions, SegmentTable } from '../../simulators/segment/options.ts';
import { randomStream, sample } from '../../simulators/kit/random.ts';
import { failures, openOnStack, type OnStack } from './on-stack.ts';

const BELOW_SOURCES = ['source_connected_warehouses', 'source_connected_destinations'] as const;
/** Nothing announces how many rows there are, so only a second look shows that one was passed over. */
const WORKSPACE: SegmentOptions = { sources: 12, destinations: 30, users: 12, auditEvents: 5, usageMonths: 1, switches: { totals: false } };

let on: OnStack | undefined;
afterEach(async () => {
  await on?.close();
  on = undefined;
});

/** Pages of five; `meanwhile` happens right after the first page of that path has been answered, once it is set. */
async function opened(path: string, tables: readonly SegmentTable[]): Promise<OnStack & { meanwhile?: () => void }> {
  const moving: typeof segment = {
    ...segment,
    connect: (settings, env) =>
      segment.connect(settings, {
        ...env,
        http(options) {
          const client = env.http(options);
          return {
            ...client,
            async get(asked, ask) {
              const answer = await client.get(asked, ask);
              if (asked === path && ask.query?.['pagination.cursor'] === undefined) {
                watched.meanwhile?.();
                delete watched.meanwhile;
              }
              return answer;
            },
          };
        },
      }),
  };
  on = await openOnStack(WORKSPACE, { source: moving, tables, settings: { page_size: 5 } });
  const watched: OnStack & { meanwhile?: () => void } = on;
  return watched;
}

const tombstones = async ({ test }: OnStack, names: readonly SegmentTable[]): Promise<number[]> =>
  Promise.all(names.map(async (name) => (await test.readTable(name)).tombstones));

it("a row that another one's delete drew from one page to the other is not deleted", async () => {
  const watched = await opened('/users', ['users']);
  const { sync, simulator, expectTruth, test } = watched;
  await sync();
  const [first, , , , , sixth] = simulator.workspace.users.map((user) => user['id'] as string);
  watched.meanwhile = () => simulator.mutate['row.delete']({ table: 'users', id: first as string });
  expect(failures(await sync())).toEqual([]);
  expect(simulator.workspace.users).toHaveLength(11);
  expect(await tombstones(watched, ['users'])).toEqual([0]);
  expect((await test.readTable('users')).rows.has(JSON.stringify({ id: sixth }))).toBe(true);
  expect((await sync()).get('users')?.totals).toMatchObject({ published: 0, deleted: 1 });
  await expectTruth('users');
});

it('where totals are announced, the listing is read again at once and misses nothing', async () => {
  const watched = await opened('/users', ['users']);
  const { sync, simulator, expectTruth } = watched;
  simulator.switches.totals = true;
  watched.meanwhile = () => simulator.mutate['row.delete']({ table: 'users', id: simulator.workspace.users[0]?.['id'] as string });
  // The very first sync, so that nothing is known that could be missed.
  expect((await sync()).get('users')).toMatchObject({ outcome: 'succeeded', totals: { published: 12, deleted: 1 } });
  await expectTruth('users');
});

it('nor are the children of a source that was drawn so', async () => {
  const tables = [
    'sources',
    'destinations',
    'destination_subscriptions',
    'destination_delivery_metrics_summary',
    ...BELOW_SOURCES,
  ] as const;
  const watched = await opened('/sources', tables);
  const { sync, simulator, expectTruth } = watched;
  await sync();
  const ids = simulator.workspace.sources.map((source) => source['id'] as string);
  expect(simulator.workspace.connections.get(ids[6] as string)?.length).toBeGreaterThan(0);
  // Two sources go, so that the sixth and the seventh are passed over.
  watched.meanwhile = () => {
    for (const id of ids.slice(2, 4)) simulator.mutate['source.delete']({ id });
  };
  expect(failures(await sync(['sources', ...BELOW_SOURCES]))).toEqual([]);
  expect(simulator.workspace.sources).toHaveLength(10);
  expect(await tombstones(watched, ['sources', ...BELOW_SOURCES])).toEqual([0, 0, 0]);
  const after = await sync();
  expect(failures(after)).toEqual([]);
  expect(after.get('sources')?.totals.deleted).toBe(2);
  for (const name of tables) await expectTruth(name);
});

it('nor are those of destinations', async () => {
  const below = ['destination_subscriptions', 'destination_delivery_metrics_summary'] as const;
  const watched = await opened('/destinations', ['destinations', ...below]);
  const { sync, simulator, expectTruth } = watched;
  await sync();
  const [, , , fourth] = simulator.workspace.destinations.map((row) => row['id'] as string);
  expect(simulator.workspace.subscriptions.get(simulator.workspace.destinations[5]?.['id'] as string)?.length).toBeGreaterThan(0);
  watched.meanwhile = () => simulator.mutate['destination.delete']({ id: fourth as string });
  expect(failures(await sync())).toEqual([]);
  expect(await tombstones(watched, ['destinations', ...below])).toEqual([0, 0, 0]);
  expect(failures(await sync())).toEqual([]);
  for (const name of ['destinations', ...below] as const) await expectTruth(name);
});

it('a listing of parents that is shorter than announced takes no children along, and is told, until somebody allows it', async () => {
  const { sync, simulator, test } = await opened('/sources', ['sources', ...BELOW_SOURCES]);
  const short = (): number =>
    simulator.faults.add({
      kind: 'status',
      status: 200,
      on: 'GET /sources',
      body: JSON.stringify({
        data: { sources: simulator.workspace.sources.slice(0, 4), pagination: { current: 'MA==', totalEntries: 12 } },
      }),
    });
  const fault = short();
  expect(failures(await sync(['sources']))).toEqual([]);
  expect(test.events).toContainEqual(
    expect.objectContaining({ type: 'warning', table: 'sources', message: expect.stringMatching(/12.*4/) }),
  );
  simulator.faults.clear(fault);
  await sync();
  short();
  expect(failures(await sync())).toEqual([]);
  expect(test.events).toContainEqual(expect.objectContaining({ type: 'deletes-withheld', table: 'sources', count: 8 }));
  const tables = ['sources', ...BELOW_SOURCES] as const;
  expect(await tombstones(on as OnStack, tables)).toEqual([0, 0, 0]);
  for (const table of BELOW_SOURCES)
    expect(test.events, table).toContainEqual(
      expect.objectContaining({ type: 'deletes-withheld', table, reason: expect.stringMatching(/12.*4/) }),
    );
  await sendControl(
    test.access,
    tables.map((table) => ({
      connection: 'segment',
      table,
      slot: 'allow-deletes',
      value: { id: `yes-${table}`, at: simulator.clock.now() },
    })),
  );
  expect(failures(await sync())).toEqual([]);
  const left = new Set(simulator.workspace.sources.slice(0, 4).map(({ id }) => id));
  for (const table of tables) {
    const { rows } = await test.readTable(table);
    expect(rows.size, table).toBeGreaterThan(0);
    expect(
      [...rows.values()].filter((row) => !left.has((row['source_id'] ?? row['id']) as string)),
      table,
    ).toEqual([]);
  }
});

it.each([1, 2])('sources and destinations that go while the very first read runs take their children along, seed %i', async (seed) => {
  const tables = [
    'sources',
    'destinations',
    'destination_subscriptions',
    'destination_delivery_metrics_summary',
    ...BELOW_SOURCES,
  ] as const;
  const watched = await opened('/none', tables);
  const { sync, simulator, expectTruth } = watched;
  const random = randomStream(seed);
  let gone = 0;
  // With some of the requests, whichever they are: before a parent is listed, between it and its children, after both.
  const untangle = simulator.requests.watch(() => {
    if (random() > 0.3 || gone >= 8) return;
    gone += 1;
    const { sources, destinations } = simulator.workspace;
    const [row] = sample(gone % 2 === 0 ? destinations : sources, 1, random);
    if (row !== undefined) simulator.mutate[gone % 2 === 0 ? 'destination.delete' : 'source.delete']({ id: row['id'] as string });
  });
  await sync();
  untangle();
  expect(gone).toBe(8);
  for (let more = 0; more < 2; more += 1) expect(failures(await sync())).toEqual([]);
  for (const name of tables) await expectTruth(name);
  const last = await sync();
  expect([...last.values()].map(({ ref, totals }) => [ref.table, totals.messages])).toEqual(
    [...last.values()].map(({ ref }) => [ref.table, 0]),
  );
});
