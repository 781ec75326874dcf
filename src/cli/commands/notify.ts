import type { Command } from 'commander';
import { TributaryError } from '../../core/errors.ts';
import { sendNotifications, testNotification } from '../../observability/webhook.ts';
import type { Register } from '../app.ts';

export function addNotify(program: Command, run: Register): void {
  program
    .command('notify')
    .description('messages about tables that need attention')
    .command('test')
    .description('send one message to the webhook of notify: in the settings')
    .addHelpText('after', '\nExample:\n  $ tributary notify test')
    .action(
      run(async (cli) => {
        const { notify, prefix } = cli.settings();
        if (notify === undefined)
          throw new TributaryError('The settings define no webhook.', {
            kind: 'config',
            remedy: 'Add notify: { url: "${WEBHOOK_URL}" }, with form: slack for Slack.',
          });
        await sendNotifications(notify, prefix, [testNotification(cli.deps.clock.now())], cli.interruption());
        cli.say('The webhook has accepted the message.');
      }),
    );
}
