import { expect, test } from 'vitest';
import { limitsUsed } from '../../bench/limits-used.ts';

const minute = 60_000;
const requests = (from: number, count: number, status = 200) => Array.from({ length: count }, (_, n) => ({ time: from + n * 10, status }));

test("only whole minutes of the vendor's clock count, so that a minute that was begun late or left early flatters nobody", () => {
  const seen = [
    ...requests(100.5 * minute, 750),
    ...requests(101 * minute, 750),
    ...requests(102 * minute, 600),
    ...requests(103 * minute, 750),
  ];
  expect(limitsUsed(seen)).toEqual({ whole: 2, share: 0.9, refused: 0 });
});

test('refused requests are told and use nothing; a minute without requests counts as not used', () => {
  const seen = [
    ...requests(100.9 * minute, 10),
    ...requests(101 * minute, 750),
    ...requests(102 * minute, 5, 429),
    ...requests(104 * minute, 1),
  ];
  expect(limitsUsed(seen)).toEqual({ whole: 3, share: 1 / 3, refused: 5 });
});

test('no whole minute, no claim', () => {
  expect(limitsUsed(requests(100.2 * minute, 750))).toEqual({ whole: 0, share: 0, refused: 0 });
});
