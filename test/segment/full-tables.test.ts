import { faultOfRow } from '../../src/core/checked-rows.ts';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import { compileTable } from '../../src/record/codec.ts';
import type { SegmentTable } from '../../simulators/segment/options.ts';
import { sorted, workspace } from './harness.ts';

const FAN_OUT: SegmentTable[] = [
  'source_connected_destinations',
  'source_connected_warehouses',
  'destination_subscriptions',
  'destination_delivery_metrics_summary',
];

describe('every table of the workspace', () => {
  it('is read whole, in small pages and large ones', async () => {
    for (const page_size of [4, 1000]) {
      const { simulator, table } = await workspace({ auditEvents: 60 }, { page_size });
      expect(simulator.truth.tables).toHaveLength(18);
      for (const name of simulator.truth.tables) {
        const { rows, error, pages } = await table(name).run();
        expect(error, name).toBeUndefined();
        expect(sorted(rows), name).toEqual(sorted(simulator.truth.rows(name)));
        const ends = pages.filter((page) => page.scan?.end !== undefined);
        const ofScan = pages.filter((page) => page.scan !== undefined);
        expect(ends.length, name).toBe(ofScan.length === 0 ? 0 : 1);
      }
    }
  });

  it('is read whole however the vendor writes its pages', async () => {
    for (const switches of [{ ends: 'null', totals: false }, { optionalPagination: false }] as const) {
      const { simulator, table } = await workspace({ auditEvents: 30, switches });
      for (const name of simulator.truth.tables)
        expect(sorted((await table(name).run()).rows), name).toEqual(sorted(simulator.truth.rows(name)));
    }
  });

  it('fits its columns: nothing unknown, nothing misfit, every key there and unique', async () => {
    const { simulator, table, definition, record } = await workspace({ auditEvents: 60 });
    for (const name of simulator.truth.tables) {
      const { rows } = await table(name).run();
      const codec = compileTable('segment', definition(name));
      const keys = new Set<string>();
      for (const row of rows) {
        const made = record(name, row);
        expect(made['_extra'], name).toBeNull();
        for (const column of definition(name).key) expect(made[column], `${name}.${column}`).not.toBeNull();
        keys.add(codec.keyBody(made).toString('hex'));
        const read = codec.decodeValue(codec.value(codec.body(made), 1, false));
        expect(codec.body(read.record).equals(codec.body(made)), name).toBe(true);
      }
      expect(keys.size, name).toBe(rows.length);
      const filled = Object.keys(definition(name).fields).filter((column) => rows.some((row) => record(name, row)[column] !== null));
      expect(filled, name).toEqual(Object.keys(definition(name).fields));
    }
  });
});

describe('a listing', () => {
  it('announces the total the vendor tells, and proves its end once', async () => {
    const { simulator, table } = await workspace({}, { page_size: 5 });
    const { pages } = await table('destinations').run();
    expect(pages.map((page) => page.scan?.end)).toEqual([undefined, undefined, { total: 14 }]);
    simulator.switches.totals = false;
    expect((await table('destinations').run()).pages.at(-1)?.scan?.end).toEqual({});
  });

  it('goes on from its cursor after a cut, and starts over when the cursor is refused', async () => {
    const { simulator, table, heard } = await workspace({}, { page_size: 5 });
    const reader = table('destinations');
    const first = await reader.run({ stopAfter: 1 });
    const second = await reader.run();
    expect(sorted([...first.rows, ...second.rows])).toEqual(sorted(simulator.truth.rows('destinations')));
    expect(second.pages).toHaveLength(2);
    expect(new Set([...first.pages, ...second.pages].map((page) => page.scan?.id)).size).toBe(1);
    await reader.run({ stopAfter: 1 });
    simulator.faults.add({
      kind: 'status',
      status: 422,
      times: 1,
      body: '{"errors":[{"type":"input-validation","field":"pagination.cursor"}]}',
    });
    const again = await reader.run();
    expect(again.counted).toMatchObject({ cursors_lost: 1 });
    expect(again.pages).toHaveLength(3);
    expect(heard.requests.some(({ status }) => status === 422)).toBe(true);
  });

  it('does not take nothing after a cut for the end, but reads again from the beginning', async () => {
    const { simulator, table } = await workspace({}, { page_size: 5 });
    const nothing = { kind: 'status', status: 200, body: '{"data":{"destinations":[],"pagination":{"current":"MA=="}}}' } as const;
    const reader = table('destinations');
    await reader.run({ stopAfter: 1 });
    const fault = simulator.faults.add({ ...nothing, times: 1 });
    const again = await reader.run();
    simulator.faults.clear(fault);
    expect(again.pages.map((page) => page.scan?.end)).toEqual([undefined, undefined, { total: 14 }]);
    await reader.run({ stopAfter: 2 });
    simulator.faults.add({ ...nothing, body: nothing.body.replace('[]', '[{"id":"x","sourceId":"y"}]') });
    expect((await reader.run()).pages.at(-1)?.scan?.end).toEqual({ total: 14 });
  });

  it('of children that goes on with nothing but empty answers is read again from the beginning', async () => {
    const { simulator, table } = await workspace();
    const reader = table('source_connected_warehouses');
    const first = await reader.run({ stopAfter: 2 });
    simulator.faults.add({
      kind: 'status',
      status: 200,
      on: 'GET /sources/*/connected-warehouses',
      body: '{"data":{"warehouses":[],"pagination":{"current":"MA=="}}}',
    });
    const second = await reader.run();
    expect(second.rows).toEqual([]);
    expect(second.pages.at(-1)?.scan?.id).not.toBe(first.pages[0]?.scan?.id);
    expect(second.pages.filter((page) => page.scan?.end !== undefined)).toHaveLength(1);
  });

  it('does not take an answer without its list, or a full page that tells nothing of the next, for the end', async () => {
    const { simulator, table } = await workspace({}, { page_size: 3 });
    for (const body of [
      '{}',
      '{"data":{}}',
      '{"data":{"users":null,"pagination":{"current":"MA=="}}}',
      '{"data":{"users":[{"id":"1"},{"id":"2"},{"id":"3"}]}}',
      '{"data":{"users":[],"pagination":{"current":"MA==","next":7}}}',
    ]) {
      simulator.faults.add({ kind: 'status', status: 200, body, times: 1 });
      const { error, pages } = await table('users').run();
      expect(error, body).toMatchObject({ kind: 'data', code: 'segment:no_data' });
      expect(
        pages.some((page) => page.scan?.end !== undefined),
        body,
      ).toBe(false);
    }
  });

  it.each([
    ['data.pagination', undefined],
    ['data.pagination', null],
    ['data.pagination', []],
    ['data.pagination', {}],
    ['data.pagination.current', undefined],
    ['data.pagination.current', 7],
    ['data.pagination.next', {}],
    ['data.pagination.next', false],
    ['data.pagination.totalEntries', 'three'],
    ['data.pagination.totalEntries', -1],
  ])('is not over with a page whose %s is %j, whether it was full or not', async (at, value) => {
    const { simulator, table } = await workspace({ users: 8 }, { page_size: 3 });
    for (const after of [0, 1, 2]) {
      simulator.faults.clear();
      simulator.faults.add({ kind: 'member', at, value, after });
      for (let twice = 0; twice < 2; twice += 1) {
        const { error, pages } = await table('users').run();
        expect(error).toMatchObject({ kind: 'data', code: 'segment:no_data' });
        expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
      }
    }
  });

  it('stops with an error when it leads back to itself', async () => {
    const { simulator, table } = await workspace({}, { page_size: 3 });
    simulator.faults.add({
      kind: 'status',
      status: 200,
      body: '{"data":{"users":[{"id":"1"}],"pagination":{"current":"MA==","next":"Mw=="}}}',
    });
    const { error, pages } = await table('users').run();
    expect(error).toMatchObject({ kind: 'data', code: 'paging_loop' });
    expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
  });
});

describe('the children of sources and destinations', () => {
  it('leave out a parent that answers 404, and only that one', async () => {
    const { simulator, table } = await workspace();
    const [gone] = [...simulator.workspace.gone];
    for (const name of ['source_connected_warehouses', 'source_connected_destinations'] as const) {
      const { pages, error } = await table(name).run();
      expect(error).toBeUndefined();
      expect(pages.at(-1)?.scan?.end).toEqual({ unread: [{ source_id: gone }] });
      expect(pages.flatMap((page) => page.warnings ?? [])).toEqual([expect.stringContaining('404')]);
    }
    const destination = simulator.workspace.destinations[4] as Row;
    simulator.mutate['parent.gone']({ id: destination['id'] as string, gone: true });
    const subscriptions = await table('destination_subscriptions').run();
    expect(subscriptions.pages.at(-1)?.scan?.end).toEqual({ unread: [{ destination_id: destination['id'] }] });
    const metrics = await table('destination_delivery_metrics_summary').run();
    expect(metrics.pages.at(-1)?.scan?.end).toEqual({
      unread: [{ source_id: destination['sourceId'], destination_id: destination['id'] }],
    });
  });

  it('leave out a source the token may not see into', async () => {
    const { simulator, table } = await workspace();
    const id = simulator.workspace.sources[0]?.['id'] as string;
    simulator.faults.add({
      kind: 'status',
      status: 403,
      on: `GET /sources/${id}/*`,
      body: '{"errors":[{"type":"forbidden","message":"No access."}]}',
    });
    const { pages } = await table('source_connected_warehouses').run();
    expect(pages.at(-1)?.scan?.end?.unread).toContainEqual({ source_id: id });
  });

  it('fail, and do not succeed with nothing, when every parent is refused', async () => {
    const { simulator, table } = await workspace();
    const refused = simulator.faults.add({
      kind: 'status',
      status: 403,
      on: 'GET /sources/*',
      body: '{"errors":[{"type":"forbidden","message":"Not in this plan."}]}',
    });
    const reader = table('source_connected_warehouses');
    const { error, pages } = await reader.run();
    expect(error).toMatchObject({ kind: 'config', reach: 'table', message: expect.stringContaining('Not in this plan') });
    expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
    simulator.faults.clear(refused);
    expect(sorted((await reader.run()).rows)).toEqual(sorted(simulator.truth.rows('source_connected_warehouses')));
  });

  it('stay with the parent they were asked for, whatever the record says of it', async () => {
    const { simulator, table, record } = await workspace();
    const { id, sourceId } = simulator.workspace.destinations[4] as { id: string; sourceId: string };
    for (const [said, warnings] of [
      [null, 0],
      ['another', 1],
    ] as const) {
      const fault = simulator.faults.add({
        kind: 'status',
        status: 200,
        on: `GET /destinations/${id}/subscriptions`,
        body: JSON.stringify({ data: { subscriptions: [{ id: 'sub', name: 'x', destinationId: said }], pagination: { current: 'MA==' } } }),
      });
      const { rows, pages } = await table('destination_subscriptions').run();
      simulator.faults.clear(fault);
      expect(record('destination_subscriptions', rows.find((row) => row.id === 'sub') as Row)).toMatchObject({ destination_id: id });
      expect(pages.flatMap((page) => page.warnings ?? [])).toHaveLength(warnings);
      simulator.faults.add({
        kind: 'status',
        status: 200,
        times: 1,
        on: `GET /destinations/${id}/delivery-metrics`,
        body: JSON.stringify({ data: { deliveryMetricsSummary: { sourceId: said, metrics: [] } } }),
      });
      const metrics = await table('destination_delivery_metrics_summary').run();
      expect(metrics.rows.filter((row) => row.destinationId === id).map((row) => row.sourceId)).toEqual([sourceId]);
    }
  });

  it('leave out a source whose listing is shorter than announced', async () => {
    const { simulator, table } = await workspace();
    const id = simulator.workspace.sources[0]?.['id'] as string;
    simulator.faults.add({
      kind: 'status',
      status: 200,
      on: `GET /sources/${id}/connected-warehouses`,
      body: '{"data":{"warehouses":[],"pagination":{"current":"MA==","totalEntries":3}}}',
    });
    const { pages } = await table('source_connected_warehouses').run();
    expect(pages.at(-1)?.scan?.end?.unread).toContainEqual({ source_id: id });
  });

  it('are not deleted below a destination whose listing holds the rows of another alone', async () => {
    const { simulator, table, definition, api, parents } = await workspace();
    const [id, other] = simulator.workspace.destinations.slice(3, 5).map((row) => row['id'] as string) as [string, string];
    const name = 'destination_subscriptions';
    const answer = (...owners: readonly string[]) =>
      simulator.faults.add({
        kind: 'status',
        status: 200,
        on: `GET /destinations/${id}/subscriptions`,
        body: JSON.stringify({
          data: {
            subscriptions: owners.map((destinationId, n) => ({ id: `sub ${n}`, destinationId })),
            pagination: { current: 'MA==' },
          },
        }),
      });
    const fault = answer(other, other);
    const { pages, error } = await table(name).run();
    expect(error).toBeUndefined();
    expect(pages.at(-1)?.scan?.end?.unread).toEqual([{ destination_id: id }]);
    const ctx = {
      api,
      parents,
      signal: new AbortController().signal,
      async *liveKeys(_: string, scope: Row) {
        if (scope.destination_id === id) yield { id: 'mine' };
      },
    };
    const verdicts = [];
    for await (const verdict of definition(name).confirm!(ctx as never, [{ id: 'mine' }])) verdicts.push(verdict);
    expect(verdicts).toMatchObject([{ gone: false }]);
    simulator.faults.clear(fault);
    // One stray row among its own is told, and no less is deleted for it.
    answer(other, id);
    const strayed = (await table(name).run()).pages;
    expect(strayed.at(-1)?.scan?.end).toEqual({});
    expect(strayed.flatMap((page) => page.warnings ?? [])).toContainEqual(expect.stringContaining('name another destinationId'));
  });

  it.each(['1e400', '{"toString":1}', '[]', '123456789012345678901'])(
    'of a source whose id is %s are unknown, and those of others are read',
    async (id) => {
      const { simulator, table } = await workspace();
      const other = simulator.workspace.sources[0]?.['id'] as string;
      simulator.faults.add({
        kind: 'status',
        status: 200,
        on: 'GET /sources',
        body: `{"data":{"sources":[{"id":${id}},{"id":"${other}"}],"pagination":{"current":"MA=="}}}`,
      });
      const { error, pages, rows } = await table('source_connected_warehouses').run();
      expect(rows.length).toBeGreaterThan(0);
      if (/^\d+$/.test(id)) return expect(error).toBeUndefined();
      expect(error).toMatchObject({ kind: 'data', code: 'unusable_parent' });
      expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
    },
  );

  it('put a summary aside that is nested without an end', async () => {
    const { simulator, table } = await workspace();
    const { id } = simulator.workspace.destinations[4] as { id: string };
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    simulator.faults.add({
      kind: 'status',
      status: 200,
      on: `GET /destinations/${id}/delivery-metrics`,
      body: `{"data":{"deliveryMetricsSummary":{"metrics":${deep}}}}`,
    });
    const { error, rows } = await table('destination_delivery_metrics_summary').run();
    expect(error).toBeUndefined();
    expect(rows.filter((row) => faultOfRow(row)?.reason === 'too_deep')).toMatchObject([{ destinationId: id }]);
  });

  it('state the connection when the record itself names another source, and say so', async () => {
    const { simulator, table, record } = await workspace();
    const [id, other] = simulator.workspace.sources.map((source) => source['id'] as string) as [string, string];
    const row = { ...simulator.workspace.destinations[0], sourceId: other };
    simulator.faults.add({
      kind: 'status',
      status: 200,
      on: `GET /sources/${id}/connected-destinations`,
      body: JSON.stringify({ data: { destinations: [row], pagination: { current: 'MA==' } } }),
    });
    const { rows, pages } = await table('source_connected_destinations').run();
    const found = rows.find((candidate) => candidate.sourceId === id) as Row;
    expect(record('source_connected_destinations', found)).toMatchObject({ source_id: id, record_source_id: other });
    expect(pages.flatMap((page) => page.warnings ?? [])).toContainEqual(expect.stringContaining(other));
  });

  it('wait for a vendor that fails or throttles, and miss nothing', async () => {
    const { simulator, table, heard } = await workspace();
    simulator.faults.add({ kind: 'status', status: 503, on: 'GET /sources/*', times: 2 });
    simulator.faults.add({ kind: 'reset', on: 'GET /sources/*', after: 2, times: 1 });
    simulator.faults.add({ kind: 'throttled', on: 'GET /sources/*', after: 3, times: 1 });
    const { rows, error } = await table('source_connected_warehouses').run();
    expect(error).toBeUndefined();
    expect(sorted(rows)).toEqual(sorted(simulator.truth.rows('source_connected_warehouses')));
    expect(heard.troubles.length).toBeGreaterThanOrEqual(3);
    expect(heard.throttled.length).toBeGreaterThanOrEqual(1);
  });

  it('are asked for once per destination, though the listing shows it under two sources', async () => {
    const { simulator, table } = await workspace();
    await table('destination_subscriptions').run();
    const asked = simulator.requests.list({ route: 'GET /destinations/:destinationId/subscriptions' }).map(({ path }) => path);
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked.length).toBe(simulator.workspace.destinations.length - 1);
  });

  it('go on at the parent they were cut at', async () => {
    const { simulator, table } = await workspace();
    for (const name of FAN_OUT) {
      const reader = table(name);
      const first = await reader.run({ stopAfter: 3 });
      const second = await reader.run();
      expect(sorted([...first.rows, ...second.rows]), name).toEqual(sorted(simulator.truth.rows(name)));
      expect(first.pages.length + second.pages.length, name).toBeLessThanOrEqual(simulator.workspace.destinations.length + 1);
    }
  });

  it('do not take an answer without a summary for a destination without deliveries', async () => {
    const { simulator, table } = await workspace();
    const { id } = simulator.workspace.destinations[4] as { id: string };
    for (const body of ['{"data":{}}', '{"data":{"deliveryMetricsSummary":[]}}', '[]']) {
      const fault = simulator.faults.add({ kind: 'status', status: 200, on: `GET /destinations/${id}/delivery-metrics`, body });
      const { error, pages } = await table('destination_delivery_metrics_summary').run();
      simulator.faults.clear(fault);
      expect(error, body).toMatchObject({ kind: 'data', code: 'segment:no_data', remedy: expect.stringContaining('Nothing was deleted') });
      expect(
        pages.some((page) => page.scan?.end !== undefined),
        body,
      ).toBe(false);
    }
  });

  it('count deliveries over whole hours, days or minutes', async () => {
    const cases = {
      HOUR: ['2026-03-18T10:00:00Z', '2026-03-15T10:00:00Z', 72],
      DAY: ['2026-03-18T00:00:00Z', '2026-03-05T00:00:00Z', 312],
      MINUTE: ['2026-03-18T10:20:00Z', '2026-03-18T06:20:00Z', 4],
    } as const;
    for (const [granularity, [windowEnd, windowStart, window_hours]] of Object.entries(cases)) {
      const { table, record } = await workspace({}, { delivery_metrics: { granularity, window_hours } });
      const { rows, error, pages } = await table('destination_delivery_metrics_summary').run();
      expect(error).toBeUndefined();
      expect(pages.at(-1)?.scan?.end).toEqual({});
      expect(record('destination_delivery_metrics_summary', rows[0] as Row)).toMatchObject({
        window_start: Date.parse(windowStart),
        window_end: Date.parse(windowEnd),
        granularity,
      });
    }
  });
});
