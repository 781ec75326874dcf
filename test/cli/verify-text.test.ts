import { expect, test } from 'vitest';
import { verifyText } from '../../src/cli/verify-text.ts';
import type { Verification } from '../../src/engine/verify.ts';

const none = { count: 0, keys: [] };
const equal: Verification = {
  ...{ connection: 'shop', table: 'order', vendorRows: 1_005, topicRows: 1_005, changedMeanwhile: 0, unusable: 0 },
  ...{ missing: none, surplus: none, different: none },
};
const run = 'tributary trigger shop.order (or sync, where no worker runs)';

test('where nothing differs there is nothing to do', () => {
  expect(verifyText('shop.order', equal, 'incremental')).toEqual([
    'shop.order: 1,005 rows at the vendor, 1,005 in the topic',
    '  missing    0',
    '  surplus    0',
    '  different  0',
  ]);
});

test('what mends a difference is told by how the table is read', () => {
  const remedies = (found: Partial<Verification>, method: 'incremental' | 'full_table'): readonly string[] =>
    verifyText('shop.order', { ...equal, ...found }, method).slice(4);
  const some = { count: 7, keys: [{ id: 'a' }] };
  expect(remedies({ missing: some }, 'incremental')).toEqual([`The table's next run brings what is missing or different: ${run}.`]);
  expect(remedies({ surplus: some }, 'incremental')).toEqual([
    'Surplus rows go when the table is listed whole again: `tributary docs` says how its deletes are found.',
  ]);
  expect(remedies({ surplus: some }, 'full_table')).toEqual([`The table's next run mends it: ${run}.`]);
});

test('keys of the vendor cannot steer the terminal', () => {
  const keys = [{ id: 'a\u001b[31m' }, { id: 'b' }, { id: 'c' }, { id: 'd' }];
  const [, missing] = verifyText('shop.order', { ...equal, missing: { count: 9, keys } }, 'incremental');
  expect(missing).toMatch(/^ {2}missing {4}9 {2}e\.g\. a\S*\[31m, b, c$/);
  expect(missing).not.toContain('\u001b');
});
