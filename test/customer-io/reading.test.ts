import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import { byKey, workspace } from './harness.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

const ids = (rows: readonly Row[]): string[] => rows.map((row) => String(row['id']));

describe('deliveries', () => {
  it('all come although the vendor cuts long ranges, with a start date and without', async () => {
    const { simulator, table } = await workspace({ deliveries: 2_600, deliveryDays: 200 });
    for (const since of [simulator.clock.now() - 201 * DAY, undefined]) {
      const { rows, error } = await table('messages').run({ since });
      expect(error).toBeUndefined();
      expect(new Set(ids(rows)).size).toBe(2_600);
      expect(rows.length).toBe(2_600);
    }
    const asked = simulator.requests.list({ route: 'GET /v1/messages' }).map(({ query }) => new URLSearchParams(query));
    expect(asked.every((query) => Number(query.get('end_ts')) - Number(query.get('start_ts')) < 183 * 86_400)).toBe(true);
  });

  it('of the wanted history alone come', async () => {
    const { simulator, table } = await workspace();
    const since = simulator.clock.now() - 60 * DAY;
    const { rows } = await table('messages').run({ since });
    const wanted = simulator.truth.rows('messages').filter((row) => Number(row['created']) * SECOND >= since);
    expect(ids(rows).sort()).toEqual(wanted.map((row) => String(row['id'])).sort());
  });

  it('between two bounds are asked for once, the seconds at the bounds included', async () => {
    const { simulator, table } = await workspace({ deliveries: 20, deliveryDays: 3 });
    const messages = table('messages');
    const since = simulator.clock.now() - 40 * DAY;
    await messages.run({ since });
    for (let second = 0; second < 5; second += 1) {
      simulator.mutate['delivery.add']({});
      simulator.clock.advance(SECOND);
    }
    // The running second and the one before may still get rows.
    const now = simulator.clock.now() / SECOND;
    const early = (await messages.run({ since })).rows;
    const late = simulator.truth.rows('messages').filter((row) => Number(row['created']) >= now - 1);
    expect(late).toHaveLength(1);
    expect(ids(early)).not.toContain(late[0]!['id']);
    simulator.clock.advance(SECOND);
    const { rows } = await messages.run({ since });
    expect(new Set(ids(rows)).size).toBe(ids(rows).length);
    for (const row of simulator.truth.rows('messages').slice(0, 5)) expect(ids(rows)).toContain(row['id']);
    const bounds = simulator.requests
      .list({ route: 'GET /v1/messages' })
      .map(({ query }) => Number(new URLSearchParams(query).get('end_ts')));
    expect(Math.max(...bounds)).toBe(now - 1);
  });

  it('come again in the look-back with what became of them, and not those that are older', async () => {
    for (const [lookback_days, seen] of [
      [30, [true, false]],
      [41, [true, true]],
    ] as const) {
      const at = await workspace({ deliveries: 2_000, deliveryDays: 100 }, { lookback_days });
      const { simulator, table } = at;
      const messages = table('messages');
      const first = byKey(at, 'messages', (await messages.run()).rows);
      simulator.clock.advance(2 * HOUR);
      const now = simulator.clock.now();
      const aged = (days: number): string =>
        String(simulator.truth.rows('messages').find((row) => Number(row['created']) * SECOND < now - days * DAY)!['id']);
      const clicked = [aged(20), aged(40)];
      for (const id of clicked) simulator.mutate['delivery.metric']({ id, metric: 'clicked' });
      const again = byKey(at, 'messages', (await messages.run()).rows);
      expect(
        clicked.map((id) => again.has(id)),
        String(lookback_days),
      ).toEqual(seen);
      const id = clicked[0]!;
      expect(again.get(id)).toMatchObject({ clicked_at: now, updated_at: now, created: first.get(id)!['created'] });
      expect(Number(first.get(id)!['updated_at'])).toBeLessThan(now);
      // The look-back has had its turn: until the next hour only the last day is read again.
      expect((await messages.run()).rows.length).toBeLessThan(60);
    }
  });

  it('of the look-back are asked for in several windows, not page after page', async () => {
    const { simulator, table } = await workspace();
    const messages = table('messages');
    await messages.run();
    simulator.clock.advance(2 * HOUR);
    simulator.requests.reset();
    await messages.run();
    const asked = simulator.requests.list({ route: 'GET /v1/messages' }).map(({ query }) => new URLSearchParams(query));
    const windows = asked.map((query) => [Number(query.get('start_ts')), Number(query.get('end_ts'))] as const).sort(([a], [b]) => a - b);
    expect(windows).toHaveLength(30);
    for (const [n, [start]] of windows.slice(1).entries()) expect(start).toBe(windows[n]![1] + 1);
    expect(windows.at(-1)![1] + 1 - windows[0]![0]).toBe((30 * DAY) / SECOND);
  });

  it('that are wanted whole are read whole each time', async () => {
    const { table } = await workspace({}, { full_reread: ['messages'] });
    const messages = table('messages');
    expect((await messages.run()).rows).toHaveLength(400);
    expect((await messages.run({ stopAfter: 2 })).rows.length).toBeLessThan(400);
    expect((await messages.run()).rows.length).toBeLessThan(800);
    expect((await messages.run()).rows).toHaveLength(400);
  });

  it('go on inside the window that was cut', async () => {
    const { simulator, table } = await workspace({ deliveries: 3_500, deliveryDays: 0.9 });
    const messages = table('messages');
    const since = simulator.clock.now() - DAY;
    const before = await messages.run({ since, stopAfter: 2 });
    const after = await messages.run({ since });
    expect(before.rows.length).toBe(2_000);
    expect(after.rows.length).toBe(1_500);
    expect(new Set([...ids(before.rows), ...ids(after.rows)]).size).toBe(3_500);
  });

  it('whose listing leads back to its beginning fail, and do not run for ever', async () => {
    const { simulator, table } = await workspace({ deliveries: 5_000, deliveryDays: 10 });
    simulator.switches.sameNext = Buffer.from('v20:1000').toString('base64');
    const { error, pages } = await table('messages').run({ since: simulator.clock.now() - 20 * DAY });
    expect(error).toMatchObject({ kind: 'data', code: 'paging_loop' });
    expect(pages.length).toBeLessThan(5);
    expect(simulator.requests.count({ route: 'GET /v1/messages' })).toBeLessThan(10);
  });
});

describe('activities', () => {
  it('come all at first, then from the newest to shortly before the last, and all once a day', async () => {
    const { simulator, table } = await workspace({ activities: 2_000, activityDays: 20 });
    const activities = table('activities');
    expect(new Set(ids((await activities.run()).rows)).size).toBe(2_000);
    simulator.clock.advance(HOUR - 60 * SECOND);
    const fresh = String(simulator.mutate['activity.add']()['id']);
    const late = String(simulator.mutate['activity.add']({ at: simulator.clock.now() / SECOND - 9 * 86_400 })['id']);
    const second = await activities.run();
    expect(ids(second.rows)).toContain(fresh);
    expect(ids(second.rows)).not.toContain(late);
    expect(second.rows.length).toBeLessThanOrEqual(200);
    simulator.clock.advance(DAY);
    expect(ids((await activities.run()).rows)).toContain(late);
    expect((await activities.run()).rows.length).toBeLessThanOrEqual(200);
  });

  it('that arrive up to six hours late come within the hour, and the minutes between cost next to nothing', async () => {
    const { simulator, table } = await workspace({ activities: 4_000, activityDays: 2 });
    const activities = table('activities');
    await activities.run();
    const late = String(simulator.mutate['activity.add']({ at: simulator.clock.now() / SECOND - 5 * 3_600 })['id']);
    for (let minute = 0; minute < 59; minute += 1) {
      simulator.clock.advance(60 * SECOND);
      const fresh = String(simulator.mutate['activity.add']()['id']);
      simulator.requests.reset();
      const { rows } = await activities.run();
      expect(ids(rows)).toContain(fresh);
      expect(ids(rows)).not.toContain(late);
      expect(simulator.requests.list().length).toBeLessThanOrEqual(2);
    }
    simulator.clock.advance(60 * SECOND);
    expect(ids((await activities.run()).rows)).toContain(late);
    // Nobody asked for ten hours: what came late meanwhile is late from then on.
    const later = String(simulator.mutate['activity.add']({ at: simulator.clock.now() / SECOND - 5 * 3_600 })['id']);
    simulator.clock.advance(10 * HOUR);
    expect(ids((await activities.run()).rows)).toContain(later);
  });

  it('dated in the future end nothing and move nothing', async () => {
    const { simulator, table } = await workspace({ activities: 500, activityDays: 10 });
    const activities = table('activities');
    for (let n = 0; n < 150; n += 1) simulator.mutate['activity.add']({ at: simulator.clock.now() / SECOND + 86_400 });
    await activities.run();
    expect(((activities.position!['phases'] as Row)['recent'] as Row)['at']).toBeLessThanOrEqual(simulator.clock.now());
    simulator.clock.advance(HOUR);
    const fresh = String(simulator.mutate['activity.add']()['id']);
    expect(ids((await activities.run()).rows)).toContain(fresh);
  });

  it('of people who are gone come too, and those before the start date do not', async () => {
    const { simulator, table } = await workspace();
    expect(simulator.world.activities.some(({ ofDeleted }) => ofDeleted)).toBe(true);
    const since = simulator.clock.now() - 5 * DAY;
    const activities = table('activities');
    const wanted = simulator.truth.rows('activities').filter((row) => Number(row['timestamp']) * SECOND >= since);
    expect(ids((await activities.run({ since })).rows).sort()).toEqual(wanted.map((row) => String(row['id'])).sort());
    simulator.clock.advance(DAY);
    expect((await activities.run({ since })).rows.every((row) => Number(row['timestamp']) * SECOND >= since)).toBe(true);
  });

  it('go on where they were cut without losing what came meanwhile', async () => {
    const { simulator, table } = await workspace({ activities: 1_000, activityDays: 10 });
    const activities = table('activities');
    const before = await activities.run({ stopAfter: 4 });
    simulator.clock.advance(60 * SECOND);
    const fresh = Array.from({ length: 30 }, () => String(simulator.mutate['activity.add']()['id']));
    const after = await activities.run();
    expect(after.error).toBeUndefined();
    const found = new Set([...ids(before.rows), ...ids(after.rows)]);
    expect(found.size).toBe(1_030);
    for (const id of fresh) expect(found.has(id)).toBe(true);
    expect(after.rows.length).toBeLessThan(1_000);
  });

  it('are read whole each time when that is wanted', async () => {
    const { table } = await workspace({}, { full_reread: ['activities'] });
    const activities = table('activities');
    const { rows } = await activities.run();
    expect((await activities.run()).rows).toHaveLength(rows.length);
  });
});
