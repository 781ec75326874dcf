import { describe, expect, it } from 'vitest';
import { checkTimes } from '../../src/sdk/answers.ts';

const HOUR = 3_600_000;
const from = Date.UTC(2026, 5, 1);
const to = from + HOUR;

describe('an answer whose rows have times', () => {
  const check =
    (...times: (number | null | undefined)[]) =>
    (): void =>
      checkTimes(
        times.map((at, n) => ({ n, at: at ?? null })),
        (row) => row.at as number | null,
        { from, to },
      );

  it('is that to another question when several rows are from other times, and none is from the time asked for', () => {
    expect(check(from - HOUR, to + HOUR)).toThrow(/answered another question.*2026-05-31T23:00:00/);
    expect(check(from - HOUR, to + HOUR, null)).toThrow(/another question/);
  });

  it('is the right one as soon as a single row fits', () => {
    expect(check(from - HOUR, to + HOUR, from)).not.toThrow();
    expect(check(to, to + HOUR, to + 2 * HOUR)).not.toThrow();
  });

  it('is believed when a row alone has a wrong time: one row does not stop a table', () => {
    expect(check(from - HOUR)).not.toThrow();
    expect(check(null, from - HOUR)).not.toThrow();
  });

  it('is believed when the times are no times of anything', () => {
    expect(check(Date.UTC(9999, 11, 31), Date.UTC(-1, 0, 1), 0, 8.64e15)).not.toThrow();
    expect(check()).not.toThrow();
    expect(check(null, undefined)).not.toThrow();
  });
});
