import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import { sorted, workspace } from './harness.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

const newestOf = (rows: readonly Row[]): string =>
  rows
    .map((row) => String(row.timestamp))
    .sort()
    .at(-1) as string;

describe('the audit trail', () => {
  it('is followed from the last event less a quarter of an hour', async () => {
    const { simulator, table } = await workspace({}, { page_size: 50 });
    const events = table('audit_events');
    const first = await events.run();
    expect(sorted(first.rows)).toEqual(sorted(simulator.truth.rows('audit_events')));
    expect(events.position).toEqual({ v: 1, at: Date.parse(newestOf(first.rows)) });
    simulator.clock.advance(5 * MINUTE);
    const added = [
      simulator.mutate['audit.add']({}),
      simulator.mutate['audit.add']({ at: new Date(Date.parse(newestOf(first.rows)) - 14 * MINUTE).toISOString() }),
    ];
    simulator.clock.advance(1);
    const second = await events.run();
    expect(sorted(second.rows)).toEqual(expect.arrayContaining(sorted(added)));
    expect(second.rows.length).toBeLessThan(6);
  });

  it('moves its position with the last page only, and goes on from its cursor', async () => {
    const { simulator, table } = await workspace({}, { page_size: 50 });
    const events = table('audit_events');
    const first = await events.run({ stopAfter: 2 });
    expect(events.position).not.toHaveProperty('at');
    expect(first.pages.every((page) => page.readTo === undefined)).toBe(true);
    simulator.clock.advance(1000);
    simulator.mutate['audit.add']({});
    simulator.clock.advance(1);
    const second = await events.run();
    expect(sorted([...first.rows, ...second.rows])).toEqual(sorted(simulator.truth.rows('audit_events')));
    expect(second.counted).toEqual({});
    expect(second.pages.at(-1)?.readTo).toBe(simulator.clock.now());
  });

  it('loses nothing when the cursor is lost', async () => {
    const { simulator, table } = await workspace({}, { page_size: 50 });
    const events = table('audit_events');
    await events.run();
    simulator.clock.advance(DAY);
    const added = Array.from({ length: 120 }, (_, n) =>
      simulator.mutate['audit.add']({ at: new Date(simulator.clock.now() - n * MINUTE).toISOString() }),
    );
    simulator.clock.advance(1);
    const cut = await events.run({ stopAfter: 1 });
    simulator.faults.add({ kind: 'status', status: 422, times: 1, body: '{"errors":[{"type":"input-validation"}]}' });
    const rest = await events.run();
    expect(rest.counted).toMatchObject({ cursors_lost: 1 });
    expect(sorted([...cut.rows, ...rest.rows])).toEqual(expect.arrayContaining(sorted(added)));
  });

  it('begins with the first event of the start date, whether the vendor counts the bound in or not', async () => {
    for (const auditBounds of ['exclusive', 'inclusive'] as const) {
      const { simulator, table } = await workspace({ switches: { auditBounds } });
      const since = Date.UTC(2026, 2, 10);
      const exact = simulator.mutate['audit.add']({ at: new Date(since).toISOString() });
      simulator.mutate['audit.add']({ at: new Date(since - 1).toISOString() });
      const { rows } = await table('audit_events').run({ since });
      expect(rows).toContainEqual(exact);
      expect(sorted(rows)).toEqual(
        sorted(simulator.truth.rows('audit_events').filter((row) => Date.parse(row['timestamp'] as string) >= since)),
      );
    }
  });

  it('is read whole whichever end counts for the vendor, the one in a cursor or the one named beside it', async () => {
    for (const auditEnd of ['cursor', 'parameter'] as const) {
      const { simulator, table } = await workspace({ auditEvents: 540, switches: { auditEnd } }, { page_size: 50 });
      const { rows, error } = await table('audit_events').run();
      expect(error).toBeUndefined();
      expect(sorted(rows)).toEqual(sorted(simulator.truth.rows('audit_events')));
      expect(simulator.requests.list().filter(({ query }) => query.includes('cursor') && query.includes('endTime'))).toEqual([]);
    }
  });

  it('holds to its start with a server that forgets about it', async () => {
    const { table } = await workspace({ switches: { ignoreStartTime: true } });
    const since = Date.UTC(2026, 2, 10);
    const { rows } = await table('audit_events').run({ since });
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((row) => Date.parse(String(row.timestamp)) >= since)).toBe(true);
  });
});

describe('usage by month', () => {
  const PER_SOURCE = 'usage_api_calls_per_source_daily';

  it('takes no report of another month for that of the month asked for', async () => {
    const { simulator, table } = await workspace({ usageMonths: 3 });
    simulator.faults.add({
      kind: 'status',
      status: 200,
      on: 'GET /usage/api-calls/daily',
      query: 'period=2026-02-01',
      body: JSON.stringify({
        data: {
          dailyWorkspaceAPICallsUsage: ['2026-01-29T00:00:00Z', '2026-01-30T00:00:00Z'].map((timestamp) => ({ apiCalls: '1', timestamp })),
          pagination: { current: 'MA==' },
        },
      }),
    });
    const { error, rows } = await table('usage_api_calls_workspace_daily').run();
    expect(error).toMatchObject({ kind: 'data', code: 'other_answer' });
    expect(rows.every(({ apiCalls }) => apiCalls !== '1')).toBe(true);
  });

  it('takes the whole month of the start date, and all that exists without one', async () => {
    const { simulator, table } = await workspace({ usageMonths: 3 });
    const inMarch = (await table(PER_SOURCE).run({ since: Date.UTC(2026, 2, 15) })).rows;
    expect(sorted(inMarch)).toEqual(sorted(simulator.truth.rows(PER_SOURCE).filter((row) => row['period'] === '2026-03-01')));
    const all = (await table(PER_SOURCE).run()).rows;
    expect(sorted(all)).toEqual(sorted(simulator.truth.rows(PER_SOURCE)));
  });

  it('asks for plain first days of months, ascending, and afterwards for the running month', async () => {
    const { simulator, table } = await workspace({ usageMonths: 3 });
    const usage = table('usage_mtu_workspace_daily');
    const asked = () => simulator.requests.list({ route: 'GET /usage/mtu/daily' }).map(({ query }) => /period=([^&]*)/.exec(query)?.[1]);
    await usage.run({ since: Date.UTC(2026, 0, 20) });
    expect(asked()).toEqual(['2026-01-01', '2026-02-01', '2026-03-01']);
    simulator.requests.reset();
    await usage.run({ since: Date.UTC(2026, 0, 20) });
    expect(asked()).toEqual(['2026-03-01']);
  });

  it('reads the month before again in the first three days of a month, and finds what was corrected', async () => {
    const { simulator, table } = await workspace();
    const usage = table(PER_SOURCE);
    await usage.run();
    simulator.clock.advance(Date.UTC(2026, 3, 2, 12) - simulator.clock.now());
    await usage.run();
    const sourceId = simulator.workspace.sources[1]?.['id'] as string;
    simulator.mutate['usage.restate']({ sourceId, day: '2026-03-31', apiCalls: '41' });
    const again = await usage.run();
    const truth = simulator.truth.rows(PER_SOURCE).filter((row) => row['period'] !== '2026-02-01');
    expect(sorted(again.rows)).toEqual(sorted(truth));
    simulator.clock.advance(3 * DAY);
    // Corrected after the last run of the three days, so once more.
    simulator.mutate['usage.restate']({ sourceId, day: '2026-03-30', apiCalls: '40' });
    expect(sorted((await usage.run()).rows)).toEqual(
      sorted(simulator.truth.rows(PER_SOURCE).filter((row) => row['period'] !== '2026-02-01')),
    );
    expect((await usage.run()).rows.every((row) => row.period === '2026-04-01')).toBe(true);
  });

  it('reads a month again that was being read when it ended, and one whose corrections were missed by a run that was cut', async () => {
    for (const [cutAt, stopAfter] of [
      [Date.UTC(2026, 2, 30, 12), 2],
      [Date.UTC(2026, 3, 2, 12), 12],
    ] as const) {
      const { simulator, table } = await workspace({ sources: 4, usageMonths: 1 }, { page_size: 10 });
      simulator.clock.advance(cutAt - simulator.clock.now());
      const usage = table(PER_SOURCE);
      const since = Date.UTC(2026, 2, 1);
      const read = [...(await usage.run({ since, stopAfter })).rows];
      // On a page that has been read.
      const sourceId = simulator.workspace.sources[0]?.['id'] as string;
      simulator.mutate['usage.restate']({ sourceId, day: '2026-03-01', apiCalls: '7' });
      simulator.clock.advance(Date.UTC(2026, 3, 9, 12) - simulator.clock.now());
      for (let run = 0; run < 2; run++) read.push(...(await usage.run({ since })).rows);
      const latest = new Map(read.map((row) => [`${String(row.sourceId)} ${String(row.timestamp)}`, row]));
      expect(sorted(latest.values()), `cut after page ${stopAfter}`).toEqual(sorted(simulator.truth.rows(PER_SOURCE)));
    }
  });

  it('does not pass over a month of which it saw less than announced, and says so', async () => {
    const { simulator, table } = await workspace({ usageMonths: 3 });
    const usage = table('usage_api_calls_workspace_daily');
    const since = Date.UTC(2026, 0, 1);
    const short = simulator.faults.add({
      kind: 'status',
      status: 200,
      query: 'period=2026-02-01',
      body: JSON.stringify({
        data: {
          dailyWorkspaceAPICallsUsage: [{ apiCalls: '5', timestamp: '2026-02-01T00:00:00Z' }],
          pagination: { current: 'MA==', totalEntries: 28 },
        },
      }),
    });
    const first = await usage.run({ since });
    expect(first.pages.flatMap((page) => page.warnings ?? [])).toEqual([expect.stringMatching(/28.*2026-02-01.*1/)]);
    simulator.faults.clear(short);
    const second = await usage.run({ since });
    expect(sorted(second.rows)).toEqual(
      sorted(simulator.truth.rows('usage_api_calls_workspace_daily').filter((row) => row['period'] !== '2026-01-01')),
    );
    expect(second.pages.flatMap((page) => page.warnings ?? [])).toEqual([]);
    expect((await usage.run({ since })).rows.every((row) => row.period === '2026-03-01')).toBe(true);
  });

  it('reads no month before that of the start date, not even in the first days of one', async () => {
    const { simulator, table } = await workspace();
    simulator.clock.advance(Date.UTC(2026, 3, 2) - simulator.clock.now());
    const usage = table(PER_SOURCE);
    const since = Date.UTC(2026, 3, 1);
    for (let run = 0; run < 2; run++)
      expect(new Set((await usage.run({ since })).rows.map((row) => row.period))).toEqual(new Set(['2026-04-01']));
  });

  it('reads the last month known again after a pause, so that its end is not missing', async () => {
    const { simulator, table } = await workspace();
    const usage = table(PER_SOURCE);
    const first = await usage.run();
    simulator.clock.advance(Date.UTC(2026, 4, 20) - simulator.clock.now());
    const second = await usage.run();
    const byKey = new Map([...first.rows, ...second.rows].map((row) => [`${String(row.sourceId)} ${String(row.timestamp)}`, row]));
    expect(sorted(byKey.values())).toEqual(sorted(simulator.truth.rows(PER_SOURCE)));
  });

  it('lets the later month report a row that two months show', async () => {
    const { simulator, table } = await workspace({ usageMonths: 3, switches: { boundaryRows: true } }, { page_size: 7 });
    for (const name of [
      'usage_api_calls_per_source_daily',
      'usage_api_calls_workspace_daily',
      'usage_mtu_per_source_daily',
      'usage_mtu_workspace_daily',
    ] as const) {
      const { rows, counted } = await table(name).run();
      expect(sorted(rows), name).toEqual(sorted(simulator.truth.rows(name)));
      expect(counted['rows_of_two_months'], name).toBe(name.includes('per_source') ? 2 * simulator.workspace.sources.length : 2);
    }
  });

  it('keeps a row beyond the end of its month that no other month shows', async () => {
    const { simulator, table } = await workspace();
    const row = { apiCalls: '5', timestamp: '2026-03-01T05:00:00Z' };
    simulator.faults.add({
      kind: 'status',
      status: 200,
      query: 'period=2026-02-01',
      body: JSON.stringify({ data: { dailyWorkspaceAPICallsUsage: [row], pagination: { current: 'MA==' } } }),
    });
    const { rows } = await table('usage_api_calls_workspace_daily').run({ since: Date.UTC(2026, 1, 1) });
    expect(rows).toContainEqual({ ...row, period: '2026-02-01' });
  });

  it('ends up with the same rows wherever it is cut', async () => {
    const { simulator, table } = await workspace({ usageMonths: 3, sources: 3, switches: { boundaryRows: true } }, { page_size: 25 });
    const since = Date.UTC(2026, 0, 1);
    const whole = await table(PER_SOURCE).run({ since });
    expect(whole.pages.length).toBeGreaterThan(6);
    for (let cut = 1; cut < whole.pages.length; cut++) {
      const usage = table(PER_SOURCE);
      const first = await usage.run({ since, stopAfter: cut });
      const second = await usage.run({ since });
      expect(sorted([...first.rows, ...second.rows]), `after page ${cut}`).toEqual(sorted(simulator.truth.rows(PER_SOURCE)));
      expect(usage.position).toMatchObject({ through: '2026-03-01', high: Date.UTC(2026, 2, 18) });
    }
  });

  it('keeps counts beyond 2^53 exactly and gives one instant one key, however it is written', async () => {
    const { simulator, table, record } = await workspace();
    const { rows } = await table(PER_SOURCE).run();
    const first = rows.find((row) => row.sourceId === simulator.workspace.sources[0]?.['id']) as Row;
    expect(record(PER_SOURCE, first)['api_calls']).toBe(BigInt(first.apiCalls as string));
    expect((record(PER_SOURCE, first)['api_calls'] as bigint) > 2n ** 53n).toBe(true);
    const other = record(PER_SOURCE, { ...first, timestamp: String(first.timestamp).replace('Z', '.000Z') });
    expect(other['timestamp']).toBe(record(PER_SOURCE, first)['timestamp']);
    expect(record(PER_SOURCE, { ...first, apiCalls: 'many' })).toMatchObject({ api_calls: null, _extra: '{"apiCalls":"many"}' });
  });

  it('tells when a day has two instants, and does not follow dates of the future', async () => {
    const { simulator, table } = await workspace();
    const rows = ['2026-03-02T00:00:00Z', '2026-03-02T07:00:00Z', '2026-03-29T00:00:00Z'].map((timestamp) => ({
      apiCalls: '1',
      timestamp,
    }));
    simulator.faults.add({
      kind: 'status',
      status: 200,
      body: JSON.stringify({ data: { dailyWorkspaceAPICallsUsage: rows, pagination: { current: 'MA==' } } }),
    });
    const usage = table('usage_api_calls_workspace_daily');
    const read = await usage.run({ since: Date.UTC(2026, 2, 1) });
    expect(read.rows).toHaveLength(3);
    expect(read.counted).toEqual({ rows_of_one_day: 1 });
    expect(usage.position).toMatchObject({ high: Date.parse('2026-03-02T07:00:00Z') });
  });
});
