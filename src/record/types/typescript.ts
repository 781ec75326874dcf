import { camel, GENERATED, typedTables, type ColumnKind, type TypedTable, type TypesWriter } from './columns.ts';

const TYPES: Readonly<Record<ColumnKind, string>> = {
  string: 'string',
  long: 'bigint',
  double: 'number',
  boolean: 'boolean',
  timestamp: 'Date',
  date: 'string',
  json: 'string',
};

/** A module per source: an interface per table, and table references for `readTable` of `tributary/consumer`. */
export const typescriptTypes: TypesWriter = (sources) =>
  sources.map((source) => {
    const tables = typedTables(source);
    return {
      path: `${source.name.replaceAll('_', '-')}.ts`,
      text: `// ${GENERATED}
import type { TableRef } from ${quoted('tributary/consumer')};

${tables.map(interfaceOf).join('\n')}
/** The tables of ${source.name}, as \`readTable\` and \`tableView\` take them. */
export const ${camel(source.name)} = {
${tables.map(refOf).join('\n')}
} as const;
`,
    };
  });

function interfaceOf({ typeName, doc, columns }: TypedTable): string {
  return `/** ${comment(doc)} */
export interface ${typeName} {
${columns
  .map(
    ({ name, kind, nullable, doc: about }) =>
      `  /** ${comment(about)}${note(kind)} */\n  readonly ${name}: ${TYPES[kind]}${nullable ? ' | null' : ''};`,
  )
  .join('\n')}
}
`;
}

function refOf({ source, table, typeName, key, columns }: TypedTable): string {
  const list = (names: readonly string[]): string => `[${names.map((name) => `'${name}'`).join(', ')}]`;
  return `  ${camel(table)}: {
    source: '${source}',
    table: '${table}',
    key: ${list(key)},
    columns: ${list(columns.map(({ name }) => name))},
  } as TableRef<${typeName}, ${key.map((name) => `'${name}'`).join(' | ')}>,`;
}

const quoted = (text: string): string => `'${text}'`;
const note = (kind: ColumnKind): string => (kind === 'json' ? ' (JSON text)' : kind === 'date' ? ' (YYYY-MM-DD)' : '');
const comment = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('*/', '*\\/');
