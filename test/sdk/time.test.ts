import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoSeconds, instantOf, parseSpan } from '../../src/core/time.ts';
import { backoff, retryAfter, unnamedWait } from '../../src/sdk/http/retry.ts';

describe('instants', () => {
  it('reads every instant the platform prints', () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') }),
        (date) => {
          expect(instantOf(date.toISOString())).toBe(date.getTime());
        },
      ),
    );
  });

  it.each([
    ['2026-03-01T10:12:44+00:00', '2026-03-01T10:12:44.000Z'],
    ['2026-03-01 10:12:44', '2026-03-01T10:12:44.000Z'],
    ['2026-03-01T10:12:44.123456+02:00', '2026-03-01T08:12:44.123Z'],
    ['2026-03-01T10:12-0330', '2026-03-01T13:42:00.000Z'],
    ['2026-03-01', '2026-03-01T00:00:00.000Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
  ])('reads %s', (given, expected) => {
    expect(new Date(instantOf(given) as number).toISOString()).toBe(expected);
  });

  it.each(['', 'soon', '2026-02-30', '2026-13-01T00:00:00Z', '2026-03-01T25:00:00Z', '1772359960', null, undefined, {}, true])(
    'takes %j for no instant',
    (given) => {
      expect(instantOf(given)).toBeNull();
    },
  );

  it('reads numbers only when told what they count', () => {
    expect(instantOf(1_772_359_960, { epoch: 's' })).toBe(1_772_359_960_000);
    expect(instantOf('1772359960123', { epoch: 'ms' })).toBe(1_772_359_960_123);
    expect(instantOf(1e300, { epoch: 's' })).toBeNull();
    expect(instantOf(1_772_359_960)).toBeNull();
  });

  it('reads lengths of history', () => {
    expect(parseSpan('30 d')).toBe(30 * 86_400_000);
    expect(parseSpan('1y')).toBe(365 * 86_400_000);
    expect(parseSpan('0h')).toBe(0);
    expect(parseSpan('a while')).toBeNull();
    expect(isoSeconds(Date.UTC(2026, 2, 1, 10, 0, 0, 999))).toBe('2026-03-01T10:00:00Z');
  });
});

describe('when to try again', () => {
  it('backs off up to five minutes, anywhere below a doubling ceiling', () => {
    expect([1, 2, 3, 9, 10, 1_000].map((failures) => backoff(failures, () => 1))).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, dice) => {
        const delay = backoff(failures, () => dice);
        expect(delay).toBeGreaterThanOrEqual(100);
        expect(delay).toBeLessThanOrEqual(300_000);
      }),
    );
  });

  it('reads Retry-After in seconds and as a date, at least a second ahead', () => {
    const now = Date.UTC(2026, 2, 3, 10, 0, 0);
    expect(retryAfter({ 'retry-after': '30' }, now)).toBe(now + 30_000);
    expect(retryAfter({ 'retry-after': '0' }, now)).toBe(now + 1_000);
    expect(retryAfter({ 'retry-after': 'Tue, 03 Mar 2026 10:15:00 GMT' }, now)).toBe(now + 900_000);
    expect(retryAfter({ 'retry-after': 'Tue, 03 Mar 2020 10:15:00 GMT' }, now)).toBe(now + 1_000);
    expect(retryAfter({ 'retry-after': 'later' }, now)).toBeUndefined();
    expect(retryAfter({ 'retry-after': undefined }, now)).toBeUndefined();
  });

  it('waits 1 to 60 s where no time is named', () => {
    expect([1, 2, 6, 7, 50].map((refusals) => unnamedWait(refusals, () => 0))).toEqual([1_000, 2_000, 32_000, 60_000, 60_000]);
  });
});
