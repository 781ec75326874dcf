import type { Command } from 'commander';
import { TributaryError } from '../../core/errors.ts';
import { deleteTopic } from '../../kafka/rights.ts';
import { readAllStates, resetRecord } from '../../kafka/meta/state.ts';
import { tableTopic, defaultTableTopic } from '../../kafka/meta/topic-names.ts';
import { activeWorkers } from '../../kafka/worker.ts';
import { createWriter } from '../../kafka/writer.ts';
import { count, textTable } from '../../observability/text.ts';
import type { Register } from '../app.ts';
import { note } from '../author.ts';
import { withKafka } from '../session/kafka-session.ts';
import { select, selectTable } from '../selection.ts';

export function addState(program: Command, run: Register): void {
  const state = program.command('state').description('positions and counts stored in the state topic');

  state
    .command('show')
    .description('how far every table has been read')
    .argument('[connection[.table]...]', 'only these')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary state show klaviyo.event --json')
    .action(
      run(async (cli, typed: string[], options: { json?: boolean }) => {
        const wanted = select(cli.settings(), typed);
        const states = await withKafka(cli, ({ access }) => readAllStates(access));
        const found = wanted.flatMap(({ connection, tables }) =>
          tables.flatMap((table) => {
            const one = states.get(connection.name)?.states.get(table);
            return one === undefined ? [] : [{ connection: connection.name, table, ...one }];
          }),
        );
        if (options.json) cli.json(found);
        else
          cli.print(
            textTable(
              ['TABLE', 'ROWS PUBLISHED', 'UPDATED', 'POSITION'],
              found.map(({ connection, table, rowsPublished, updatedAt, position }) => [
                `${connection}.${table}`,
                count(rowsPublished),
                new Date(updatedAt).toISOString(),
                position === undefined ? '-' : JSON.stringify(position, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v)),
              ]),
              ['left', 'right'],
            ),
          );
      }),
    );

  state
    .command('reset')
    .description('delete the position of a table: the next run reads it from the start; unchanged rows are not published again')
    .argument('<connection.table>', 'the table')
    .option('--delete-topic', 'delete its topic too, with every row in it: the next run recreates it and publishes everything again')
    .addHelpText('after', '\nExample:\n  $ tributary state reset klaviyo.event')
    .action(
      run((cli, typed: string, options: { deleteTopic?: boolean }) => {
        const {
          connection: { name },
          table,
        } = selectTable(cli.settings(), typed);
        return withKafka(cli, async ({ access }) => {
          if ((await activeWorkers(access)).length > 0) {
            throw new TributaryError('A worker is running and would write the state again.', {
              kind: 'config',
              remedy: 'Stop every worker of this prefix first.',
            });
          }
          await note(cli, access, {
            command: 'reset',
            connection: name,
            table,
            detail: options.deleteTopic ? 'and its topic deleted' : '',
          });
          const topic = tableTopic(access.settings, name, table);
          const known = (await readAllStates(access)).get(name)?.states.get(table);
          const before = known === undefined ? topic : (known.topic ?? defaultTableTopic(access.settings, name, table));
          const writer = createWriter({ access, connection: name });
          try {
            await writer.reopen();
            await writer.write({
              topic,
              messages: [],
              deadLetters: [],
              state: [resetRecord(name, table)],
              headers: {},
            });
          } finally {
            await writer.close();
          }
          if (options.deleteTopic) {
            await deleteTopic(access, topic);
          }
          cli.say(
            `${typed}: forgotten${options.deleteTopic ? ', and its topic deleted' : ''}; the next run or sync reads it from the start.`,
          );
          if (before !== topic)
            cli.say(`The topic ${before} stays, with the rows that were published to it; nothing writes to it any more.`);
        });
      }),
    );

  state
    .command('export')
    .description('everything in the state topic, one JSON object per line: a backup')
    .addHelpText('after', '\nExample:\n  $ tributary state export > state.jsonl')
    .action(
      run((cli) =>
        withKafka(cli, async ({ access }) => {
          for (const [connection, { states, outbox }] of await readAllStates(access)) {
            for (const [table, value] of states) cli.print(JSON.stringify({ connection, table, slot: 'state', value }));
            for (const [table, works] of outbox)
              for (const { id, work } of works) cli.print(JSON.stringify({ connection, table, slot: `outbox:${id}`, value: work }));
          }
        }),
      ),
    );
}
