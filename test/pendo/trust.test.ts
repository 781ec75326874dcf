import { describe, expect, it } from 'vitest';
import { DAY, HOUR, subscription } from './harness.ts';

describe('what an interrupted pass has read', () => {
  it('does not count as settled where late rows could still come when it was read', async () => {
    for (const period of ['day', 'hour']) {
      const about = await subscription({ days: 3, visitors: 40 }, { period, lookback_days: 1, record_limit: 10 });
      const { simulator, truth, topic } = about;
      const reader = about.table('events');
      const held = new Map<string, unknown>();
      const run = async (how = {}): Promise<void> => {
        const { rows, error, pages } = await reader.run(how);
        expect(error).toBeUndefined();
        for (const [key, record] of topic('events', rows)) held.set(key, record);
        const last = pages.at(-1);
        readTo = last?.readTo ?? readTo;
      };
      let readTo = 0;
      const began = simulator.clock.now();
      for (let i = 0; i < 500; i += 1) {
        await run({ stopAfter: 1 });
        const pass = reader.position?.['pass'] as { at: number; after?: string };
        if (pass.at > began - (period === 'day' ? 24 : 4) * HOUR && (period === 'hour' || pass.after !== undefined)) break;
      }
      expect(reader.position?.['pass'], period).toMatchObject(period === 'day' ? { after: expect.any(String) } : { ripe: false });
      // Late, but no later than events may be: before the visitor the pass has come to, and in the hours before.
      for (const ts of [began - 5 * HOUR, began - 20 * 60_000, began - 1_000])
        simulator.change['event.add']({ kind: 'page', visitorId: '"early"', tabId: 'late', ts, visibleAt: began + 5 * HOUR });
      simulator.clock.advance(3 * DAY);
      await run();
      // Nothing later than the pass's own begin is vouched for.
      expect(readTo, period).toBeLessThanOrEqual(began - 8 * HOUR);
      await run();
      expect(held, period).toEqual(truth('events'));
    }
  });
});

describe("the vendor's word", () => {
  it('is not taken when it answers another day than was asked for', async () => {
    const { table, simulator } = await subscription({ days: 4, visitors: 40 });
    const { rows } = await table('events').run();
    const body = JSON.stringify({ results: rows.filter((row) => row['day'] === rows[0]?.['day']) });
    const id = simulator.faults.add({
      kind: 'status',
      status: 200,
      body,
      contentType: 'application/json',
      requestBody: '"events"',
      after: 4,
    });
    expect((await table('events').run()).error).toMatchObject({
      kind: 'data',
      code: 'pendo:bucket',
      message: expect.stringMatching(/day/),
    });
    simulator.faults.clear(id);
  });

  it('is no end of a listing when its last row has no id', async () => {
    const { table, simulator } = await subscription({ features: 24 });
    simulator.faults.add({
      kind: 'status',
      status: 200,
      body: '{"results":[{"id":"a"},{"name":"no id"}]}',
      contentType: 'application/json',
      requestBody: '"features"',
      times: 1,
    });
    const { error, pages } = await table('features').run();
    expect(error).toMatchObject({ kind: 'data', code: 'pendo:no_id' });
    expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
  });

  it('that a bucket is over is proved when more than usual was asked for', async () => {
    const { table, simulator, topic, truth } = await subscription({ days: 1, visitors: 40, sessions: 20 }, { record_limit: 20 });
    for (let i = 0; i < 30; i += 1)
      simulator.change['event.add']({ kind: 'page', visitorId: 'a-busy-one', ts: simulator.clock.now() - 2 * HOUR - i, tabId: `tab-${i}` });
    // More than 35 rows it never gives, however many are asked for.
    simulator.switches.atMost = 35;
    const { rows, error } = await table('page_events').run();
    expect(error).toBeUndefined();
    expect(topic('page_events', rows)).toEqual(truth('page_events'));
  });
});

describe('other apps', () => {
  it('are read from the beginning once they are wanted', async () => {
    const about = await subscription({ days: 20, visitors: 40 }, { app_ids: [5211887790002176], lookback_days: 1 });
    const { table, api, topic, truth } = about;
    const reader = table('events');
    const held = topic('events', (await reader.run()).rows);
    expect(held.size).toBeLessThan(truth('events').size);
    const wider = { ...api, appId: 'expandAppIds("*")' };
    for (const [key, record] of topic('events', (await reader.run({ api: wider })).rows)) held.set(key, record);
    expect(held).toEqual(truth('events'));
    expect((await reader.run({ api: wider })).rows.length).toBeLessThan(held.size / 2);
  });
});
