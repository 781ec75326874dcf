import { resolve } from 'node:path';
import { Command, CommanderError, Help, Option } from 'commander';
import { asTributaryError, type TributaryError } from '../core/errors.ts';
import { fileError } from '../core/local-folder.ts';
import type { Cli, CliDeps, GlobalOptions, Register } from './app.ts';
import { COMMAND_FILES } from './commands.ts';
import { exitCodes } from './exit-codes.ts';

export type { CliDeps } from './app.ts';

/**
 * Builds the command line. `ended` receives the exit code of the command that ran.
 *
 * @param loads which commands are loaded; for the others only their help is defined.
 */
export async function createProgram(deps: CliDeps, ended: (code: number) => void, loads: (command: string) => boolean): Promise<Command> {
  const program = new Command('tributary')
    .description('Keeps SaaS tables in compacted Kafka topics: one topic per table, keyed by its primary key.')
    .version(deps.revision === undefined ? deps.version : `${deps.version} (${deps.revision})`)
    .option('-c, --config <file>', 'settings file', 'tributary.yaml')
    .option('-v, --verbose', 'say more, technical details included')
    .addOption(new Option('-q, --quiet', 'say nothing but warnings and errors').conflicts('verbose'))
    .addOption(new Option('--log-format <format>', 'how the log is written').choices(['pretty', 'json']))
    .exitOverride()
    .configureOutput({ writeOut: (text) => void deps.stdout.write(text), writeErr: (text) => void deps.stderr.write(text) })
    .addHelpText(
      'after',
      '\nExit codes: 0 all well, 1 some tables failed, 2 bad settings or usage, 130 interrupted with positions saved.\nHelp on one command: tributary <command> --help',
    );

  const run: Register =
    (action) =>
    async (...args) => {
      const options = program.opts<GlobalOptions>();
      const [{ createCli }, { loadOwnSources }] = await Promise.all([import('./app.ts'), import('../config/own-sources.ts')]);
      const cli = createCli(deps, options, await loadOwnSources(resolve(deps.cwd, options.config), deps.sources));
      try {
        ended((await action(cli, ...args)) ?? exitCodes.ok);
      } catch (error) {
        ended(report(cli, cli.ending(fileError(error) ?? asTributaryError(error, 'The command'))));
      } finally {
        cli.close();
      }
    };
  for (const { commands, load } of COMMAND_FILES) {
    if (commands.some(({ name }) => loads(name))) (await load())(program, run);
    else for (const { name, description } of commands) program.command(name).description(description);
  }
  const argsOf = new Map(COMMAND_FILES.flatMap(({ commands }) => commands.map(({ name, args }) => [name, args] as const)));
  return program.configureHelp({
    subcommandTerm(command) {
      const args = argsOf.get(command.name());
      const known = command.parent === program && args !== undefined;
      return known ? `${command.name()} ${args}`.trimEnd() : Help.prototype.subcommandTerm.call(this, command);
    },
  });
}

/** Runs the command line and returns the exit code. Never throws and never prints a stack trace. */
export async function main(deps: CliDeps, argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok;
  const named = namedIn(argv);
  const program = await createProgram(
    deps,
    (ended) => (code = ended),
    (command) => named.has(command),
  );
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      deps.stderr.write(`${asTributaryError(error, 'The command').message}\n`);
      return exitCodes.someFailed;
    }
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.badSettings;
  }
  return code;
}

/** The words that may be the command. A surplus one only loads a file that is not needed. */
function namedIn(argv: readonly string[]): ReadonlySet<string> {
  return new Set(argv.filter((word) => !word.startsWith('-')));
}

/** Whether only the help or the version is asked for. */
export function showsHelp(argv: readonly string[]): boolean {
  if (argv.length === 0 || argv.find((word) => !word.startsWith('-')) === 'help') return true;
  return argv.some((word) => ['-h', '--help', '-V', '--version'].includes(word));
}

function report(cli: Cli, error: TributaryError): number {
  cli.complain(error);
  if (error.kind === 'config') return exitCodes.badSettings;
  return error.kind === 'stopped' ? exitCodes.interrupted : exitCodes.someFailed;
}
