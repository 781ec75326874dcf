import type { Field, FieldType, TableDefinition } from '../../src/core/table.ts';

export const field = (type: FieldType, doc = `A ${type}; it's "quoted"`): Field => ({ type, doc });

/** Every column type, a composite key, and names that are reserved in one dialect or all. */
export const orders: TableDefinition = {
  name: 'order',
  docs: "The vendor's page",
  documentedKey: ['id', 'part'],
  key: ['id', 'part'],
  method: 'full_table',
  deletes: 'scan',
  read: async function* () {},
  fields: {
    id: field('text'),
    part: field('integer'),
    user: field('text', 'A reserved word'),
    count: field('integer'),
    ratio: field('number'),
    active: field('boolean'),
    created: field('timestamp'),
    born: field('date'),
    properties: field('json'),
  },
};

/** Names the warehouses reserve. */
export const reservedNames: TableDefinition = {
  ...orders,
  name: 'group',
  documentedKey: ['select'],
  key: ['select'],
  fields: Object.fromEntries(
    [
      'select',
      'from',
      'timestamp',
      'tag',
      'order',
      'group',
      'current',
      'open',
      'identity',
      'sample',
      'hash',
      'qualify',
      'national',
      'account',
      'percent',
      'key',
      'table',
      'end',
    ].map((name) => [name, field('text')]),
  ),
};
