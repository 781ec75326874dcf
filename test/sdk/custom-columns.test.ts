import { expect, it } from 'vitest';
import { customColumns } from '../../src/sdk/custom-columns.ts';
import { isColumnName } from '../../src/core/names.ts';
import { integer, text } from '../../src/sdk/fields.ts';

const columns = (...names: readonly string[]) =>
  customColumns('custom', Object.fromEntries(names.map((name) => [name, 'text'])), (name) => text(`Custom field ${name}`));

it('fields of a user get columns of their own', () => {
  const found = customColumns('custom', { planLevel: 'text', 'seats used': 'integer' } as const, (name, type) =>
    (type === 'text' ? text : integer)(`Custom field ${name}`),
  );
  expect(Object.entries(found).map(([column, { type, doc }]) => [column, type, doc])).toEqual([
    ['custom_plan_level', 'text', 'Custom field planLevel'],
    ['custom_seats_used', 'integer', 'Custom field seats used'],
  ]);
});

it('names that give one column are told apart by a number', () => {
  const found = columns('Plan Level', 'plan_level', 'planLevel', '__plan__level');
  expect(Object.entries(found).map(([column, { doc }]) => [column, doc])).toEqual([
    ['custom_plan_level', 'Custom field Plan Level'],
    ['custom_plan_level_2', 'Custom field plan_level'],
    ['custom_plan_level_3', 'Custom field planLevel'],
    ['custom_plan_level_4', 'Custom field __plan__level'],
  ]);
});

it('every name gives a column that every landing accepts', () => {
  const names = ['x'.repeat(200), `${'x'.repeat(200)}y`, '9 lives', 'ö', '日本', '_', 'a-', 'toString', `${'a'.repeat(52)}_b`];
  const found = Object.keys(columns(...names));
  expect(found).toHaveLength(names.length);
  expect(found.filter((column) => !isColumnName(column))).toEqual([]);
});
