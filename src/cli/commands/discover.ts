import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { defaultsOf } from '../../config/source-defaults.ts';
import type { TableDefinition } from '../../core/table.ts';
import { textTable } from '../../observability/text.ts';
import type { Cli, Register } from '../app.ts';
import { select } from '../selection.ts';

export function addDiscover(program: Command, run: Register): void {
  program
    .command('discover')
    .description('list tables with key, method, delete rule and columns; without settings, of every source')
    .argument('[connection[.table]...]', 'only these')
    .option('--json', 'as JSON, columns included')
    .addHelpText('after', '\nExample:\n  $ tributary discover klaviyo --json')
    .action(
      run((cli, typed: string[], options: { json?: boolean }) => {
        const found = tablesOf(cli, typed);
        if (options.json) {
          cli.json(
            found.map(({ owner, source, table }) => ({
              connection: owner,
              source,
              table: table.name,
              key: table.key,
              method: table.method,
              replication_key: table.replicationKey ?? null,
              deletes: table.deletes,
              docs: table.docs,
              columns: Object.entries(table.fields).map(([name, field]) => ({ name, type: field.type, doc: field.doc })),
            })),
          );
          return;
        }
        cli.print(
          textTable(
            ['TABLE', 'KEY', 'METHOD', 'DELETES', 'COLUMNS'],
            found.map(({ owner, table }) => [
              `${owner}.${table.name}`,
              table.key.join(', '),
              methodOf(table),
              table.deletes,
              String(Object.keys(table.fields).length),
            ]),
            ['left', 'left', 'left', 'left', 'right'],
          ),
        );
      }),
    );
}

interface Found {
  readonly owner: string;
  readonly source: string;
  readonly table: TableDefinition;
}

function tablesOf(cli: Cli, typed: readonly string[]): Found[] {
  if (!existsSync(cli.settingsFile) && typed.length === 0) {
    cli.say('No settings yet: these are the tables of every source.');
    return cli.sources.flatMap((source) =>
      source.tables(defaultsOf(source)).map((table) => ({ owner: source.name, source: source.name, table })),
    );
  }
  return select(cli.settings(), typed).flatMap(({ connection, tables }) =>
    connection.tables
      .filter((table) => tables.includes(table.name))
      .map((table) => ({ owner: connection.name, source: connection.source.name, table })),
  );
}

function methodOf(table: TableDefinition): string {
  return table.method === 'incremental' ? `incremental by ${table.replicationKey ?? '?'}` : 'full table';
}
