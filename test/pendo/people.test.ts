import { describe, expect, it } from 'vitest';
import { pendo } from '../../producers/pendo/index.ts';
import { pendoSettings } from '../../producers/pendo/settings.ts';
import type { PendoTable } from '../../simulators/pendo/options.ts';
import { DAY, HOUR, subscription, type Subscription } from './harness.ts';

/** What stands in the topic after some runs. */
function holding(about: Subscription, name: PendoTable) {
  const reader = about.table(name);
  const held = new Map<string, unknown>();
  return {
    held,
    reader,
    async run(how = {}) {
      const run = await reader.run(how);
      expect(run.error).toBeUndefined();
      for (const [key, record] of about.topic(name, run.rows)) held.set(key, record);
      return run;
    },
  };
}

describe('visitors and accounts', () => {
  it('are read once by id, then by what changed, with a whole listing a day', async () => {
    const about = await subscription({}, { record_limit: 50 });
    const { simulator } = about;
    for (const [name, list, id] of [
      ['visitors', 'visitors', 'o"brien'],
      ['accounts', 'accounts', 'acme "east" \\ co'],
    ] as const) {
      const { held, run } = holding(about, name);
      const first = await run();
      expect(first.pages.filter((page) => page.scan?.end !== undefined)).toHaveLength(1);
      expect(held).toEqual(about.truth(name));
      expect((await run()).pages.some((page) => page.scan !== undefined)).toBe(false);
      simulator.clock.advance(HOUR);
      simulator.change['metadata.set']({ list, id, group: 'custom', values: { tier: 'a' } });
      const changed = await run();
      expect(changed.rows.length).toBeLessThan(15);
      expect(held).toEqual(about.truth(name));
      // A row whose change has no time is found by the daily listing.
      simulator.change['metadata.set']({ list, id, group: 'custom', values: { tier: 'c' }, silently: true });
      simulator.clock.advance(2 * HOUR);
      await run();
      simulator.clock.advance(DAY);
      await run();
      expect(held).toEqual(about.truth(name));
    }
  });

  it('are listed again once the clock is right, when it was a month ahead at the last listing', async () => {
    const about = await subscription({}, { record_limit: 50 });
    const { held, run } = holding(about, 'visitors');
    const { simulator } = about;
    const ahead = (): number => simulator.clock.now() + 30 * DAY;
    await run({ runStart: ahead(), now: ahead });
    simulator.clock.advance(HOUR);
    simulator.change['metadata.set']({ list: 'visitors', id: 'o"brien', group: 'custom', values: { tier: 'timed' } });
    simulator.change['metadata.set']({ list: 'visitors', id: 'back\\slash', group: 'custom', values: { tier: 'silent' }, silently: true });
    simulator.clock.advance(2 * HOUR);
    await run();
    expect(held).toEqual(about.truth('visitors'));
    simulator.change['metadata.set']({ list: 'visitors', id: 'o"brien', group: 'custom', values: { tier: 'later' } });
    simulator.clock.advance(2 * HOUR);
    await run();
    expect(held).toEqual(about.truth('visitors'));
  });

  it('do not miss what changes while a first listing is cut and taken up again', async () => {
    const about = await subscription({}, { record_limit: 30 });
    const { held, run } = holding(about, 'visitors');
    await run({ stopAfter: 2 });
    about.simulator.clock.advance(3 * HOUR);
    about.simulator.change['metadata.set']({ list: 'visitors', id: 'back\\slash', group: 'custom', values: { tier: 'new' } });
    about.simulator.clock.advance(3 * HOUR);
    await run();
    expect(held).toEqual(about.truth('visitors'));
  });

  it('page through more equal times than an answer holds', async () => {
    const about = await subscription({}, { record_limit: 10 });
    const { held, run } = holding(about, 'visitors');
    await run();
    about.simulator.clock.advance(2 * HOUR);
    for (const row of about.simulator.truth.rows('visitors').slice(0, 35))
      about.simulator.change['metadata.set']({ list: 'visitors', id: row['visitorId'] as string, group: 'custom', values: { tier: 'x' } });
    const { rows } = await run();
    expect(rows.length).toBeGreaterThanOrEqual(34);
    expect(rows.length).toBeLessThan(60);
    expect(about.truth('visitors').size).toBe(144);
    // All but the one that has no time of change.
    const wrong = [...about.truth('visitors')].filter(([key, record]) => JSON.stringify(held.get(key)) !== JSON.stringify(record));
    expect(wrong.map(([key]) => key)).toEqual(['["u-1008"]']);
  });

  it('hold the anonymous only when wanted, and events theirs always', async () => {
    for (const include of [false, true]) {
      const about = await subscription({ days: 3 }, { include_anonymous_visitors: include });
      const { rows } = await about.table('visitors').run();
      expect([...about.topic('visitors', rows).values()].filter((record) => record['is_anonymous'] === true).length).toBe(include ? 16 : 0);
      expect(about.topic('visitors', rows).size).toBe(include ? 160 : 144);
      expect(about.topic('visitors', rows)).toEqual(about.truth('visitors'));
      const events = await about.table('events').run();
      expect(events.rows.some((row) => String(row['visitorId']).startsWith('_PENDO_T_'))).toBe(true);
    }
  });

  it('keep every group of their metadata, whatever its fields are called', async () => {
    const about = await subscription();
    about.simulator.change['metadata.set']({
      list: 'visitors',
      id: 'two words',
      group: 'custom',
      values: { camelCase: { innerKey: 1 }, seats: '25.0', ratio: 0.1 },
    });
    about.simulator.change['metadata.set']({ list: 'visitors', id: 'two words', group: 'hubspot', values: { Stage: 'won' } });
    const { rows } = await about.table('visitors').run();
    const record = about.record('visitors', rows.find((row) => row['visitorId'] === 'two words') ?? {});
    expect(JSON.parse(record['metadata_custom'] as string)).toMatchObject({ camelCase: { innerKey: 1 }, seats: '25.0', ratio: 0.1 });
    expect(JSON.parse(record['metadata_other'] as string)).toMatchObject({ hubspot: { Stage: 'won' } });
    expect(record).toMatchObject({
      metadata_agent_email: expect.stringMatching(/@example.test/),
      do_not_process: false,
      is_anonymous: false,
      _extra: null,
    });
    const unprocessed = about.record('visitors', rows.find((row) => row['visitorId'] === 'u-1008') ?? {});
    expect(unprocessed).toMatchObject({ do_not_process: true, lastupdated: null });
  });
});

describe('large lists', () => {
  it('of people and objects are asked for in smaller answers when the vendor runs out of memory', async () => {
    const about = await subscription({ visitors: 400, features: 260, switches: { mostRows: 110 } });
    for (const name of ['visitors', 'features'] as PendoTable[]) {
      const { rows, error, pages } = await about.table(name).run();
      expect(error).toBeUndefined();
      expect(about.topic(name, rows)).toEqual(about.truth(name));
      expect(pages.filter((page) => page.scan?.end !== undefined)).toHaveLength(1);
    }
    about.simulator.switches.mostRows = 20;
    expect((await about.table('features').run()).error).toMatchObject({ code: 'pendo:too_heavy' });
  });

  it('of changes are read to their proven end, however few rows an answer holds', async () => {
    const about = await subscription({ visitors: 200 }, { record_limit: 100 });
    const { held, run } = holding(about, 'visitors');
    await run();
    about.simulator.clock.advance(2 * HOUR);
    about.simulator.switches.atMost = 30;
    for (const row of about.simulator.truth.rows('visitors')) {
      if (row['visitorId'] !== 'u-1008')
        about.simulator.change['metadata.set']({
          list: 'visitors',
          id: row['visitorId'] as string,
          group: 'custom',
          values: { tier: 'y' },
        });
    }
    await run();
    expect(held).toEqual(about.truth('visitors'));
  });
});

describe('features, pages, guides and track types', () => {
  it('are listed whole, by id, and proven by an answer without rows', async () => {
    const about = await subscription({ features: 26 }, { record_limit: 13 });
    const { rows, pages } = await about.table('features').run();
    expect(about.topic('features', rows)).toEqual(about.truth('features'));
    expect(pages.map((page) => [page.rows.length, page.scan?.end !== undefined])).toEqual([
      [13, false],
      [13, false],
      [0, true],
    ]);
  });

  it('show 0 as never, and drop what changes about the people who made them', async () => {
    const about = await subscription();
    const { rows } = await about.table('guides').run();
    const records = rows.map((row) => about.record('guides', row));
    expect(records.some((record) => record['reset_at'] === null) && records.some((record) => record['reset_at'] !== null)).toBe(true);
    expect(records.every((record) => record['expires_after'] !== 0 && record['created_by_user_username'] !== null)).toBe(true);
    expect(JSON.stringify(records)).not.toContain('lastLogin');
    // What is never is no value that did not fit.
    expect(JSON.stringify(records.map((record) => record['_extra']))).not.toMatch(/resetAt|expiresAfter|showsAfter|publishedAt/);
  });
});

describe('visitor history', () => {
  const on = (more: object = {}): Record<string, unknown> => ({ visitor_history: { enabled: true, max_calls: 5_000, ...more } });

  it('is off until it is wanted, and says how to want it', () => {
    const off = (setting?: unknown) =>
      pendo
        .tables(pendoSettings.parse({ integration_key: 'x', ...(setting === undefined ? {} : { visitor_history: setting }) }))
        .find(({ name }) => name === 'visitor_history')?.off;
    expect(off()).toBe('off by default, `visitor_history: true` turns it on');
    expect(off({ max_calls: 7 })).toBeDefined();
    expect(off(true)).toBeUndefined();
    expect(off({ enabled: true })).toBeUndefined();
  });

  it('asks only for visitors with news, no more than allowed, and the rest in later runs', async () => {
    const about = await subscription({ days: 3, visitors: 30, anonymous: 0 }, on({ max_calls: 40 }));
    const { held, run } = holding(about, 'visitor_history');
    const history = { route: 'GET /api/v1/visitor/:id/history' };
    const first = await run();
    expect(about.simulator.requests.count(history)).toBe(40);
    expect(first.pages.at(-1)?.warnings?.[0]).toMatch(/are left/);
    for (let i = 0; i < 12; i += 1) await run();
    expect(held).toEqual(about.truth('visitor_history'));
    about.simulator.clock.advance(3 * DAY);
    for (let i = 0; i < 5; i += 1) await run();
    about.simulator.requests.reset();
    await run();
    expect(about.simulator.requests.count(history)).toBe(0);
    about.simulator.change['event.add']({ kind: 'feature' });
    await run();
    expect(about.simulator.requests.count(history)).toBeLessThanOrEqual(6);
    expect(held).toEqual(about.truth('visitor_history'));
  });

  it('is read whole by a back-fill, however many requests that takes', async () => {
    const about = await subscription({ days: 3, visitors: 30, anonymous: 0 }, on({ max_calls: 5 }));
    const { held, run } = holding(about, 'visitor_history');
    const { pages } = await run({ mode: 'historical' });
    expect(pages.at(-1)?.warnings).toBeUndefined();
    expect(held).toEqual(about.truth('visitor_history'));
  });

  it('keeps one row of a page that is looked at over midnight', async () => {
    const about = await subscription({ days: 3, visitors: 30, anonymous: 0, sessions: 0 }, on());
    const midnight = Math.floor(about.simulator.clock.now() / DAY) * DAY;
    about.simulator.change['event.add']({ kind: 'page', ts: midnight - 60_000 });
    const { held, run } = holding(about, 'visitor_history');
    await run();
    expect([...held.values()]).toMatchObject([
      { ts: midnight - 60_000, last_ts: midnight + 70_000, modified_ts: midnight + 70_000, object_id: expect.stringMatching(/^page_/) },
    ]);
  });

  it('leaves out a visitor the vendor refuses, says which, and asks again in the next run', async () => {
    const about = await subscription({ days: 2, visitors: 30, anonymous: 0 }, on());
    const id = about.simulator.faults.add({
      kind: 'status',
      status: 400,
      on: 'GET /api/v1/visitor/u-1009/*',
      body: 'bad id',
      contentType: 'text/plain',
    });
    const { held, run } = holding(about, 'visitor_history');
    expect((await run()).pages.at(-1)).toMatchObject({ warnings: [expect.stringMatching(/u-1009.*bad id/)] });
    expect(held.size).toBeGreaterThan(0);
    expect(held.size).toBeLessThan(about.truth('visitor_history').size);
    about.simulator.faults.clear(id);
    await run();
    expect(held).toEqual(about.truth('visitor_history'));
  });

  it('fails when all visitors are refused, or an answer is no list', async () => {
    const about = await subscription({ days: 2, visitors: 30, anonymous: 0 }, on());
    for (const fault of [
      { status: 400, body: 'bad region' },
      { status: 200, body: '{"visitors":[]}' },
      { status: 200, body: '[[{"ts":1}]]' },
    ]) {
      const id = about.simulator.faults.add({ kind: 'status', on: 'GET /api/v1/visitor/*', ...fault });
      const { error, pages } = await about.table('visitor_history').run();
      expect(error).toMatchObject({ kind: 'data', message: expect.stringMatching(/bad region|is not a list/) });
      expect(pages.flatMap((page) => page.rows)).toEqual([]);
      about.simulator.faults.clear(id);
    }
  });

  it('takes the 404 of something in front of the API for no visitor without a history', async () => {
    const about = await subscription({ days: 2, visitors: 30, anonymous: 0 }, on());
    const whole = (await about.table('visitor_history').run()).rows.length;
    const reader = about.table('visitor_history');
    const body = '<html><body><h1>404 Not Found</h1></body></html>';
    const fault = about.simulator.faults.add({ kind: 'status', status: 404, on: 'GET /api/v1/visitor/*', body, contentType: 'text/html' });
    const { error, counted } = await reader.run();
    expect(error).toMatchObject({ kind: 'data', code: 'pendo:not_api' });
    expect(counted['visitors_without_history']).toBeUndefined();
    about.simulator.faults.clear(fault);
    expect((await reader.run()).rows).toHaveLength(whole);
  });

  it.each([409, 414, 421, 451])('fails the run for a visitor that is refused with %i, once the others are read', async (status) => {
    const about = await subscription({ days: 2, visitors: 30, anonymous: 0 }, on());
    const reader = about.table('visitor_history');
    const fault = about.simulator.faults.add({ kind: 'status', status, on: 'GET /api/v1/visitor/u-1009/*', body: '{}' });
    const { error, rows, pages } = await reader.run();
    expect(error).toMatchObject({ kind: 'data', code: `pendo:${status}` });
    expect(rows.length).toBeGreaterThan(0);
    expect(pages.flatMap(({ readTo = [] }) => readTo)).toEqual([]);
    about.simulator.faults.clear(fault);
    expect((await reader.run()).error).toBeUndefined();
  });

  it.each(['7.5', 'null', '{"visitorId":[]}', '{"visitorId":1e400}'])(
    'fails the run for a visitor such as %s, once the others are read',
    async (visitor) => {
      const about = await subscription({ days: 2, visitors: 30, anonymous: 0 }, on());
      const known = { visitorId: 'u-1009', metadata: { auto: { lastupdated: about.simulator.clock.now(), firstvisit: 1 } } };
      about.simulator.faults.add({
        kind: 'status',
        status: 200,
        times: 1,
        on: 'POST /api/v1/aggregation',
        requestBody: 'newest_visitors',
        body: `{"results":[${visitor},${JSON.stringify(known)}]}`,
      });
      const { error, rows, pages } = await about.table('visitor_history').run();
      expect(error).toMatchObject({ kind: 'data', code: 'unusable_parent' });
      expect(rows.length).toBeGreaterThan(0);
      expect(pages.flatMap(({ readTo = [] }) => readTo)).toEqual([]);
    },
  );

  it('leaves out a visitor the vendor no longer knows', async () => {
    const about = await subscription({ days: 2, visitors: 30, anonymous: 0 }, on());
    about.simulator.faults.add({ kind: 'status', status: 404, on: 'GET /api/v1/visitor/u-1009/*', body: '{}' });
    const { rows, error, counted } = await about.table('visitor_history').run();
    expect(error).toBeUndefined();
    expect(counted['visitors_without_history']).toBe(1);
    expect(rows.length).toBeGreaterThan(0);
  });
});
