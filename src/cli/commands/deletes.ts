import type { Command } from 'commander';
import { readAllStates } from '../../kafka/meta/state.ts';
import { count, textTable } from '../../observability/text.ts';
import type { Register } from '../app.ts';
import { withKafka } from '../session/kafka-session.ts';
import { request, stamp } from '../requests.ts';
import { selectTable } from '../selection.ts';

export function addDeletes(program: Command, run: Register): void {
  const deletes = program.command('deletes').description('deletes that were withheld because too many rows vanished at once');

  deletes
    .command('list')
    .description('tables with withheld deletes, and why')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary deletes list')
    .action(
      run((cli, options: { json?: boolean }) =>
        withKafka(cli, async ({ access }) => {
          const found = [...(await readAllStates(access))].flatMap(([connection, { states }]) =>
            [...states].flatMap(([table, { withheld }]) => (withheld === undefined ? [] : [{ connection, table, ...withheld }])),
          );
          if (options.json) return cli.json(found);
          if (found.length === 0) return cli.say('No deletes are withheld.');
          cli.print(
            textTable(
              ['TABLE', 'COUNT', 'SINCE', 'REASON'],
              found.map(({ connection, table, count: rows, since, reason }) => [
                `${connection}.${table}`,
                count(rows),
                new Date(since).toISOString(),
                reason,
              ]),
              ['left', 'right'],
            ),
          );
        }),
      ),
    );

  deletes
    .command('allow')
    .description("allow a table's withheld deletes: it is listed again, and rows that are still missing are deleted")
    .argument('<connection.table>', 'the table')
    .addHelpText('after', '\nExample:\n  $ tributary deletes allow klaviyo.profile')
    .action(
      run((cli, typed: string) => {
        selectTable(cli.settings(), typed);
        const value = stamp(cli);
        return request(cli, [typed], {
          slot: 'allow-deletes',
          done: 'deletes are allowed once',
          make: (target) => ({ ...target, slot: 'allow-deletes', value }),
        });
      }),
    );
}
