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
      // Of the rows of a bucket, not of what follows them.
      requestBody: '{"limit":50000}',
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

  it.each(['events', 'page_events', 'guide_events', 'poll_events'] as const)(
    'that a bucket of %s is over is not taken from an answer that was cut',
    async (name) => {
      for (const [record_limit, empty] of [
        [50_000, 'null'],
        [20, 'list'],
      ] as const) {
        const { table, simulator, topic, truth } = await subscription({ days: 1, visitors: 60, sessions: 200 }, { record_limit });
        const kind = name === 'guide_events' ? 'guide' : name === 'poll_events' ? 'poll' : 'page';
        for (let i = 0; i < 30; i += 1)
          simulator.change['event.add']({ kind, visitorId: 'a-busy-one', ts: simulator.clock.now() - 2 * HOUR - i, tabId: `tab-${i}` });
        // More than 35 rows it never gives, however many are asked for, and does not tell.
        Object.assign(simulator.switches, { atMost: 35, empty });
        expect(truth(name).size).toBeGreaterThan(40);
        const { rows, error } = await table(name).run();
        expect(error).toBeUndefined();
        expect(topic(name, rows)).toEqual(truth(name));
      }
    },
  );

  it.each([
    ['history is read', 'events', 'first_visit'],
    ['visitors are asked for', 'visitor_history', 'newest_visitors'],
  ] as const)('that there is nobody is not kept: all %s once somebody is shown', async (_what, name, asked) => {
    const { table, simulator, topic, truth } = await subscription(
      { days: 3, visitors: 30, sessions: 60 },
      { visitor_history: { enabled: true, max_visitors: 1_000, max_calls: 100_000 } },
    );
    simulator.faults.add({
      kind: 'status',
      status: 200,
      body: '{"startTime":1,"results":null}',
      contentType: 'application/json',
      requestBody: `"requestId":"${asked}"`,
      times: 1,
    });
    const reader = table(name);
    const first = await reader.run();
    expect(first.error).toBeUndefined();
    expect(topic(name, first.rows).size).toBeLessThan(truth(name).size);
    const { rows } = await reader.run();
    expect(topic(name, [...first.rows, ...rows])).toEqual(truth(name));
  });

  it('that these are the newest visitors is not taken from an answer that was cut', async () => {
    const { table, simulator, topic, truth } = await subscription(
      { days: 3, visitors: 60, sessions: 120, switches: { atMost: 25 } },
      { visitor_history: { enabled: true, max_visitors: 1_000, max_calls: 100_000 } },
    );
    const { rows, error } = await table('visitor_history').run();
    expect(error).toBeUndefined();
    expect(topic('visitor_history', rows)).toEqual(truth('visitor_history'));
    expect(simulator.asked.filter(({ source }) => source === 'visitors').map(({ rows: given }) => given)).not.toContain(60);
  });

  it('that nothing follows is asked for once a bucket, and not of an empty one', async () => {
    const { table, simulator } = await subscription({ days: 2, visitors: 40, sessions: 60 }, { lookback_days: 1 });
    simulator.clock.advance(10 * DAY);
    const reader = table('events');
    await reader.run({ since: simulator.world.start });
    const asked = simulator.asked.filter(({ source }) => source === 'events');
    const days = new Set(simulator.truth.rows('events').map((row) => row['day'])).size;
    // Two days or three have rows, ten have none.
    expect(asked.length - 2 * days).toBeGreaterThanOrEqual(9);
    expect(asked.length - 2 * days).toBeLessThanOrEqual(11);
  });

  it('is refused when it keeps back rows of one visitor, and waited for while they are still coming', async () => {
    const { table, api, simulator, topic, truth } = await subscription({ days: 1, visitors: 40, sessions: 0 });
    const add = (i: number): void =>
      simulator.change['event.add']({ kind: 'page', visitorId: 'busy', ts: simulator.clock.now() - HOUR - i, tabId: `tab-${i}` });
    for (let i = 0; i < 20; i += 1) add(i);
    const since = simulator.clock.now() - 2 * HOUR;
    simulator.switches.atMost = 15;
    expect((await table('events').run({ since })).error).toMatchObject({ kind: 'data', code: 'pendo:cut' });
    // While rows are coming, the question what follows is answered with some: no reason to give up.
    simulator.switches.atMost = Infinity;
    let more = 20;
    const growing: typeof api.http.stream = (path, ask) => {
      if (more < 23 && JSON.stringify(ask.body?.()).includes('"skip"')) add((more += 1));
      return api.http.stream(path, ask);
    };
    const { rows, error } = await table('events').run({ since, api: { ...api, http: { ...api.http, stream: growing } } });
    expect(error).toBeUndefined();
    expect(more).toBe(23);
    expect(topic('events', rows)).toEqual(truth('events', since));
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
