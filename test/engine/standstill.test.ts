import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStandstill } from '../../src/engine/standstill.ts';

test('a table whose requests stand back side by side stands still once', () => {
  const still = createStandstill();
  for (let i = 0; i < 4; i += 1) still.waited(1_000, 11_000);
  expect(still.total()).toBe(10_000);
});

test('it does not stand still while another of its requests is under way, whichever is told first', () => {
  const still = createStandstill();
  still.busy(0, 4_000);
  still.waited(1_000, 9_000);
  expect(still.total()).toBe(5_000);
  still.busy(6_000, 7_000);
  expect(still.total()).toBe(4_000);
});

test('what is over stays counted in a run of hours', () => {
  const still = createStandstill();
  for (let at = 0; at < 36_000_000; at += 1_000) {
    still.busy(at, at + 400);
    still.waited(at + 400, at + 1_000);
  }
  expect(still.total()).toBe(36_000 * 600);
});

test('is what counting every instant gives, and never more than the time that passed', () => {
  const interval = fc.tuple(fc.boolean(), fc.nat(60), fc.nat(20));
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 30, size: 'max' }), (told) => {
      const still = createStandstill();
      for (const [waits, from, length] of told) (waits ? still.waited : still.busy)(from, from + length);
      let expected = 0;
      for (let at = 0.5; at < 80; at += 1) {
        const during = (wanted: boolean) => told.some(([waits, from, length]) => waits === wanted && from < at && at < from + length);
        if (during(true) && !during(false)) expected += 1;
      }
      expect(still.total()).toBe(expected);
    }),
  );
});

test('an interval that ends before it begins, as by a clock that was set back, counts nothing', () => {
  const still = createStandstill();
  still.waited(9_000, 4_000);
  expect(still.total()).toBe(0);
  still.waited(0, 1_000);
  still.busy(500, 500);
  expect(still.total()).toBe(1_000);
});
