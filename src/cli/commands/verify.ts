import type { Command } from 'commander';
import { shown } from '../../core/shown.ts';
import { count } from '../../observability/text.ts';
import { exitCodes, type Register } from '../app.ts';
import { withKafka } from '../session/kafka-session.ts';
import type { RowDifference } from '../../engine/verify.ts';
import { selectTable } from '../selection.ts';
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
        const { connection, table } = selectTable(cli.settings(), typed);
        const stop = cli.interruption();
        const found = await withKafka(
          cli,
          async (kafka, settings) => {
            const worker = openWorker(cli, settings, kafka);
            let listed = 0;
            const telling = setInterval(() => cli.say(`${typed}: ${count(listed)} rows listed`), tellEveryMs);
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
          cli.print(`${typed}: ${count(found.vendorRows)} rows at the vendor, ${count(found.topicRows)} in the topic`);
          for (const [what, { count: n, keys }] of Object.entries({ missing, surplus, different })) {
            cli.print(
              `  ${what.padEnd(9)}  ${count(n)}${
                keys.length === 0
                  ? ''
                  : `  e.g. ${keys
                      .slice(0, 3)
                      .map((key) => shown(Object.values(key).join('/')))
                      .join(', ')}`
              }`,
            );
          }
          if (found.changedMeanwhile > 0) cli.print(`  ${count(found.changedMeanwhile)} changed meanwhile and were not compared further`);
          if (found.unusable > 0)
            cli.print(`  unusable   ${count(found.unusable)}  (rows without a usable key, or too large: see dead-letters)`);
        }
        return missing.count + surplus.count + different.count === 0 ? exitCodes.ok : exitCodes.someFailed;
      }),
    );
}
