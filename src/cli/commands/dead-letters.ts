import type { Command } from 'commander';
import { parseObject } from '../../core/json/text.ts';
import { readTopics } from '../../kafka/reader.ts';
import { topicNames } from '../../kafka/meta/topic-names.ts';
import type { DeadLetter } from '../../kafka/types.ts';
import { textTable } from '../../observability/text.ts';
import type { Register } from '../app.ts';
import { withKafka } from '../session/kafka-session.ts';
import { select } from '../selection.ts';
import { positive } from '../since.ts';

export function addDeadLetters(program: Command, run: Register): void {
  const letters = program.command('dead-letters').description('rows that could not be published');

  letters
    .command('list')
    .description('the newest ones, with reason and place; --json shows the rows themselves')
    .argument('[connection[.table]...]', 'only these')
    .option('--last <n>', 'how many (50 in the table, all of them with --json)', positive)
    .option('--json', 'as JSON, rows included')
    .addHelpText('after', '\nExample:\n  $ tributary dead-letters list klaviyo.event --last 10 --json')
    .action(
      run((cli, typed: string[], options: { last?: number; json?: boolean }) => {
        const wanted = select(cli.settings(), typed);
        // A program that reads JSON cannot see that rows were left out, so it gets all of them unless it asked for fewer.
        const last = options.last ?? (options.json ? Number.POSITIVE_INFINITY : 50);
        return withKafka(cli, async ({ access }) => {
          const found: DeadLetter[] = [];
          let more = 0;
          await readTopics(access, [{ topic: topicNames(access.settings.prefix).deadLetters }], ({ value }) => {
            const letter = parseObject(value) as unknown as DeadLetter | undefined;
            if (!letter || !wanted.some(({ connection, tables }) => connection.name === letter.connection && tables.includes(letter.table)))
              return;
            found.push(letter);
            if (found.length > last) {
              found.shift();
              more += 1;
            }
          });
          if (options.json) return cli.json(found);
          if (found.length === 0) return cli.say('No dead letters.');
          cli.print(
            textTable(
              ['TABLE', 'AT', 'REASON', 'KEY', 'DETAIL', 'BYTES'],
              found.map(({ connection, table, at, reason, key = '-', detail, rawBytes }) => [
                `${connection}.${table}`,
                new Date(at).toISOString(),
                reason,
                key.slice(0, 80),
                detail.slice(0, 80),
                String(rawBytes),
              ]),
              ['left', 'left', 'left', 'left', 'left', 'right'],
            ),
          );
          if (more > 0) cli.say(`${more} older ones are not shown; --last shows more.`);
        });
      }),
    );
}
