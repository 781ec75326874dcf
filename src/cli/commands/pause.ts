import type { Command } from 'commander';
import type { Register } from '../app.ts';
import { request } from '../requests.ts';

export function addPause(program: Command, run: Register): void {
  program
    .command('pause')
    .description('stop reading tables, with their positions saved; lasts until resume')
    .argument('<connection[.table]...>', 'what to pause')
    .addHelpText('after', '\nExample:\n  $ tributary pause klaviyo.event')
    .action(
      run((cli, typed: string[]) =>
        request(cli, typed, { slot: 'paused', done: 'paused', make: (target) => ({ ...target, slot: 'paused', value: { paused: true } }) }),
      ),
    );

  program
    .command('resume')
    .description('continue paused or disabled tables from where they stopped')
    .argument('<connection[.table]...>', 'what to resume')
    .addHelpText('after', '\nExample:\n  $ tributary resume klaviyo.event')
    .action(
      run((cli, typed: string[]) =>
        request(cli, typed, {
          slot: 'paused',
          done: 'resumed',
          doneUnpaused: 'was not paused; a table that is disabled is tried again',
          make: (target) => ({ ...target, slot: 'paused', value: { paused: false } }),
        }),
      ),
    );
}
