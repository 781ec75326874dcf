import { expect, test } from 'vitest';
import { positionInWords } from '../../src/web/model/position.ts';
import { relative } from '../../src/web/views/parts.tsx';

test('a moment to come is not called past', () => {
  const now = Date.parse('2026-11-29T08:00:00Z');
  expect([-60_000, -1_000, 0, 1_000, 60_000].map((away) => relative(now + away, now))).toEqual([
    '1 min ago',
    'just now',
    'just now',
    'in a moment',
    'in 1 min',
  ]);
});

test('a position is told in words, a part that is between two runs too', () => {
  expect(positionInWords(undefined)).toBe('at the beginning');
  expect(positionInWords({ v: 1 })).toBe('between two runs');
  expect(positionInWords({ v: 1, phases: { changes: { v: 1, at: Date.parse('2026-11-29T08:00:00Z') }, ids: { v: 1 } } })).toBe(
    'phases (changes (at 2026-11-29 08:00:00 UTC), ids between two runs)',
  );
});
