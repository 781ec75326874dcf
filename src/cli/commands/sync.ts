import type { Command } from 'commander';
import { runsText } from '../../observability/runs-text.ts';
import type { RunSummary } from '../../engine/execute-run.ts';
import { exitCodes, type Cli, type Register } from '../app.ts';
import { withKafka } from '../session/kafka-session.ts';
import { select } from '../selection.ts';
import { openWorker } from '../session/worker-session.ts';

export function addSync(program: Command, run: Register): void {
  program
    .command('sync')
    .description('read tables once and end; unchanged rows are not published again')
    .argument('[connection[.table]...]', 'only these')
    .option('--once', 'one pass over every table, which is what sync always does')
    .option('--json', 'the run table as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary sync\n  $ tributary sync klaviyo.profile --json')
    .action(
      run(async (cli, typed: string[], options: { json?: boolean }) => {
        const selection = select(cli.settings(), typed).map(({ connection, tables }) => ({ connection: connection.name, tables }));
        const stop = cli.interruption({ savesPositions: true });
        const summaries = await withKafka(
          cli,
          async (kafka, settings) => {
            const worker = openWorker(cli, settings, kafka);
            return worker.engine.sync(selection, stop).finally(() => worker.stop());
          },
          { lasting: true, writes: true },
        );
        return showRuns(cli, summaries, options.json ?? false);
      }),
    );
}

/** Prints the runs; returns the exit code for their outcomes. */
export function showRuns(cli: Cli, summaries: readonly RunSummary[], json: boolean): number {
  if (json) {
    cli.json(
      summaries.map(({ ref, error, ...rest }) => ({
        ...ref,
        ...rest,
        error:
          error === undefined ? null : { kind: error.kind, message: error.message, remedy: error.remedy ?? null, code: error.code ?? null },
      })),
    );
  } else {
    cli.print(runsText(summaries, cli.paint));
  }
  if (summaries.some(({ outcome }) => outcome === 'interrupted')) return exitCodes.interrupted;
  return summaries.some(({ outcome }) => outcome === 'failed') ? exitCodes.someFailed : exitCodes.ok;
}
