import { expect, test } from 'vitest';
import { spread } from '../../src/kafka/spread.ts';

const all = Array.from({ length: 12 }, (_, at) => at);
type Members = Record<string, { partitions: number[]; since: number }>;

/** The assignment of a group whose members claim what they had, with what each had and lost. */
function next(before: Members, at: number): { now: Members; moved: number } {
  const given = spread(all, new Map(Object.entries(before)));
  expect([...given.values()].flat().sort((a, b) => a - b)).toEqual(all);
  const sizes = [...given.values()].map((mine) => mine.length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  const lost = Object.entries(before).flatMap(([name, { partitions }]) => partitions.filter((one) => !given.get(name)?.includes(one)));
  return { now: Object.fromEntries([...given].map(([name, partitions]) => [name, { partitions, since: at }])), moved: lost.length };
}
const nothing = { partitions: [], since: 0 };

test('workers that come and go move only what has to move', () => {
  let { now, moved } = next({ a: nothing }, 1);
  expect(now['a']?.partitions).toHaveLength(12);
  ({ now, moved } = next({ ...now, b: nothing }, 2));
  expect(moved).toBe(6);
  ({ now, moved } = next({ ...now, c: nothing }, 3));
  expect(moved).toBe(4);
  const { b, ...without } = now;
  ({ now, moved } = next(without as Members, 4));
  expect(b?.partitions).toHaveLength(4);
  expect(moved).toBe(0);
});

test('one that comes back after it was given up claims what others have by now, and gets none of it for that', () => {
  const { now, moved } = next(
    { a: { partitions: all.slice(0, 6), since: 9 }, b: { partitions: all.slice(6), since: 9 }, zombie: { partitions: all, since: 1 } },
    10,
  );
  expect(moved).toBe(4 + 8);
  expect(all.slice(0, 6).filter((one) => now['a']?.partitions.includes(one))).toHaveLength(4);
});

test('more workers than partitions leaves some without', () => {
  const { now } = next(Object.fromEntries(Array.from({ length: 14 }, (_, at) => [`w${at}`, nothing])), 1);
  expect(Object.values(now).filter(({ partitions }) => partitions.length === 0)).toHaveLength(2);
});
