import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isZone, offsetsOf, wallClockOf } from '../../src/core/time-zone.ts';

const HOUR = 3_600_000;
const instants = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2040, 0, 1) });

describe('a time zone', () => {
  it('is told by its name', () => {
    expect(['UTC', 'America/Chicago', 'Asia/Kolkata'].map(isZone)).toEqual([true, true, true]);
    expect(['', 'Chicago', 'Mars/Olympus', 'America/Chicago '].map(isZone)).toEqual([false, false, false, false]);
  });

  it('has the offset of the season, half hours included', () => {
    const at = (zone: string, month: number): number => offsetsOf(zone)(Date.UTC(2024, month, 15)) / HOUR;
    expect([at('America/Chicago', 0), at('America/Chicago', 6)]).toEqual([-6, -5]);
    expect([at('Asia/Kolkata', 0), at('Australia/Lord_Howe', 0), at('Australia/Lord_Howe', 6), at('UTC', 6)]).toEqual([5.5, 11, 10.5, 0]);
  });
});

describe('a clock on the wall', () => {
  it('shows an instant that is found again, but for the hour that comes twice', () => {
    fc.assert(
      fc.property(fc.constantFrom('UTC', 'America/Chicago', 'Asia/Kolkata', 'Australia/Lord_Howe'), instants, (zone, instant) => {
        const clock = wallClockOf(zone);
        const again = clock.instantOf(clock.shownAt(instant));
        expect(clock.shownAt(again)).toBe(clock.shownAt(instant));
        expect(Math.abs(again - instant)).toBeLessThanOrEqual(HOUR);
        expect(clock.shownAt(instant) - instant).toBe(offsetsOf(zone)(instant));
      }),
    );
  });

  it('is right also within the hours around a clock change', () => {
    const chicago = wallClockOf('America/Chicago');
    for (const [shown, instant] of [
      [Date.UTC(2024, 2, 10, 1, 59), Date.UTC(2024, 2, 10, 7, 59)],
      [Date.UTC(2024, 2, 10, 3), Date.UTC(2024, 2, 10, 8)],
      [Date.UTC(2024, 2, 10, 8), Date.UTC(2024, 2, 10, 13)],
      [Date.UTC(2024, 10, 3, 0, 59), Date.UTC(2024, 10, 3, 5, 59)],
      [Date.UTC(2024, 10, 3, 2), Date.UTC(2024, 10, 3, 8)],
    ] as const) {
      expect(chicago.instantOf(shown)).toBe(instant);
      expect(chicago.shownAt(instant)).toBe(shown);
    }
  });

  it('that jumps by an hour makes the skipped hour one next to it', () => {
    const chicago = wallClockOf('America/Chicago');
    const skipped = Date.UTC(2024, 2, 10, 2, 30);
    expect(Math.abs(chicago.shownAt(chicago.instantOf(skipped)) - skipped)).toBe(HOUR);
  });
});
