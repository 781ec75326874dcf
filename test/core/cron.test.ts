import { Cron } from 'croner';
import fc from 'fast-check';
import cron from 'node-cron';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { cronMoments, isCron, isTimezone, longestInterval } from '../../src/core/cron.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A night on which clocks change: its zone, the noon before it, and what is left out or repeated. */
const nights = [
  { zone: 'America/New_York', noon: '2027-03-13T12:00-05:00', shift: 60 },
  { zone: 'America/New_York', noon: '2026-10-31T12:00-04:00', shift: -60 },
  { zone: 'Europe/Berlin', noon: '2027-03-27T12:00+01:00', shift: 60 },
  { zone: 'Europe/Berlin', noon: '2027-10-30T12:00+02:00', shift: -60 },
  { zone: 'America/Santiago', noon: '2027-09-04T12:00-04:00', shift: 60 },
  { zone: 'America/Santiago', noon: '2027-04-03T12:00-03:00', shift: -60 },
  { zone: 'Asia/Beirut', noon: '2027-03-27T12:00+02:00', shift: 60 },
  { zone: 'Asia/Beirut', noon: '2027-10-30T12:00+03:00', shift: -60 },
  { zone: 'Australia/Lord_Howe', noon: '2027-10-02T12:00+10:30', shift: 30 },
  { zone: 'Australia/Lord_Howe', noon: '2027-04-03T12:00+11:00', shift: -30 },
  { zone: 'America/Nuuk', noon: '2027-03-27T12:00-02:00', shift: 60 },
  { zone: 'America/Nuuk', noon: '2027-10-30T12:00-01:00', shift: -60 },
];

function all(expression: string, zone: string, from: number, to: number): number[] {
  const next = cronMoments(expression, zone);
  const found: number[] = [];
  for (let at = next(from); at !== undefined && at <= to; at = next(at)) found.push(at);
  return found;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Wall clock at an instant: `28 03:00`. */
function wall(zone: string, instant: number): string {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  clocks.set(zone, clock);
  const parts = clock.formatToParts(instant);
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  return `${of('day')} ${of('hour')}:${of('minute')}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

describe.each(nights)('in $zone, the night after $noon', ({ zone, noon, shift }) => {
  const from = Date.parse(noon);
  /** Every minute of the real time from that noon to the next, as clocks show it. */
  const shown = Array.from({ length: (DAY - shift * MINUTE) / MINUTE }, (_, i) => ({
    at: from + (i + 1) * MINUTE,
    wall: wall(zone, from + (i + 1) * MINUTE),
  }));

  it('a time of the day comes exactly once, and one that is left out right after the gap', () => {
    const wrong: unknown[] = [];
    const firstAfterGap = shown.find(({ wall: now }, i) => {
      const before = shown[i - 1]?.wall ?? now;
      return (
        shift > 0 &&
        (Number(now.slice(3, 5)) * 60 + Number(now.slice(6)) - Number(before.slice(3, 5)) * 60 - Number(before.slice(6)) + 1440) % 1440 > 1
      );
    });
    // Every minute of the hours around the change, and some of each other hour.
    for (let minute = 0; minute < 24 * 60; minute += minute < 4 * 60 || minute >= 23 * 60 ? 1 : 13) {
      const [h, m] = [Math.floor(minute / 60), minute % 60];
      const expected = shown.find(({ wall: now }) => now.endsWith(`${two(h)}:${two(m)}`)) ?? firstAfterGap;
      const found = all(`${m} ${h} * * *`, zone, from, from + DAY - shift * MINUTE);
      if (found.length !== 1 || found[0] !== expected?.at) wrong.push([h, m, found.map((at) => wall(zone, at)), expected?.wall]);
    }
    expect(wrong).toEqual([]);
  });

  it.each(['* * * * *', '*/15 * * * *', '0 * * * *', '20 * * * *', '0 */2 * * *', '*/20 1-3 * * *', '*/10 2 * * *'])(
    '%s comes whenever clocks show it, and once for what is left out',
    (expression) => {
      const task = cron.createTask(expression, () => undefined, { timezone: 'UTC' });
      const matches = (text: string): boolean => task.match(new Date(`2026-06-${text.replace(' ', 'T')}:00Z`));
      const wanted = shown.filter((minute) => matches(minute.wall)).map(({ at }) => at);
      void task.destroy();
      const found = all(expression, zone, from, from + DAY - shift * MINUTE);
      expect(wanted.filter((at) => !found.includes(at)).map((at) => wall(zone, at))).toEqual([]);
      expect(found.length - wanted.length).toBeLessThanOrEqual(shift > 0 ? 1 : 0);
      if (shift > 0 && expression === '*/10 2 * * *' && zone === 'Europe/Berlin')
        expect(found.map((at) => wall(zone, at))).toEqual(['28 03:00']);
      if (shift > 0 && expression === '0 * * * *')
        expect(Math.max(...found.map((at, i) => at - (found[i - 1] ?? at)))).toBeLessThanOrEqual(HOUR);
    },
  );
});

describe('the moments of a cron expression', () => {
  it('are those node-cron gives where no clock changes', () => {
    const field = (most: number, least = 0): fc.Arbitrary<string> => {
      const value = fc.integer({ min: least, max: most });
      return fc.oneof(
        { weight: 3, arbitrary: fc.constant('*') },
        value.map(String),
        fc.integer({ min: 2, max: 70 }).map((step) => `*/${step}`),
        fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
        fc.tuple(value, value).map(([a, b]) => `${a}-${b}`),
        fc.array(value, { minLength: 2, maxLength: 4 }).map((values) => values.join(',')),
      );
    };
    const day = fc.oneof({ weight: 4, arbitrary: field(28, 1) }, fc.constantFrom('L', '15W', 'L-2', 'LW', '31'));
    const month = fc.oneof({ weight: 4, arbitrary: field(12, 1) }, fc.constantFrom('JAN', 'January,Mar', 'apr-jun'));
    const weekday = fc.oneof({ weight: 4, arbitrary: field(7) }, fc.constantFrom('MON', 'Monday-Friday', '5L', '5#2'));
    fc.assert(
      fc.property(fc.tuple(field(59), field(23), day, month, weekday), (fields) => {
        const expression = fields.join(' ');
        if (!cron.validate(expression)) return;
        const task = cron.createTask(expression, () => undefined, { timezone: 'UTC' });
        const now = Date.now();
        let theirs: number[] = [];
        try {
          theirs = task.getNextRuns(3).map((moment) => moment.getTime());
        } catch {
          // It gives up on what never comes.
        } finally {
          void task.destroy();
        }
        const next = cronMoments(expression, 'UTC');
        const ours: number[] = [];
        for (let at = next(now); at !== undefined && ours.length < theirs.length; at = next(at)) ours.push(at);
        expect(
          ours.map((at) => new Date(at).toISOString()),
          expression,
        ).toEqual(theirs.map((at) => new Date(at).toISOString()));
      }),
      { numRuns: 150 },
    );
  });

  it.each(['* * L-2 1-6 5#2', '* * * L-2 * MON', '* * L-5 2 5#2'])('are found day by day where not every day fits: "%s"', (expression) => {
    const looks = vi.spyOn(Cron.prototype, 'nextRun');
    onTestFinished(() => looks.mockRestore());
    const next = cronMoments(expression, 'America/New_York');
    for (let at = next(0), found = 1; at !== undefined && found < 3; found += 1) at = next(at);
    // Two schedules, and one look for each day at most; a year has 525,600 minutes.
    expect(looks.mock.calls.length).toBeLessThan(10_000);
  });

  it.each([
    ['0 * L-2 * *', 'Europe/Berlin', '2027-03-28T22:00:00.000Z', '2027-03-29T21:00:00.000Z'],
    ['0 * L-3 * *', 'Europe/Berlin', '2027-03-27T23:00:00.000Z', '2027-03-28T21:00:00.000Z'],
    ['0 * L-23 * *', 'America/New_York', '2027-11-07T04:00:00.000Z', '2027-11-08T04:00:00.000Z'],
    ['0 * L-1 * *', 'Europe/Berlin', '2027-10-29T22:00:00.000Z', '2027-10-30T21:00:00.000Z'],
  ])('of %s in %s are all of that day, also beside a change of the clock', (expression, zone, first, last) => {
    const next = cronMoments(expression, zone);
    const found: number[] = [];
    for (let at = next(Date.parse(first) - 1); at !== undefined && at - Date.parse(first) < 2 * DAY; at = next(at)) found.push(at);
    expect([found[0], found.at(-1)].map((at) => new Date(at ?? 0).toISOString())).toEqual([first, last]);
    expect(found).toEqual(Array.from(found, (_, i) => (found[0] ?? 0) + i * HOUR));
  });

  it.each(['@daily', '@hourly', '*/10 * * * * *', '0 22-2 * * *', '0 0 L-2 * *', '0 0 29 2 *', '0 0 13 * FRI'])('know %s', (expression) => {
    expect(isCron(expression)).toBe(true);
  });

  it.each(['', '* * * *', '61 * * * *', '0 0 30 2 *', '0 0 L-30 2 *', 'hourly'])('refuse "%s"', (expression) => {
    expect(isCron(expression)).toBe(false);
  });

  it('know time zones by their IANA names', () => {
    expect(['UTC', 'America/New_York', 'Australia/Lord_Howe'].map(isTimezone)).toEqual([true, true, true]);
    expect(['Mars/Olympus', '', '+02:00', 'New York'].map(isTimezone)).toEqual([false, false, false, false]);
  });

  it('lie apart by their longest interval, weekends and changes of clocks included', () => {
    const now = Date.UTC(2027, 2, 26, 12);
    expect(longestInterval('0 * * * *', 'UTC', now)).toBe(HOUR);
    expect(longestInterval('0 9 * * 1-5', 'UTC', now)).toBe(3 * DAY);
    expect(longestInterval('0 12 * * *', 'Europe/Berlin', now)).toBe(DAY);
    expect(longestInterval('0 0 29 2 *', 'UTC', now)).toBe(1461 * DAY);
  });
});
