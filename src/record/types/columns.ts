import type { TableDefinition } from '../../core/table.ts';
import { valueSchema } from '../avro.ts';
import type { DefinedSource, SchemaFile } from '../schema-files.ts';

/** Column types for the generated row types. `long` is a 64-bit integer, `json` JSON text. */
export type ColumnKind = 'string' | 'long' | 'double' | 'boolean' | 'timestamp' | 'date' | 'json';

export interface TypedColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  readonly doc: string;
}

/** A table whose row type is generated. Without `_deleted`, because a marker is not a row. */
export interface TypedTable {
  readonly source: string;
  readonly table: string;
  /** `KlaviyoProfile`. */
  readonly typeName: string;
  readonly doc: string;
  readonly key: readonly string[];
  readonly columns: readonly TypedColumn[];
}

/** Generates the row types of sources in one language. */
export type TypesWriter = (sources: readonly DefinedSource[]) => SchemaFile[];

export function typedTables({ name: source, tables }: DefinedSource): TypedTable[] {
  return tables.map((definition) => typedTable(source, definition));
}

function typedTable(source: string, definition: TableDefinition): TypedTable {
  const { doc, fields } = valueSchema(source, definition);
  return {
    source,
    table: definition.name,
    typeName: pascal(`${source}_${definition.name}`),
    doc: `A row of ${source}.${definition.name}. ${doc}`,
    key: definition.key,
    columns: fields
      .filter(({ name }) => name !== '_deleted')
      .map(({ name, type, doc: about }) => {
        const nullable = Array.isArray(type);
        const plain = (nullable ? type[1] : type) as string | Readonly<Record<string, string>>;
        return { name, kind: kindOf(plain), nullable, doc: about };
      }),
  };
}

function kindOf(type: string | Readonly<Record<string, string>>): ColumnKind {
  if (typeof type === 'string') return type as ColumnKind;
  if (type['logicalType'] === 'timestamp-millis') return 'timestamp';
  return type['logicalType'] === 'date' ? 'date' : 'json';
}

/** `customer_io_delivery` as `CustomerIoDelivery`. */
export function pascal(name: string): string {
  return name
    .split('_')
    .filter(Boolean)
    .map((part) => part[0]?.toUpperCase() + part.slice(1))
    .join('');
}

/** `customer_io` as `customerIo`; a leading underscore stays, because `_extra` and `extra` are different columns. */
export function camel(name: string): string {
  const whole = pascal(name);
  return `${name.startsWith('_') ? '_' : ''}${whole[0]?.toLowerCase() ?? ''}${whole.slice(1)}`;
}

export const GENERATED = 'Generated from the table definitions by `tributary schemas types`; do not edit.';
