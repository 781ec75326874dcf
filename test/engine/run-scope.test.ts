import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { currentRun, standstillOf, withinRun } from '../../src/engine/run-scope.ts';
import { emptyTotals } from '../../src/engine/table-run.ts';

const scope = (table: string) => ({ ref: { connection: 'shop', source: 'scripted', table }, totals: emptyTotals() });

it('what a run awaits knows the run, however many go on at the same time, and nobody else does', async () => {
  const [item, order] = [scope('item'), scope('order')];
  const inside = async (): Promise<unknown> => {
    await setImmediate();
    return currentRun();
  };
  expect(await Promise.all([withinRun(item, inside), withinRun(order, inside), inside()])).toEqual([item, order, undefined]);
  expect(currentRun()).toBeUndefined();
});

it('all attempts at a run share its standstill', () => {
  const run = scope('item');
  expect(standstillOf({ ...run })).toBe(standstillOf(run));
  expect(standstillOf(scope('item'))).not.toBe(standstillOf(run));
});
