import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differ, spread, type Claim } from '../../src/kafka/spread.ts';

const all = Array.from({ length: 12 }, (_, at) => at);
type Members = Record<string, Claim>;
const knows = (counts: Readonly<Record<number, number>>): NonNullable<Claim['connections']> =>
  Object.fromEntries(Object.entries(counts).map(([partition, count]) => [partition, { count, digest: `${partition} ${count}` }]));

/** The next assignment of a group whose members claim what they had, and how many partitions left somebody who is still there. */
function next(before: Members, at: number): { now: Members; moved: number } {
  const given = spread(all, new Map(Object.entries(before)));
  const lost = Object.entries(before).flatMap(([name, { partitions }]) => partitions.filter((one) => !given.get(name)?.includes(one)));
  const now = Object.fromEntries([...given].map(([name, partitions]) => [name, { ...before[name], partitions, since: at }]));
  return { now, moved: lost.length };
}
const loads = (members: Members, counts: Readonly<Record<number, number>>): number[] =>
  Object.values(members).map(({ partitions }) => partitions.reduce((sum, partition) => sum + (counts[partition] ?? 0), 0));

test('connections are spread evenly, not the partitions they happen to lie in', () => {
  // Twelve connections, ten of which would be one of two workers' if partitions alone were counted.
  const counts = { 0: 4, 1: 3, 2: 1, 3: 1, 4: 1, 11: 2 };
  const nothing: Claim = { partitions: [], since: 0, connections: knows(counts) };
  const one = next({ a: nothing }, 1);
  const two = next({ ...one.now, b: nothing }, 2);
  expect(loads(two.now, counts)).toEqual([6, 6]);
  expect(two.moved).toBeLessThanOrEqual(6);
  const three = next({ ...two.now, c: nothing }, 3);
  expect(loads(three.now, counts).sort()).toEqual([4, 4, 4]);
  // Nothing has changed, nothing moves.
  expect(next(three.now, 4).moved).toBe(0);
});

test('a connection that is added moves nothing where the others are balanced all the same', () => {
  const counts = { 0: 1, 1: 1, 2: 1, 3: 1 };
  const nothing: Claim = { partitions: [], since: 0, connections: knows(counts) };
  const { now } = next(next({ a: nothing, b: nothing }, 1).now, 2);
  const more = Object.fromEntries(
    Object.entries(now).map(([name, claim]) => [name, { ...claim, connections: knows({ ...counts, 7: 1 }) }]),
  );
  expect(next(more, 3).moved).toBe(0);
});

test('while settings are being rolled out, a partition goes to a worker that knows all its connections', () => {
  const old: Claim = { partitions: all, since: 5, connections: knows({ 0: 1, 1: 1 }) };
  const rolledOut: Claim = { partitions: [], since: 0, connections: knows({ 0: 2, 1: 1, 5: 1 }) };
  const { now } = next({ old, rolledOut }, 6);
  expect(now['rolledOut']?.partitions).toEqual(expect.arrayContaining([0, 5]));
  expect(now['old']?.partitions).toContain(1);
  expect(differ([old, rolledOut])).toBe(true);
  expect(differ([old, { ...old, partitions: [] }])).toBe(false);
});

test('a worker of a release that tells nothing of its connections shares like the others', () => {
  const { now } = next(
    { silent: { partitions: all, since: 5 }, other: { partitions: [], since: 0, connections: knows({ 0: 1, 1: 1 }) } },
    6,
  );
  expect(loads(now, { 0: 1, 1: 1 })).toEqual([1, 1]);
});

test('whoever comes and goes: each partition has one owner, no two are far apart, and a second look moves nothing', () => {
  const counts = fc.dictionary(fc.constantFrom(...all.map(String)), fc.integer({ min: 1, max: 9 }));
  const members = fc.array(fc.record({ partitions: fc.uniqueArray(fc.constantFrom(...all)), since: fc.nat(5) }), {
    minLength: 1,
    maxLength: 14,
  });
  fc.assert(
    fc.property(counts, members, (weights, claims) => {
      const before = Object.fromEntries(claims.map((claim, at) => [`w${at}`, { ...claim, connections: knows(weights) }]));
      const { now } = next(before, 9);
      expect(
        Object.values(now)
          .flatMap(({ partitions }) => partitions)
          .sort((a, b) => a - b),
      ).toEqual(all);
      const sizes = loads(now, weights);
      // A partition is not divided.
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(Math.max(1, ...Object.values(weights)));
      expect(next(now, 10).moved).toBe(0);
    }),
    { seed: 16, numRuns: 300 },
  );
});
