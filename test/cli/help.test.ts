import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Help, type Command } from 'commander';
import { expect, test } from 'vitest';
import type { CliDeps } from '../../src/cli/app.ts';
import { COMMAND_FILES } from '../../src/cli/commands.ts';
import { createProgram } from '../../src/cli/main.ts';
import { defaultsOf } from '../../src/config/source-defaults.ts';
import { sources } from '../../producers/index.ts';

/** The program; its commands are loaded, or only named. */
const programWith = (loaded: boolean): Promise<Command> =>
  createProgram(
    { version: '1', stdout: process.stdout, stderr: process.stderr } as unknown as CliDeps,
    () => undefined,
    () => loaded,
  );

test('what the help shows of commands that are not loaded is what they say of themselves', async () => {
  const all = await programWith(true);
  for (const { commands: own } of COMMAND_FILES)
    for (const { name, args, description } of own) {
      const command = all.commands.find((one) => one.name() === name)!;
      expect({ name, term: `${name} ${args}`.trimEnd(), description }).toEqual({
        name,
        term: new Help().subcommandTerm(command),
        description: command.description(),
      });
    }
  expect(all.commands).toHaveLength(COMMAND_FILES.flatMap(({ commands: own }) => own).length);
  const none = await programWith(false);
  expect(none.helpInformation()).toBe(all.helpInformation());
});

/** The command a line types, and the words behind its name. */
function commandOf(program: Command, words: readonly string[]): [Command, readonly string[]] {
  const sub = program.commands.find((one) => one.name() === words[0]);
  return sub === undefined ? [program, words] : commandOf(sub, words.slice(1));
}

test('every example of the help and of the pages names commands, options, tables and columns that exist', async () => {
  const program = await programWith(true);
  const helps: string[] = [];
  const collect = (command: Command): void => {
    command.configureOutput({ writeOut: (text) => helps.push(text) }).outputHelp();
    command.commands.forEach(collect);
  };
  collect(program);
  const definitions = sources.flatMap((source) =>
    source.tables(defaultsOf(source)).map(({ name, fields }) => ({ source: source.name, name, fields })),
  );
  const root = join(import.meta.dirname, '../..');
  const pages = ['README.md', 'CONTRIBUTING.md'];
  for (const folder of ['docs', 'sink-configs', 'producers', 'deploy', 'examples', 'templates'])
    pages.push(
      ...readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(folder, name)),
    );
  const lines = [
    ...helps.flatMap((help) => [...help.matchAll(/^ *\$ tributary (.+)$/gm)].map(([, line = '']) => line)),
    ...pages.flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8');
      return [
        ...[...text.matchAll(/^ {4}(?:npx )?tributary (.+)$/gm)].map(([, line = '']) => line),
        ...[...text.matchAll(/`(?:npx )?tributary ([a-z][^`]*)`/g)].map(([, line = '']) => line),
      ];
    }),
  ];
  expect(lines.length).toBeGreaterThan(100);
  const wrong: string[] = [];
  for (const line of lines) {
    const words = (line.split(/ +(?:#|\||>|&&) ?/)[0] ?? '').replaceAll(/[,;:.]$/g, '').match(/"[^"]*"|\S+/g) ?? [];
    const [command, rest] = commandOf(program, words);
    if (
      command === program &&
      words[0]?.startsWith('-') !== true &&
      !['source', 'consumer'].some((part) => words[0]?.startsWith(`/${part}`))
    )
      wrong.push(`${line}: no such command`);
    for (const option of rest.filter((word) => /^--[a-z]/.test(word)))
      if (![...command.options, ...program.options].some((known) => known.long === option.split('=')[0])) wrong.push(`${line}: ${option}`);
    const table = rest.map((word) => /^(klaviyo|segment|pendo|listrak|customer_io)\.([a-z_]+)$/.exec(word)).find((found) => found !== null);
    const definition = table && definitions.find(({ source, name }) => source === table[1] && name === table[2]);
    if (table && !definition) wrong.push(`${line}: no table ${table[0]}`);
    for (const column of rest[rest.indexOf('--columns') + 1]?.split(',').filter(() => rest.includes('--columns')) ?? [])
      if (definition && !(column in definition.fields)) wrong.push(`${line}: no column ${column}`);
  }
  expect(wrong).toEqual([]);
});
