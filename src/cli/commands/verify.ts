import type { Command } from 'commander';
import { count } from '../../observability/text.ts';
import { exitCodes, type Register } from '../app.ts';
import { withKafka } from '../session/kafka-session.ts';
import type { RowDifference } from '../../engine/verify.ts';
import { selectTable } from '../selection.ts';
import { verifyText } from '../verify-text.ts';
import { openWorker } from '../session/worker-session.ts';

/** Progress is shown this often (ms), because listing a large table may take hours. */
const tellEveryMs = 10_000;

export function addVerify(program: Command, run: Register): void {
  program
    .command('verify')
    .description('list a table at the vendor and compare it with its topic: missing, surplus, different; publishes nothing')
    .argument('<connection.table>', 'the table')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tributary verify klaviyo.profile\nExit code 0: equal; 1: they differ. A row changed between the two readings counts as different.',
    )
    .action(
      run(async (cli, typed: string, options: { json?: boolean }) => {
        const { connection, table, definition } = selectTable(cli.settings(), typed);
        const stop = cli.interruption({ what: 'The verification' });
        const found = await withKafka(
          cli,
          async (kafka, settings) => {
            const worker = openWorker(cli, settings, kafka);
            let listed = 0;
            let told = -1;
            const telling = setInterval(() => {
              // What it waits for is told by whoever waits.
              if (listed !== told) cli.say(`${typed}: ${count(listed)} rows read from the vendor`);
              told = listed;
            }, tellEveryMs);
            return worker.engine
              .verify({ connection: connection.name, table }, stop, (rows) => (listed += rows))
              .finally(() => {
                clearInterval(telling);
                return worker.stop();
              });
          },
          { lasting: true },
        );
        const { missing, surplus, different } = found;
        if (options.json) {
          // A program that reads JSON is told how many keys were left out.
          const told = (finding: RowDifference): object =>
            finding.count === finding.keys.length ? finding : { ...finding, keysLeftOut: finding.count - finding.keys.length };
          const { changedMeanwhile, ...rest } = found;
          cli.json({
            ...rest,
            ...(changedMeanwhile === 0 ? {} : { changedMeanwhile }),
            missing: told(missing),
            surplus: told(surplus),
            different: told(different),
          });
        } else {
          for (const line of verifyText(typed, found, definition.method)) cli.print(line);
        }
        return missing.count + surplus.count + different.count === 0 ? exitCodes.ok : exitCodes.someFailed;
      }),
    );
}
