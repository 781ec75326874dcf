import type { Field, TableDefinition } from '../core/table.ts';

/** Connect's name for a string that contains JSON; the PostgreSQL landing creates a `json` column for it. */
const JSON_TYPE = { type: 'string', 'connect.name': 'io.debezium.data.Json' } as const;
const TIMESTAMP_TYPE = { type: 'long', logicalType: 'timestamp-millis' } as const;

export type AvroFieldType = string | Readonly<Record<string, string>>;

export interface AvroField {
  readonly name: string;
  readonly type: AvroFieldType | readonly ['null', AvroFieldType];
  readonly doc: string;
  readonly default?: null | boolean;
}

export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace: string;
  readonly doc: string;
  readonly fields: readonly AvroField[];
}

/** The last two columns of every value. The row hash does not include them. */
const SYNC_FIELDS: readonly AvroField[] = [
  { name: '_synced_at', type: TIMESTAMP_TYPE, doc: 'When this version of the row was published.' },
  { name: '_deleted', type: 'boolean', doc: 'True in the marker that goes before the tombstone of a deleted row.', default: false },
];

const namespace = (source: string, definition: TableDefinition): string => `tributary.${source}.${definition.name}`;

/** Schema of the message key: the key columns, none nullable. It never changes within a topic epoch. */
export function keySchema(source: string, definition: TableDefinition): AvroRecord {
  return {
    type: 'record',
    name: 'Key',
    namespace: namespace(source, definition),
    doc: `Key of ${source}.${definition.name}.`,
    fields: definition.key.map((column) => keyField(column, definition.fields[column] as Field)),
  };
}

/**
 * Schema of the message value: the columns in the definition's order (key columns not null, all others nullable with default
 * null), then `_extra`, `_synced_at`, `_deleted`.
 */
export function valueSchema(source: string, definition: TableDefinition): AvroRecord {
  return {
    type: 'record',
    name: 'Value',
    namespace: namespace(source, definition),
    doc: `${definition.docs}.`.replace(/\.\.$/, '.'),
    fields: [...bodyFields(definition), ...SYNC_FIELDS],
  };
}

/** All columns except the two sync columns, in the schema's order. */
export function bodyFields(definition: TableDefinition): AvroField[] {
  return [
    ...Object.entries(definition.fields).map(([name, field]) =>
      definition.key.includes(name) ? keyField(name, field) : nullable(name, avroType(field), docOf(field)),
    ),
    nullable('_extra', JSON_TYPE, "What the vendor sent and no column holds, as JSON in the vendor's own spelling."),
  ];
}

function keyField(name: string, field: Field): AvroField {
  const replaced = field.whenMissing === undefined ? '' : ` ${JSON.stringify(field.whenMissing)} when the vendor gives none.`;
  return { name, type: avroType(field), doc: field.doc + (replaced === '' ? '' : `${field.doc.endsWith('.') ? '' : '.'}${replaced}`) };
}

/** The schema says whether a column is a mark, because row hashes depend on it: a change makes indexes be rebuilt. */
function docOf({ doc, isMark }: Field): string {
  return isMark ? `${doc}${doc.endsWith('.') ? '' : '.'} A change of it alone publishes nothing.` : doc;
}

const nullable = (name: string, type: AvroFieldType, doc: string): AvroField => ({ name, type: ['null', type], doc, default: null });

function avroType(field: Field): AvroFieldType {
  switch (field.type) {
    case 'text':
      return 'string';
    case 'integer':
      return 'long';
    case 'number':
      return 'double';
    case 'boolean':
      return 'boolean';
    case 'timestamp':
      return TIMESTAMP_TYPE;
    case 'date':
      return { type: 'int', logicalType: 'date' };
    case 'json':
      return JSON_TYPE;
  }
}
