import type { Command } from 'commander';
import { readRuns, type RunRecord } from '../../kafka/meta/runs.ts';
import { count, duration, sentence, textTable, type Paint } from '../../observability/text.ts';
import type { Register } from '../app.ts';
import { withKafka } from '../session/kafka-session.ts';
import { selectOne } from '../selection.ts';
import { instantSince, positive, sinceOption, type Since } from '../since.ts';

interface RunsOptions {
  readonly last: number;
  readonly failed?: boolean;
  readonly since?: Since;
  readonly json?: boolean;
}

export function addRuns(program: Command, run: Register): void {
  program
    .command('runs')
    .description('the last runs, newest first, with what failed and what to do; kept for 90 days')
    .argument('[connection[.table]]', 'only its runs')
    .option('--failed', 'only runs that failed')
    .option('--since <when>', 'only runs that began then or later: 2026-03-01T12:00Z, or 30m, 12h, 7d ago', sinceOption)
    .option('--last <n>', 'how many', positive, 20)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary runs klaviyo.event --failed --since 7d')
    .action(
      run((cli, typed: string | undefined, { last, failed, since, json }: RunsOptions) => {
        const one = typed === undefined ? undefined : selectOne(cli.settings(), typed, 'shown');
        return withKafka(cli, async ({ access }) => {
          const runs = await readRuns(access, {
            last,
            ...(one === undefined ? {} : { connection: one.connection.name }),
            ...(one === undefined || one.whole ? {} : { table: one.tables[0] as string }),
            ...(failed ? { outcome: 'failed' as const } : {}),
            ...(since === undefined ? {} : { since: instantSince(since, cli.deps.clock.now()) }),
          });
          if (json) return cli.json(runs);
          if (runs.length === 0) return cli.say(failed ? 'No run failed.' : 'There are no runs yet.');
          cli.print(runsText(runs, cli.paint));
        });
      }),
    );
}

function runsText(runs: readonly RunRecord[], paint: Paint): string {
  const table = textTable(
    ['BEGAN (UTC)', 'TABLE', 'MODE', 'DURATION', 'FETCHED', 'PUBLISHED', 'DELETED', 'DEAD LETTERS', 'REQUESTS', 'STATUS'],
    runs.map(({ connection, table: name, mode, startedAt, endedAt, totals, outcome }) => [
      new Date(startedAt).toISOString().slice(0, 19).replace('T', ' '),
      `${connection}.${name}`,
      mode,
      duration(endedAt - startedAt),
      ...[totals.fetched, totals.published, totals.deleted, totals.deadLetters, totals.requests].map(count),
      outcome === 'succeeded' ? paint.good(outcome) : outcome === 'failed' ? paint.bad(outcome) : paint.odd(outcome),
    ]),
    ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
  );
  // Each different failure is printed once, however often it occurred.
  const failures = new Map<string, number>();
  for (const { connection, table: name, failure } of runs) {
    if (failure === undefined) continue;
    const text = `${connection}.${name}: ${sentence(failure.message)}${failure.remedy === undefined ? '' : ` ${failure.remedy}`}`;
    failures.set(text, (failures.get(text) ?? 0) + 1);
  }
  const told = [...failures].map(([text, times]) => (times === 1 ? text : `${text} (${count(times)} runs)`));
  return told.length === 0 ? table : `${table}\n\n${told.join('\n')}`;
}
