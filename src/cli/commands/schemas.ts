import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { editorSchema } from '../../config/json-schema.ts';
import { defaultsOf } from '../../config/source-defaults.ts';
import { plural } from '../../observability/text.ts';
import { checkSchemas, generateSchemas, schemaFiles, type DefinedSource } from '../../record/schema-files.ts';
import { javaTypes } from '../../record/types/java.ts';
import { pythonTypes } from '../../record/types/python.ts';
import { typescriptTypes } from '../../record/types/typescript.ts';
import type { Source } from '../../sdk/source.ts';
import { exitCodes, type Register } from '../app.ts';
import { writeInside } from '../write-inside.ts';

const writers = { ts: typescriptTypes, java: javaTypes, python: pythonTypes } as const;

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
        const files = defined(cli.sources).flatMap(schemaFiles);
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
        const dir = resolve(cli.deps.cwd, options.dir);
        const faults = checkSchemas(dir, defined(cli.sources));
        for (const { file } of outdatedTypes(dir, cli.deps.sources))
          faults.push(`${file} does not match the table definitions; run "tributary schemas generate".`);
        for (const fault of faults) cli.say(fault);
        if (faults.length > 0) return exitCodes.someFailed;
        cli.say(
          `${plural(defined(cli.sources).flatMap(schemaFiles).length, 'schema')}, all matching the definitions and compatible both ways.`,
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
        const dir = resolve(cli.deps.cwd, options.dir);
        const written = generateSchemas(dir, defined(cli.sources));
        for (const { file, text } of outdatedTypes(dir, cli.deps.sources)) {
          writeFileSync(file, text);
          written.push(relative(dir, file));
        }
        cli.say(
          written.length === 0
            ? 'Nothing to write: all are up to date.'
            : `Wrote ${plural(written.length, 'file')}:\n${written.map((path) => `  ${path}`).join('\n')}`,
        );
      }),
    );

  schemas
    .command('types')
    .description('write the row types of all tables in a programming language')
    .addOption(new Option('--lang <language>', 'the language').choices(Object.keys(writers)).makeOptionMandatory())
    .option('--out <folder>', 'where they go', '.')
    .addHelpText(
      'after',
      '\nExample:\n  $ tributary schemas types --lang python --out consumer/types\nAll sources are written, with every column of their definitions: columns: of the settings (drop, hash, mask) is not applied.',
    )
    .action(
      run((cli, options: { lang: keyof typeof writers; out: string }) => {
        const folder = resolve(cli.deps.cwd, options.out);
        const files = writers[options.lang](defined(cli.sources));
        for (const { path, text } of files) writeInside(folder, path, text);
        cli.say(`Wrote ${plural(files.length, 'file')} into ${folder}.`);
      }),
    );

  schemas
    .command('settings')
    .description('print the JSON Schema of tributary.yaml, for editors')
    .addHelpText(
      'after',
      '\nExample:\n  $ tributary schemas settings > tributary.schema.json\n  then, in the first line of tributary.yaml:\n  # yaml-language-server: $schema=./tributary.schema.json',
    )
    .action(run((cli) => cli.json(editorSchema(cli.sources))));
}

/** Row types shipped with `tributary/consumer` that do not match the definitions; empty outside a checkout. */
function outdatedTypes(dir: string, sources: readonly Source[]): { readonly file: string; readonly text: string }[] {
  const folder = join(dirname(dir), 'exports', 'tables');
  if (!existsSync(folder)) return [];
  return typescriptTypes(defined(sources))
    .map(({ path, text }) => ({ file: join(folder, path), text }))
    .filter(({ file, text }) => !existsSync(file) || readFileSync(file, 'utf8') !== text);
}

function defined(sources: readonly Source[]): DefinedSource[] {
  return sources.map((source) => ({ name: source.name, tables: source.tables(defaultsOf(source)) }));
}
