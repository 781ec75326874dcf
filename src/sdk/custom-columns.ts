import { snakeCase } from '../core/names.ts';
import type { Fields } from '../core/table.ts';
import type { FieldBuilder } from './fields.ts';

/** Longest column name, less the space for a number after it. */
const LONGEST = 60;

/**
 * A column `<prefix>_<field>` for each field that a vendor's users have defined, as the settings name them. When two names give
 * the same column, the later one gets a number.
 */
export function customColumns<T>(
  prefix: string,
  fields: Readonly<Record<string, T>>,
  column: (name: string, about: T) => FieldBuilder,
): Fields {
  const columns: Record<string, FieldBuilder> = {};
  for (const [name, about] of Object.entries(fields)) {
    const plain = `${prefix}_${snakeCase(name).replace(/^_+/, '') || 'field'}`.replace(/_+/g, '_').slice(0, LONGEST).replace(/_$/, '');
    let unique = plain;
    for (let n = 2; Object.hasOwn(columns, unique); n += 1) unique = `${plain}_${n}`;
    columns[unique] = column(name, about);
  }
  return columns;
}
