import { asObject } from '../../../src/sdk/readers/resume.ts';
import type { Json, Row } from '../../../src/core/types.ts';
import { boolean, integer, json, number, text } from '../../../src/sdk/fields.ts';
import type { FieldBuilder } from '../../../src/sdk/fields.ts';
import { customColumns } from '../../../src/sdk/custom-columns.ts';
import type { Fields } from '../../../src/core/table.ts';
import { instant } from './object-columns.ts';
import type { CustomType } from '../settings.ts';

const BUILDERS: Record<CustomType, (doc: string) => FieldBuilder> = {
  string: text,
  time: instant,
  boolean,
  integer,
  float: number,
  list: json,
};

/** A column `metadata_custom_<field>` for each field; the fields stay in `metadata_custom` as well. */
export const customFieldColumns = (types: Readonly<Record<string, CustomType>>): Fields =>
  customColumns('metadata_custom', types, (name, type) => BUILDERS[type](`Custom field ${name}`).of((row) => valueOf(row, name, type)));

/** The vendor writes integers as texts with decimals. */
function valueOf(row: Row, name: string, type: CustomType): Json | undefined {
  const value = asObject(asObject(row.metadata)?.custom)?.[name];
  return type === 'integer' && typeof value === 'string' ? value.replace(/\.0+$/, '') : value;
}
