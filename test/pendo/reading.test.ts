import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import type { PendoTable } from '../../simulators/pendo/options.ts';
import { DAY, HOUR, subscription, type Subscription } from './harness.ts';

const EVENTS: PendoTable[] = ['events', 'feature_events', 'page_events', 'track_events', 'guide_events', 'poll_events'];
const COUNTED = EVENTS.slice(0, 4);

/** Small answers, so that visitors are cut in the middle. */
const SMALL = { record_limit: 40 };

async function readAll({ table, simulator }: Subscription): Promise<Map<PendoTable, readonly Row[]>> {
  const read = new Map<PendoTable, readonly Row[]>();
  for (const name of simulator.truth.tables) {
    const { rows, error } = await table(name).run();
    expect(error, name).toBeUndefined();
    read.set(name, rows);
  }
  return read;
}

describe('every table of a subscription', () => {
  it('is read whole, by day and by hour, and fits its columns', async () => {
    for (const period of ['day', 'hour']) {
      const about = await subscription(
        { days: 4, visitors: 90, sessions: 360 },
        { ...SMALL, period, visitor_history: { enabled: true, max_calls: 5_000 } },
      );
      expect(about.simulator.truth.tables).toHaveLength(15);
      for (const [name, rows] of await readAll(about)) {
        const topic = about.topic(name, rows);
        const truth = about.truth(name);
        expect([...topic.keys()].sort(), `${name} by ${period}`).toEqual([...truth.keys()].sort());
        for (const [key, record] of truth) expect(topic.get(key), `${name} ${key}`).toEqual(record);
        expect(truth.size, name).toBeGreaterThan(5);
      }
    }
  }, 120_000);
});

describe('events', () => {
  it('are the same whether hours tell their day or not, and however an empty answer looks', async () => {
    const about = await subscription(
      { days: 3, visitors: 40, timeZone: 'Asia/Kolkata', switches: { hourRowsHaveDay: false, empty: 'list' } },
      { period: 'hour' },
    );
    for (const name of EVENTS) {
      const { rows, error } = await about.table(name).run();
      expect(error).toBeUndefined();
      const topic = about.topic(name, rows);
      expect(topic, name).toEqual(about.truth(name));
      if (COUNTED.includes(name))
        for (const record of topic.values()) expect(record).toMatchObject({ day: null, period_start: record['hour'] });
    }
  });

  it.each(['day', 'hour'])(
    'by %s survive both changes of the clock, in zones near and far',
    async (period) => {
      const cases = [
        ['America/New_York', Date.UTC(2026, 2, 12, 3)],
        ['America/New_York', Date.UTC(2026, 10, 5, 6)],
        ['Africa/Cairo', Date.UTC(2010, 8, 13, 12)],
        ['Pacific/Auckland', Date.UTC(2026, 8, 30, 11, 30)],
        ['Pacific/Norfolk', Date.UTC(2026, 9, 8, 13)],
      ] as const;
      for (const [timeZone, now] of cases) {
        const { table, topic, truth } = await subscription({ timeZone, now, days: 8, visitors: 30, sessions: 120 }, { period });
        for (const name of ['page_events', 'guide_events'] as PendoTable[]) {
          const { rows, error } = await table(name).run();
          expect(error).toBeUndefined();
          expect(topic(name, rows), `${name} in ${timeZone}`).toEqual(truth(name));
        }
      }
    },
    120_000,
  );

  it('skip no day even where nothing happened for weeks', async () => {
    for (const [timeZone, now] of [
      ['Pacific/Norfolk', Date.UTC(2026, 9, 20, 13)],
      ['America/New_York', Date.UTC(2026, 2, 25, 5)],
    ] as const) {
      const about = await subscription({ timeZone, now, days: 30, visitors: 20, sessions: 0 });
      const days = about.simulator.world.zone;
      const asked = about.table('events');
      await asked.run();
      const firsts = about.simulator.asked.filter(({ source }) => source === 'events').length;
      expect(firsts).toBeGreaterThanOrEqual(32);
      // One event in each day, at its very ends: each has to be found.
      for (let day = days.dayStart(now - 28 * DAY), odd = false; day < now - DAY; day = days.nextDay(day), odd = !odd)
        about.simulator.change['event.add']({ kind: 'page', ts: odd ? day : days.nextDay(day) - 1 });
      const { rows, error } = await about.table('events').run();
      expect(error).toBeUndefined();
      expect(about.topic('events', rows)).toEqual(about.truth('events'));
    }
  });

  it('sum rows that share the whole key, and count them', async () => {
    const { table, simulator, truth } = await subscription({ days: 4 });
    for (const name of COUNTED) {
      const { rows, counted } = await table(name).run();
      const keys = truth(name);
      expect(rows.length, name).toBe(keys.size);
      const sum = (of: Iterable<{ [field: string]: unknown }>, field: string): number =>
        [...of].reduce((total, row) => total + Number(row[field]), 0);
      expect(sum(rows, 'numEvents')).toBe(sum(simulator.truth.rows(name), 'numEvents'));
      if (name === 'events' || name === 'page_events') expect(counted['key_collisions'], name).toBeGreaterThan(0);
    }
    const kinds = (kind: string): number => simulator.world.raws.filter((raw) => raw.kind === kind).length;
    expect([...truth('page_events').values()].reduce((total, row) => total + Number(row['num_events']), 0)).toBe(kinds('page'));
    expect([...truth('events').values()].reduce((total, row) => total + Number(row['num_events']), 0)).toBe(
      kinds('page') + kinds('feature'),
    );
  });

  it('sum what is one row but for the session and the place it was in, which may be told later', async () => {
    const { table, simulator, topic, truth } = await subscription({ days: 1, visitors: 40, sessions: 0 });
    const same = { kind: 'page' as const, objectId: 'Pg_1' };
    const ts = simulator.clock.now() - HOUR;
    simulator.change['event.add']({ ...same, ts, sessionId: 'first', country: 'NL' });
    simulator.change['event.add']({ ...same, ts: ts + 1, sessionId: 'second', country: 'DE' });
    const { rows } = await table('page_events').run({ since: ts });
    expect([...topic('page_events', rows).values()]).toMatchObject([
      {
        num_events: 2,
        analytics_session_id: 'second',
        latitude: 0,
        week: expect.any(Number),
        month: expect.any(Number),
        quarter: expect.any(Number),
      },
    ]);
    expect(topic('page_events', rows)).toEqual(truth('page_events'));
  });

  it('ask one stream per bucket, not per object, and never for more than a day', async () => {
    const { table, simulator } = await subscription({ days: 5 });
    for (const name of EVENTS) await table(name).run();
    const widest = Math.max(...simulator.asked.map(({ hours }) => hours));
    expect(widest).toBeLessThanOrEqual(25);
    for (const source of ['events', 'featureEvents', 'guideEvents']) {
      const asked = simulator.asked.filter((one) => one.source === source);
      // One asks for one row: whether any follow.
      expect(asked.filter(({ limit }) => limit !== 1).length).toBeLessThanOrEqual(12);
      expect(asked.length).toBeLessThanOrEqual(24);
    }
  });

  it('go on where they were cut, in the middle of a bucket', async () => {
    for (const name of ['events', 'guide_events'] as PendoTable[]) {
      const { table, simulator, topic, truth } = await subscription({ days: 3, visitors: 900, sessions: 9_000 }, { record_limit: 1_500 });
      const reader = table(name);
      const rows = [];
      let cut = 0;
      for (let i = 0; i < 40; i += 1) {
        const run = await reader.run({ stopAfter: 1 });
        expect(run.error).toBeUndefined();
        rows.push(...run.rows);
        if ((reader.position?.['pass'] as { after?: string } | undefined)?.after !== undefined) cut += 1;
        if (reader.position?.['pass'] === undefined) break;
      }
      expect(topic(name, rows)).toEqual(truth(name));
      if (name === 'events') {
        expect(cut).toBeGreaterThan(0);
        expect(rows.length).toBe(truth(name).size);
      }
      expect(simulator.requests.count({ status: 400 })).toBe(0);
    }
  }, 120_000);

  it('read a visitor who alone exceeds an answer', async () => {
    const { table, simulator, topic, truth } = await subscription({ days: 2, visitors: 40, sessions: 20 }, { record_limit: 10 });
    for (let i = 0; i < 70; i += 1)
      simulator.change['event.add']({ kind: 'page', ts: simulator.clock.now() - 2 * HOUR - i, tabId: `tab-${i}` });
    const { rows, error } = await table('page_events').run();
    expect(error).toBeUndefined();
    expect(topic('page_events', rows)).toEqual(truth('page_events'));
    expect(Math.max(...simulator.asked.map(({ limit }) => limit ?? 0))).toBeGreaterThanOrEqual(80);
  });

  it('find rows without a visitor', async () => {
    const { table, simulator, topic, truth } = await subscription({ days: 2, visitors: 40 }, { record_limit: 10 });
    simulator.change['event.add']({ kind: 'page', visitorId: '', ts: simulator.clock.now() - HOUR });
    const { rows } = await table('events').run();
    expect(topic('events', rows)).toEqual(truth('events'));
    expect(rows.some((row) => row['visitorId'] === '')).toBe(true);
  });

  it('publish an open bucket again under the same keys', async () => {
    for (const period of ['day', 'hour']) {
      const { table, simulator, topic, truth } = await subscription({ days: 3, visitors: 40 }, { period });
      const reader = table('events');
      const held = topic('events', (await reader.run()).rows);
      const before = held.size;
      const [now, context] = [simulator.clock.now(), { kind: 'page' as const, tabId: 'open', visitorId: 'u-1012' }];
      simulator.change['event.add']({ ...context, ts: now - 1_000 });
      for (const [key, record] of topic('events', (await reader.run()).rows)) held.set(key, record);
      expect(held.size).toBe(before + 1);
      simulator.change['event.add']({ ...context, ts: now - 500 });
      for (const [key, record] of topic('events', (await reader.run()).rows)) held.set(key, record);
      expect(held.size).toBe(before + 1);
      expect(held).toEqual(truth('events'));
    }
  });

  it('find late rows: those of the last day at once, older ones with the daily look-back, none beyond it', async () => {
    const { table, simulator, topic, truth } = await subscription({ days: 20, visitors: 40, sessions: 150, lagHours: 6 });
    const reader = table('events');
    const held = topic('events', (await reader.run()).rows);
    const again = async (): Promise<void> => {
      for (const [key, record] of topic('events', (await reader.run()).rows)) held.set(key, record);
    };
    expect(held).toEqual(truth('events'));
    simulator.change['events.release']();
    await again();
    expect(held).toEqual(truth('events'));
    const old = { kind: 'page' as const, visitorId: 'u-1013', visibleAt: simulator.clock.now() };
    const missing = (): unknown[] => [...truth('events')].filter(([key]) => !held.has(key)).map(([, record]) => record['tab_id']);
    simulator.change['event.add']({ ...old, tabId: 'older', ts: simulator.clock.now() - 6 * DAY });
    await again();
    expect(missing()).toEqual(['older']);
    simulator.clock.advance(DAY);
    simulator.change['event.add']({ ...old, tabId: 'oldest', ts: simulator.clock.now() - 15 * DAY });
    await again();
    expect(missing()).toEqual(['oldest']);
  });

  it('keep the position eight hours behind the end of a bucket, and never let it go back', async () => {
    for (const period of ['day', 'hour']) {
      const { table, simulator } = await subscription({ days: 3, visitors: 40 }, { period });
      const reader = table('events');
      let before = 0;
      for (let i = 0; i < 8; i += 1) {
        await reader.run();
        const settled = reader.position?.['settled'] as number;
        expect(settled).toBeGreaterThanOrEqual(before);
        expect(settled + (period === 'day' ? 25 : 1) * HOUR + 8 * HOUR).toBeLessThanOrEqual(simulator.clock.now());
        before = settled;
        simulator.clock.advance(5 * HOUR);
      }
    }
  });

  it('are read on from the position after a long pause', async () => {
    const { table, simulator, topic, truth } = await subscription({ days: 3, visitors: 40 }, { lookback_days: 1 });
    const reader = table('events');
    const held = topic('events', (await reader.run()).rows);
    for (let i = 0; i < 5; i += 1) {
      simulator.clock.advance(DAY);
      simulator.change['session.add']({ visitor: i });
    }
    for (const [key, record] of topic('events', (await reader.run()).rows)) held.set(key, record);
    expect(held).toEqual(truth('events'));
  });

  it('begin with the wanted history, and go deeper when more is wanted', async () => {
    const { table, simulator, topic, truth } = await subscription({ days: 12, visitors: 40 });
    const reader = table('events');
    const since = simulator.clock.now() - 4 * DAY;
    const held = topic('events', (await reader.run({ since })).rows);
    expect(held).toEqual(truth('events', since));
    expect(held.size).toBeLessThan(truth('events').size);
    for (const [key, record] of topic('events', (await reader.run({ since: simulator.world.start })).rows)) held.set(key, record);
    expect(held).toEqual(truth('events'));
  });

  it('refuse a change of the period', async () => {
    const { table, api } = await subscription({ days: 2, visitors: 40 });
    const reader = table('events');
    await reader.run();
    const { error } = await reader.run({ api: { ...api, settings: { ...api.settings, period: 'hour' } } });
    expect(error).toMatchObject({ kind: 'config', message: expect.stringMatching(/period was changed from day to hour/) });
  });

  it('ask for less when the vendor runs out of memory, and fail with what to do when that does not help', async () => {
    const { table, simulator, topic, truth } = await subscription(
      { days: 2, visitors: 700, sessions: 4_000, switches: { mostRows: 700 } },
      { record_limit: 5_000 },
    );
    const { rows, error } = await table('events').run();
    expect(error).toBeUndefined();
    expect(topic('events', rows)).toEqual(truth('events'));
    simulator.switches.mostScanned = 3;
    expect((await table('events').run()).error).toMatchObject({
      kind: 'data',
      code: 'pendo:too_heavy',
      remedy: expect.stringContaining('record_limit'),
    });
  });

  it('that are single are asked for by the hour when a day is too much, and go on so when they are cut', async () => {
    const about = await subscription({ days: 3, visitors: 300, sessions: 3_000, switches: { mostScanned: 120 } }, { record_limit: 10 });
    const { simulator, topic, truth } = about;
    const reader = about.table('guide_events');
    const rows: Row[] = [];
    let cut = 0;
    for (let i = 0; i < 400; i += 1) {
      const run = await reader.run({ stopAfter: 1 });
      expect(run.error).toBeUndefined();
      rows.push(...run.rows);
      if ((reader.position?.['pass'] as { after?: string } | undefined)?.after !== undefined) cut += 1;
      if (reader.position?.['pass'] === undefined) break;
    }
    expect(cut).toBeGreaterThan(5);
    expect(topic('guide_events', rows)).toEqual(truth('guide_events'));
    expect(simulator.asked.some(({ hours }) => hours === 1)).toBe(true);
  }, 120_000);

  it('fail, and do not ask for ever, when one visitor alone is too much for the vendor', async () => {
    const { table, simulator } = await subscription(
      { days: 1, visitors: 30, sessions: 0, switches: { mostRows: 700 } },
      { record_limit: 5_000 },
    );
    for (let i = 0; i < 800; i += 1) simulator.change['event.add']({ kind: 'page', ts: simulator.clock.now() - HOUR, tabId: `tab-${i}` });
    expect((await table('events').run({ since: simulator.clock.now() - 2 * HOUR })).error).toMatchObject({ code: 'pendo:too_heavy' });
    expect(simulator.requests.count()).toBeLessThan(12);
  });

  it('go on behind the last whole visitor when an answer breaks', async () => {
    const { table, simulator, topic, truth, heard } = await subscription({ days: 2, visitors: 300, sessions: 3_000 });
    for (const kind of ['cut-text', 'cut-connection', 'reset', 'html'] as const)
      simulator.faults.add({ kind, requestBody: '"events"', after: 1, times: 1 });
    const { rows, error } = await table('events').run();
    expect(error).toBeUndefined();
    expect(rows.length).toBe(truth('events').size);
    expect(topic('events', rows)).toEqual(truth('events'));
    expect(heard.troubles.length).toBeGreaterThanOrEqual(4);
  });

  it('are of the wanted apps alone', async () => {
    const { table, simulator } = await subscription({ days: 2 }, { app_ids: [5211887790002176] });
    for (const name of ['events', 'features'] as PendoTable[]) {
      const { rows } = await table(name).run();
      expect(rows.length).toBeGreaterThan(0);
      expect(new Set(rows.map((row) => row['appId']))).toEqual(new Set([5211887790002176]));
    }
    expect(simulator.truth.rows('events').some((row) => row['appId'] === -323232)).toBe(true);
  });
});

describe('the documented keys', () => {
  it('lose rows, which key_mode seed shows and says', async () => {
    const seed = await subscription({ days: 4 }, { key_mode: 'seed' });
    const extended = await subscription({ days: 4 });
    for (const name of COUNTED) {
      const { rows, pages, counted } = await seed.table(name).run();
      expect(counted['keys_overwritten'], name).toBeGreaterThan(0);
      expect(seed.topic(name, rows).size, name).toBeLessThan(extended.truth(name).size);
      expect(pages.at(-1)?.warnings?.[0]).toMatch(/key_mode/);
      expect(
        seed.definition(name).key.every((column) => extended.definition(name).key.includes(column)),
        name,
      ).toBe(true);
    }
    expect(seed.topic('events', (await seed.table('events').run()).rows).size).toBeLessThan(extended.truth('events').size / 5);
  });
});
