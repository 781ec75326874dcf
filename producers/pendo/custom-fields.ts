import { asObject } from '../../src/sdk/readers/resume.ts';
import type { Json, Row } from '../../src/core/types.ts';
import { boolean, integer, json, number, text } from '../../src/sdk/fields.ts';
import type { FieldBuilder } from '../../src/sdk/fields.ts';
import { snakeCase } from '../../src/core/names.ts';
import type { Fields } from '../../src/core/table.ts';
import { instant } from './columns.ts';

/** Types of custom fields, named as in the column `type` of metadata_visitors and metadata_accounts. */
export const CUSTOM_TYPES = ['string', 'time', 'boolean', 'integer', 'float', 'list'] as const;
export type CustomType = (typeof CUSTOM_TYPES)[number];

const BUILDERS: Record<CustomType, (doc: string) => FieldBuilder> = {
  string: text,
  time: instant,
  boolean,
  integer,
  float: number,
  list: json,
};

/** Longest column name, less the space for a number after it. */
const LONGEST = 60;

/**
 * A column `metadata_custom_<field>` for each field; the fields stay in `metadata_custom` as well. When two names give the same
 * column, the later one in the settings gets a number.
 */
export function customColumns(types: Readonly<Record<string, CustomType>>): Fields {
  const columns: Record<string, FieldBuilder> = {};
  for (const [name, type] of Object.entries(types)) {
    const plain = `metadata_custom_${snakeCase(name).replace(/^_+/, '') || 'field'}`
      .replace(/_+/g, '_')
      .slice(0, LONGEST)
      .replace(/_$/, '');
    let column = plain;
    for (let n = 2; Object.hasOwn(columns, column); n += 1) column = `${plain}_${n}`;
    columns[column] = BUILDERS[type](`Custom field ${name}`).of((row) => valueOf(row, name, type));
  }
  return columns;
}

/** The vendor writes integers as texts with decimals. */
function valueOf(row: Row, name: string, type: CustomType): Json | undefined {
  const value = asObject(asObject(row.metadata)?.custom)?.[name];
  return type === 'integer' && typeof value === 'string' ? value.replace(/\.0+$/, '') : value;
}
