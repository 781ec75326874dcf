import type { Command } from 'commander';
import { startServer } from '../../web/server.ts';
import { exitCodes, type Register } from '../app.ts';
import { openPage } from '../page.ts';
import { openKafka } from '../session/kafka-session.ts';

export function addWeb(program: Command, run: Register): void {
  program
    .command('web')
    .description('serve the data-sync page only, for workers that run elsewhere; several may run')
    .addHelpText('after', '\nExample:\n  $ tributary web\nIt listens on metrics.host and metrics.port of the settings.')
    .action(
      run(async (cli) => {
        const settings = cli.settings({ orEmpty: true });
        const stop = cli.interruption();
        const kafka = await openKafka(cli, settings, { lasting: true });
        try {
          const followed = cli.followSettings(settings);
          const page = openPage(cli, settings, kafka, followed);
          try {
            const server = await startServer({ ...settings.metrics, allowedHosts: settings.web.allowed_hosts, page });
            cli.say(`The page is at ${server.url}/; Ctrl-C stops.`);
            await new Promise<void>((resolve) => {
              if (stop.aborted) resolve();
              else stop.addEventListener('abort', () => resolve(), { once: true });
            });
            await server.close();
          } finally {
            followed.stop();
            await page.stop();
          }
        } finally {
          await kafka.close();
        }
        return exitCodes.interrupted;
      }),
    );
}
