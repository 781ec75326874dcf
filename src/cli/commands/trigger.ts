import type { Command } from 'commander';
import type { Register } from '../app.ts';
import { request, stamp } from '../requests.ts';

export function addTrigger(program: Command, run: Register): void {
  program
    .command('trigger')
    .description('request a run now, outside the schedule, from the running worker')
    .argument('<connection[.table]...>', 'what to run')
    .addHelpText('after', '\nExample:\n  $ tributary trigger klaviyo')
    .action(
      run((cli, typed: string[]) => {
        const value = stamp(cli);
        return request(cli, typed, {
          slot: 'trigger',
          done: 'a run was asked for',
          make: (target) => ({ ...target, slot: 'trigger', value }),
        });
      }),
    );
}
