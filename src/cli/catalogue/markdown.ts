import { unitOf, type TableFacts } from './facts.ts';

/** All tables as one Markdown document. */
export function catalogueMarkdown(tables: readonly TableFacts[], version: string): string {
  const index = tables.map(
    (table) =>
      `| [${table.name}](#${anchor(table.name)}) | ${code(table.key.join(', '))} | ${cell(table.read)} | ${table.columns.length} |`,
  );
  return [
    '# Tables',
    '',
    `${tables.length} tables, as tributary ${version} keeps them in Kafka: one topic each, one row per key.`,
    '',
    '| table | key | read | columns |',
    '| --- | --- | --- | ---: |',
    ...index,
    '',
    ...tables.flatMap(section),
  ].join('\n');
}

function section(table: TableFacts): string[] {
  return [
    `## ${table.name}`,
    '',
    `${cell(table.docs)}. Topic ${code(table.topic)}, ${table.partitions} partition${table.partitions === 1 ? '' : 's'}.`,
    '',
    `- **Key** ${code(table.key.join(', '))}${table.keyReason === undefined ? '' : `; the vendor documents ${code(table.documentedKey.join(', '))}. ${cell(table.keyReason)}`}`,
    `- ${table.read} ${table.deletes}`,
    `- ${table.lag}`,
    '',
    '| column | type | what it is |',
    '| --- | --- | --- |',
    ...table.columns.map(({ name, type, doc, key }) => `| ${code(name)}${key ? ' (key)' : ''} | ${unitOf(type)} | ${cell(doc)} |`),
    '',
    ...table.queries.flatMap(({ warehouse, sql }) => [`${warehouse}:`, '', `    ${sql}`, '']),
  ];
}

const code = (text: string): string => `\`${text}\``;
/** The anchor that GitHub creates for a heading. */
const anchor = (name: string): string => name.replaceAll('.', '');
/** A vendor's text in a table cell, with Markdown characters escaped. */
const cell = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[\\|<>[\]*_`]/g, (character) => (character === '<' ? '&lt;' : `\\${character}`));
