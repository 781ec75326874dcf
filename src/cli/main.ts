import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { loadOwnSources } from '../config/own-sources.ts';
import { asTributaryError, type TributaryError } from '../core/errors.ts';
import { fileTrouble } from '../core/local-folder.ts';
import { addBackfill } from './commands/backfill.ts';
import { addCheck } from './commands/check.ts';
import { createCli, exitCodes, type Cli, type CliDeps, type GlobalOptions, type Register } from './app.ts';
import { addDeadLetters } from './commands/dead-letters.ts';
import { addDeletes } from './commands/deletes.ts';
import { addDemo } from './commands/demo.ts';
import { addDiscover } from './commands/discover.ts';
import { addDoctor } from './commands/doctor.ts';
import { addImport } from './commands/import.ts';
import { addInit } from './commands/init.ts';
import { addLanding } from './commands/landing.ts';
import { addNew } from './commands/new.ts';
import { addPause } from './commands/pause.ts';
import { addRun } from './commands/run.ts';
import { addSchemas } from './commands/schemas.ts';
import { addState } from './commands/state.ts';
import { addStatus } from './commands/status.ts';
import { addSync } from './commands/sync.ts';
import { addTrigger } from './commands/trigger.ts';
import { addVerify } from './commands/verify.ts';
import { addWeb } from './commands/web.ts';

export { type CliDeps } from './app.ts';

/** The whole command line. `ended` hears the exit code of the command that ran. */
export function createProgram(deps: CliDeps, ended: (code: number) => void): Command {
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
      const cli = createCli(deps, options, await loadOwnSources(resolve(deps.cwd, options.config), deps.sources));
      try {
        ended((await action(cli, ...args)) ?? exitCodes.ok);
      } catch (error) {
        ended(report(cli, fileTrouble(error) ?? asTributaryError(error, 'The command')));
      } finally {
        cli.close();
      }
    };
  for (const add of [
    addInit,
    addNew,
    addCheck,
    addDiscover,
    addRun,
    addWeb,
    addSync,
    addStatus,
    addPause,
    addTrigger,
    addBackfill,
    addVerify,
    addState,
    addDeadLetters,
    addDeletes,
    addImport,
    addLanding,
    addSchemas,
    addDemo,
    addDoctor,
  ])
    add(program, run);
  return program;
}

/** Runs the command line and answers the exit code. Never throws and never prints a stack trace. */
export async function main(deps: CliDeps, argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok;
  const program = createProgram(deps, (ended) => (code = ended));
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

function report(cli: Cli, error: TributaryError): number {
  cli.complain(error);
  if (error.kind === 'config') return exitCodes.badSettings;
  return error.kind === 'stopped' ? exitCodes.interrupted : exitCodes.someFailed;
}
