import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dayOfHours, days, hours, type Granularity } from '../../producers/pendo/granularity.ts';
import { zone, type Zone } from '../../simulators/pendo/zone.ts';
import { DAY, HOUR } from './harness.ts';

const ZONES = [
  'America/New_York',
  'Africa/Casablanca',
  'Africa/Cairo',
  'America/Havana',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Tehran',
  'Atlantic/Azores',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'Pacific/Norfolk',
  'UTC',
].map((name) => ({ name, of: zone(name) }));

/** Lord Howe's clocks change by half an hour, so that its hours overlap then; which of them the vendor counts by nobody says. */
const WHOLE_HOURS = ZONES.filter(({ name }) => name !== 'Australia/Lord_Howe');

const stretch = {
  place: fc.constantFrom(...ZONES),
  from: fc.integer({ min: Date.UTC(2017, 0, 1), max: Date.UTC(2026, 11, 31) }),
  span: fc.integer({ min: 0, max: 40 * DAY }),
  /** Whether the buckets asked for hold rows, one after the other. */
  filled: fc.infiniteStream(fc.boolean()),
};

/** Asks as the reader does, bucket after bucket, and gives every instant that was asked for. */
function walk(
  grain: Granularity,
  bucketOf: (at: number) => number | undefined,
  from: number,
  until: number,
  known: number | undefined,
): number[] {
  const asked: number[] = [];
  let day = known;
  for (let at = grain.begin(from, day), last = false; !last;) {
    last = at >= until;
    if (last) at = until;
    asked.push(at);
    const start = bucketOf(at);
    if (start !== undefined) day = Math.max(day ?? start, start);
    last ||= grain.holds(until, at, start);
    if (!last) at = grain.next(at, start, day);
  }
  return asked;
}

/** Begins of buckets are known where they hold rows; the vendor answers the same each time. */
function told(begin: (at: number) => number, filled: Iterator<boolean>): (at: number) => number | undefined {
  const known = new Map<number, boolean>();
  return (at) => {
    const start = begin(at);
    if (!known.has(start)) known.set(start, filled.next().value === true);
    return known.get(start) === true ? start : undefined;
  };
}

const daysBetween = (of: Zone, from: number, until: number): number[] => {
  const found: number[] = [];
  for (let day = of.dayStart(from); day <= until; day = of.nextDay(day)) found.push(day);
  return found;
};

it('no day of any zone is passed over, whatever is known of its midnights', () => {
  fc.assert(
    fc.property(
      stretch.place,
      stretch.from,
      stretch.span,
      stretch.filled,
      fc.option(fc.integer({ min: -100, max: 400 })),
      ({ of }, from, span, filled, ago) => {
        const known = ago === null ? undefined : of.dayStart(from - ago * DAY);
        const asked = walk(days, told(of.dayStart, filled), from, from + span, known);
        expect(new Set(asked.map((at) => of.dayStart(at)))).toEqual(
          new Set([...daysBetween(of, from, from + span), ...asked.slice(0, 1).map((at) => of.dayStart(at))]),
        );
        // A day is asked for twice only while nobody knows where it begins, and at the end.
        expect(asked.length).toBeLessThanOrEqual(2 * (span / DAY) + 4);
      },
    ),
    { numRuns: 300 },
  );
});

it.each([
  ['hours', hours, HOUR],
  ['24 hours', dayOfHours, DAY],
] as const)('%s leave no gap in any zone', (_, grain, length) => {
  fc.assert(
    fc.property(fc.constantFrom(...WHOLE_HOURS), stretch.from, stretch.span, stretch.filled, ({ of }, from, span, filled) => {
      const none = (): undefined => undefined;
      const asked = walk(grain, grain === hours ? told(of.hourStart, filled) : none, from, from + span, undefined).map((at) =>
        of.hourStart(at),
      );
      expect(asked[0]).toBeLessThanOrEqual(from);
      for (const [i, start] of asked.entries()) expect(asked[i + 1] ?? from + span).toBeLessThanOrEqual(start + length);
    }),
    { numRuns: 300 },
  );
});
