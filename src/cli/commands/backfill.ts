import { Option, type Command } from 'commander';
import { historyRanges, historySince, parseStartDate, type HistoryRange } from '../../config/dates.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Register } from '../app.ts';
import { request, stamp } from '../requests.ts';

export function addBackfill(program: Command, run: Register): void {
  program
    .command('backfill')
    .description('read history again, in addition to the periodic runs; unchanged rows are not published again')
    .argument('<connection[.table]...>', 'what to read')
    .option('--from <date>', 'first day wanted, MM/DD/YYYY or YYYY-MM-DD')
    .addOption(new Option('--history <range>', 'how far back').choices([...historyRanges]).conflicts('from'))
    .addHelpText(
      'after',
      '\nExample:\n  $ tributary backfill klaviyo.event --history 90d\n  $ tributary backfill klaviyo.event --from 01/31/2025',
    )
    .action(
      run((cli, typed: string[], options: { from?: string; history?: HistoryRange }) => {
        const value = { ...stamp(cli), since: sinceOf(options, cli.deps.clock.now()) };
        const reach =
          value.since === null
            ? 'all history is read again'
            : `history since ${new Date(value.since).toISOString().slice(0, 10)} is read again`;
        return request(cli, typed, { slot: 'backfill', done: reach, make: (target) => ({ ...target, slot: 'backfill', value }) });
      }),
    );
}

function sinceOf({ from, history }: { from?: string; history?: HistoryRange }, now: number): number | null {
  if (from === undefined) return historySince({ range: history ?? 'all' }, now) ?? null;
  const since = parseStartDate(from);
  if (since !== undefined && since > now) {
    throw new TributaryError(`--from ${from} is in the future; nothing would be read.`, {
      kind: 'config',
      remedy: 'Give the first day to read; it must be in the past.',
    });
  }
  if (since !== undefined) return since;
  throw new TributaryError(`--from "${from}" is no date.`, { kind: 'config', remedy: 'Write MM/DD/YYYY or YYYY-MM-DD.' });
}
