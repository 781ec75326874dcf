import { TributaryError } from '../../src/core/errors.ts';
import type { TableDefinition } from '../../src/core/table.ts';

const BEGIN = '<!-- tables: generated, do not edit -->';
const END = '<!-- /tables -->';

const METHODS = { full_table: 'full table', incremental: 'incremental' } as const;
const DELETES = { scan: 'by complete listing', flag: "by the vendor's flag", none: 'not noticed' } as const;

/** The tables of a source as a Markdown table: name, key, method, how deletes are noticed, and the vendor's page. */
export function catalogue(tables: readonly TableDefinition[]): string {
  const rows = tables.map((table) => [
    `\`${table.name}\``,
    table.key.map((column) => `\`${column}\``).join(', ') + (table.keyReason === undefined ? '' : `: ${cell(table.keyReason)}`),
    METHODS[table.method] + (table.replicationKey === undefined ? '' : ` by \`${table.replicationKey}\``),
    DELETES[table.deletes],
    cell(table.docs),
  ]);
  return [
    "| table | key | method | deletes | vendor's page |",
    '| --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

/**
 * The document with the catalogue between its two markers brought up to date. A committed document is current when
 * this gives back the same text.
 * @throws TributaryError `config` when the markers are missing.
 */
export function withCatalogue(document: string, tables: readonly TableDefinition[]): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new TributaryError(`The document has no place for the list of tables.`, {
      kind: 'config',
      remedy: `Put the lines "${BEGIN}" and "${END}" where it belongs.`,
    });
  }
  return `${document.slice(0, begin)}${BEGIN}\n${catalogue(tables)}\n${document.slice(end)}`;
}

const cell = (text: string): string => text.replace(/\s+/g, ' ').replace(/\|/g, '\\|');
