import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { join, resolve } from 'node:path';
import { defaultsOf } from '../../config/source-defaults.ts';
import { hourly, type ConnectionSettings } from '../../config/settings.ts';
import { plural } from '../../observability/text.ts';
import type { Cli, Register } from '../app.ts';
import { asyncapi } from '../catalogue/asyncapi.ts';
import { factsOf } from '../catalogue/facts.ts';
import { cataloguePage } from '../catalogue/html.ts';
import { catalogueMarkdown } from '../catalogue/markdown.ts';
import { select } from '../selection.ts';
import { writeInside } from '../write-inside.ts';

export function addDocs(program: Command, run: Register): void {
  program
    .command('docs')
    .description('write a catalogue of the tables: a page, Markdown, and an AsyncAPI file of the topics; without settings, of every source')
    .argument('[connection[.table]...]', 'only these')
    .option('--dir <folder>', 'where to', 'tables')
    .addHelpText('after', '\nExample:\n  $ tributary docs --dir public/tables')
    .action(
      run((cli, typed: string[], options: { dir: string }) => {
        const { version, clock, cwd } = cli.deps;
        const settings = existsSync(cli.settingsFile) || typed.length > 0 ? cli.settings() : undefined;
        const tables = factsOf(
          settings ?? { prefix: 'tributary', timezone: 'UTC', landings: {}, kafka: undefined },
          settings === undefined ? everySource(cli) : select(settings, typed),
          clock.now(),
        );
        const servers = {
          brokers: settings?.kafka?.brokers ?? [],
          tls: settings?.kafka?.tls !== undefined && settings.kafka.tls !== false,
          registryUrl: settings?.registry?.url,
        };
        const folder = resolve(cwd, options.dir);
        for (const [path, text] of [
          ['index.html', cataloguePage(tables, version)],
          ['tables.md', catalogueMarkdown(tables, version)],
          ['asyncapi.yaml', asyncapi(tables, servers, version)],
        ] as const) {
          writeInside(folder, path, cli.redactor.redact(text));
          cli.print(join(options.dir, path));
        }
        cli.say(`${plural(tables.length, 'table')} described.`);
      }),
    );
}

/** Every source with default settings. */
function everySource(cli: Cli) {
  cli.say('No settings yet: these are the tables of every source.');
  return cli.sources.map((source) => {
    const settings = defaultsOf(source);
    const tables = source.tables(settings);
    const connection: ConnectionSettings = {
      name: source.name,
      source,
      settings,
      tables,
      history: { range: 'all' },
      schedules: new Map(tables.map((table) => [table.name, table.schedule ?? hourly])),
    };
    return { connection, tables: tables.map(({ name }) => name), whole: true };
  });
}
