import { expect, it } from 'vitest';
import { startSchedule } from '../../src/engine/schedule.ts';
import { fakeClock, type FakeClock } from '../sdk/fake-clock.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 5, 10, 12);

/** A wall clock that can be set, over a clock that only ever goes on, as a machine has them. */
function settable(): { readonly wall: FakeClock; set(ms: number): void } {
  const steady = fakeClock(NOON);
  let ahead = 0;
  return { wall: { ...steady, now: () => steady.now() + ahead }, set: (ms) => void (ahead += ms) };
}

function watched(expressions: Record<string, string>, timezone = 'UTC') {
  const { wall, set } = settable();
  const heard: { at: string; tables: readonly string[] }[] = [];
  let moved = 0;
  const schedule = startSchedule(new Map(Object.entries(expressions)), timezone, wall, {
    due: (tables) => void heard.push({ at: new Date(wall.now()).toISOString().slice(5, 19), tables }),
    moved: () => void (moved += 1),
  });
  const take = (): string[] => heard.splice(0).map(({ at, tables }) => `${at} ${tables.join(',')}`);
  return { wall, set, schedule, take, moved: () => moved };
}

it('calls at each moment, and together what is due at once', async () => {
  const { wall, take, schedule } = watched({ a: '0 * * * *', b: '30 * * * *', c: '0 13 * * *' });
  await wall.run(HOUR + 45 * MINUTE);
  expect(take()).toEqual(['06-10T12:30:00 b', '06-10T13:00:00 a,c', '06-10T13:30:00 b']);
  expect(['a', 'b', 'c', 'd'].map((table) => schedule.nextRunAt(table))).toEqual([
    NOON + 2 * HOUR,
    NOON + 2.5 * HOUR,
    NOON + 25 * HOUR,
    undefined,
  ]);
  schedule.stop();
  await wall.run(DAY);
  expect(take()).toEqual([]);
});

it('means the wall clocks of its time zone', async () => {
  const { wall, take } = watched({ a: '0 9 * * *' }, 'America/New_York');
  await wall.run(DAY);
  expect(take()).toEqual(['06-10T13:00:00 a']);
});

it.each([
  ['late by 2.6 s', 2.6 * SECOND],
  ['suspended for 30 s', 30 * SECOND],
  ['suspended for 3 h', 3 * HOUR],
  ['suspended for 2 days', 2 * DAY],
])('makes up for what it missed with one call, at once: %s', async (_, away) => {
  const { wall, set, take } = watched({ a: '*/5 * * * *', b: '0 13 * * *' });
  await wall.run(HOUR - SECOND);
  take();
  // A suspended machine does not count the time: its timers are where they were, and its clock is not.
  set(away);
  await wall.run(10 * SECOND);
  expect(take().map((line) => line.slice(-3))).toEqual(['a,b']);
  const left = 5 * MINUTE - ((wall.now() - NOON) % (5 * MINUTE));
  await wall.run(left);
  expect(take()).toHaveLength(1);
});

it.each([
  ['an hour', HOUR],
  ['a day', DAY],
])('finds its next moment within a minute when the clock was %s ahead for a while', async (_, wrong) => {
  const { wall, set, take, schedule, moved } = watched({ a: '0 * * * *' });
  await wall.run(40 * MINUTE);
  set(wrong);
  await wall.run(26 * SECOND);
  expect(take()).toHaveLength(1);
  set(-wrong);
  await wall.run(MINUTE);
  expect(schedule.nextRunAt('a')).toBe(NOON + HOUR);
  expect(moved()).toBe(1);
  await wall.run(HOUR);
  expect(take()).toEqual(['06-10T13:00:00 a']);
});

it.each([
  ['an hour', HOUR],
  ['a day', DAY],
])('finds its next moment within a minute when the clock was %s behind for a while', async (_, wrong) => {
  const { wall, set, take, schedule } = watched({ a: '0 * * * *' });
  await wall.run(40 * MINUTE);
  set(-wrong);
  await wall.run(MINUTE);
  expect(schedule.nextRunAt('a')).toBe(NOON - wrong + HOUR);
  set(wrong);
  await wall.run(MINUTE);
  // What looks like a missed moment is made up for.
  expect(take()).toHaveLength(1);
  expect(schedule.nextRunAt('a')).toBe(NOON + HOUR);
});

it('calls once for a moment around which the clock is put back a little', async () => {
  const { wall, set, take } = watched({ a: '0 * * * *' });
  await wall.run(HOUR + SECOND);
  set(-2 * SECOND);
  await wall.run(10 * MINUTE);
  expect(take()).toHaveLength(1);
});

it('calls all tables of one expression together', async () => {
  const { wall, take, schedule } = watched({ a: '0 * * * *', b: '0 * * * *', c: '0 * * * *' });
  await wall.run(HOUR);
  expect(take()).toEqual(['06-10T13:00:00 a,b,c']);
  expect(schedule.nextRunAt('a')).toBe(NOON + 2 * HOUR);
});

it('takes a clock that goes back by a minute for corrected, and by more for set', async () => {
  for (const [back, moves] of [
    [60 * SECOND, 0],
    [60 * SECOND + 1, 1],
  ] as const) {
    const { wall, set, moved } = watched({ a: '0 0 1 1 *' });
    // The clock is looked at every ten seconds.
    await wall.run(10 * SECOND);
    set(-back - 10 * SECOND);
    await wall.run(10 * SECOND);
    expect([back, moved()]).toEqual([back, moves]);
  }
});
