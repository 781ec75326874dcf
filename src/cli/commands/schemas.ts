import { resolve } from 'node:path';
import type { Command } from 'commander';
import { editorSchema } from '../../config/json-schema.ts';
import { defaultsOf } from '../../config/source-defaults.ts';
import { plural } from '../../observability/text.ts';
import { checkSchemas, generateSchemas, schemaFiles, type DefinedSource } from '../../record/schema-files.ts';
import type { Source } from '../../sdk/source.ts';
import { exitCodes, type Register } from '../app.ts';

export function addSchemas(program: Command, run: Register): void {
  const schemas = program.command('schemas').description('the Avro schemas generated from the table definitions');
  const folder = ['--dir <folder>', 'where they are kept', 'schemas'] as const;

  schemas
    .command('list')
    .description('every schema the definitions give')
    .option('--json', 'as JSON, the schemas included')
    .addHelpText('after', '\nExample:\n  $ tributary schemas list')
    .action(
      run((cli, options: { json?: boolean }) => {
        const files = defined(cli.deps.sources).flatMap(schemaFiles);
        if (options.json) cli.json(files.map(({ path, text }) => ({ path, schema: JSON.parse(text) as unknown })));
        else cli.print(files.map(({ path }) => path).join('\n'));
      }),
    );

  schemas
    .command('check', { hidden: true })
    .description('fail when a committed schema is missing, outdated or would break readers of a topic')
    .option(...folder)
    .addHelpText('after', '\nExample:\n  $ tributary schemas check')
    .action(
      run((cli, options: { dir: string }) => {
        const faults = checkSchemas(resolve(cli.deps.cwd, options.dir), defined(cli.deps.sources));
        for (const fault of faults) cli.say(fault);
        if (faults.length > 0) return exitCodes.someFailed;
        cli.say(
          `${plural(defined(cli.deps.sources).flatMap(schemaFiles).length, 'schema')}, all as the definitions say and readable both ways.`,
        );
        return exitCodes.ok;
      }),
    );

  schemas
    .command('generate', { hidden: true })
    .description('write the schemas, and keep replaced ones for the compatibility check')
    .option(...folder)
    .addHelpText('after', '\nExample:\n  $ tributary schemas generate')
    .action(
      run((cli, options: { dir: string }) => {
        const written = generateSchemas(resolve(cli.deps.cwd, options.dir), defined(cli.deps.sources));
        cli.say(
          written.length === 0
            ? 'Nothing to write: all are up to date.'
            : `Wrote ${plural(written.length, 'file')}:\n${written.map((path) => `  ${path}`).join('\n')}`,
        );
      }),
    );

  schemas
    .command('settings')
    .description('print the JSON Schema of tributary.yaml, for editors')
    .addHelpText(
      'after',
      '\nExample:\n  $ tributary schemas settings > tributary.schema.json\n  then, in the first line of tributary.yaml:\n  # yaml-language-server: $schema=./tributary.schema.json',
    )
    .action(run((cli) => cli.json(editorSchema(cli.deps.sources))));
}

function defined(sources: readonly Source[]): DefinedSource[] {
  return sources.map((source) => ({ name: source.name, tables: source.tables(defaultsOf(source)) }));
}
