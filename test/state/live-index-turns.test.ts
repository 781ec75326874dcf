import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type IndexEntry, type LiveIndex, openLiveIndex } from '../../src/state/live-index.ts';
import { waitingRoom } from '../../src/state/waiting-rows.ts';
import { covered, hash, identity, indexFolder, names, put } from './index-rows.ts';

/* Many rows, which an index takes in turns with everything else that waits for the event loop. */

const folder = indexFolder();
/** With memory for little more than 4,000 rows, which are as many as one transaction takes. */
const openIndex = (): LiveIndex => folder.closedAfter(openLiveIndex(folder.directory, identity, Date.now, waitingRoom(430_000)));

it.each(['in a scan', 'outside a scan'])('takes many rows in turns, %s, and shows them all the while', async (where) => {
  const index = openIndex();
  const many = Array.from({ length: 10_000 }, (_, i) => put(`k${i}`, '1', 'A'));
  index.apply([put('k1', 'old', 'B'), put('k9999', 'old', 'B')], covered(1n));
  if (where === 'in a scan') index.beginScan('scan');
  let turns = 0;
  const taken = index.applyInTurns(many, covered(10_001n));
  let done = false;
  void taken.then(() => (done = true));
  for (; !done; turns += 1) {
    await setImmediate();
    // What only the last transaction changes.
    if (!done) expect(index.coveredOffsets()).toEqual(covered(1n));
    expect(index.get(hash('k1'))).toEqual(hash('1'));
  }
  await taken;
  expect(turns).toBeGreaterThanOrEqual(where === 'in a scan' ? 2 : 4);
  expect([index.size(), index.coveredOffsets()]).toEqual([10_000, covered(10_001n)]);
  expect([index.get(hash('k9999')), index.get(hash('k0'))]).toEqual([hash('1'), hash('1')]);
  expect([[...index.keysInScope(hash('A', 8))].length, index.holdsScope(hash('B', 8))]).toEqual([10_000, false]);
  if (where === 'in a scan') expect(index.seenInScan()).toBe(10_000);
});

it('holds each row in its scope and in no other, whatever happens while it takes rows in turns', async () => {
  const random = fc.sample(fc.integer({ min: 0, max: 9 }), { numRuns: 200, seed: 7 });
  const scopes = Array.from({ length: 10 }, (_, n) => `scope ${n}`);
  const expected = new Map<string, string | undefined>();
  const row = (n: number, scope: number | undefined, version = ''): IndexEntry => {
    const name = scope === undefined ? undefined : scopes[scope];
    expected.set(`k${n}`, name);
    return put(`k${n}`, `${n} ${version} ${name ?? ''}`, name);
  };
  const index = openIndex();
  await index.applyInTurns(
    Array.from({ length: 6_000 }, (_, n) => row(n, n % 10 === 9 ? undefined : n % 10)),
    covered(6_000n),
  );
  const outcomes = (): unknown => scopes.map((scope) => names(index.keysInScope(hash(scope, 8))));
  const truth = (): unknown => scopes.map((scope) => [...expected].flatMap(([key, its]) => (its === scope ? [key] : [])).sort());
  expect(outcomes()).toEqual(truth());
  // Rows of the first turn, which have been taken, change their scopes again, at other moments of what is written in turns each time; some are asked for in between.
  for (let round = 0; round < 8; round += 1) {
    const [moment = 0, apply = 0, ask = 0] = random.slice(round * 3);
    const changed = Array.from({ length: 6_000 }, (_, n) =>
      row(n, (n + round) % 11 === 10 ? undefined : ((n + round) % 11) % 10, `v${round}`),
    );
    const taken = index.applyInTurns(changed, covered(BigInt(20_000 * (round + 1))));
    for (let turn = 0; turn < moment; turn += 1) await setImmediate();
    if (apply > 2)
      index.apply(
        Array.from({ length: 300 }, (_, n) => row(n * 13, random[n % 200], `later ${round}`)),
        covered(BigInt(20_000 * (round + 1) + 1)),
      );
    if (ask > 6) index.holdsScope(hash('scope 1', 8));
    await taken;
    expect(outcomes(), `after round ${round}, changed at turn ${moment}`).toEqual(truth());
  }
  expect(index.size()).toBe(6_000);
}, 120_000);

it('that is cleared or closed while it takes rows in turns takes no more of them', async () => {
  for (const how of ['clear', 'close'] as const) {
    const index = openIndex();
    const taken = index.applyInTurns(
      Array.from({ length: 10_000 }, (_, i) => put(`k${i}`, '1')),
      covered(10_000n),
    );
    await setImmediate();
    if (how === 'clear') index.clear('test');
    else await index.close();
    await taken;
    if (how === 'clear') expect([index.size(), index.coveredOffsets().size]).toEqual([0, 0]);
    await index.close();
  }
  // Rows without the offsets are of no use until the topic was read from its beginning.
  const again = openIndex();
  expect(again.coveredOffsets()).toEqual(covered(0n));
  again.trust('life', 60_000);
  expect(again.size()).toBe(0);
});
