import type { Command } from 'commander';
import { exitCodes, type Register } from '../app.ts';
import { applyLandings } from '../landings.ts';
import { openKafka } from '../session/kafka-session.ts';
import { knownStatus } from './status.ts';
import { openWorker, serveWorker } from '../session/worker-session.ts';

export function addRun(program: Command, run: Register): void {
  program
    .command('run')
    .description('keep all tables in sync by their schedules until stopped; several processes share the connections')
    .option('--set-up', 'start without a settings file too: connections and landings are set up on the page')
    .addHelpText('after', '\nExample:\n  $ tributary run --log-format json')
    .action(
      run(async (cli, options: { setUp?: boolean }) => {
        const settings = cli.settings({ orEmpty: options.setUp ?? false });
        const stop = cli.interruption({ savesPositions: true });
        const kafka = await openKafka(cli, settings, { connect: Object.keys(settings.landings).length > 0, own: true, writes: true });
        try {
          if (kafka.stack) await applyLandings(settings, kafka, cli.deps.clock.now, stop);
          const worker = openWorker(cli, settings, kafka, await knownStatus(cli, kafka, settings));
          try {
            const followed = cli.followSettings(settings);
            const server = await serveWorker(cli, settings, kafka, worker, followed);
            cli.say(
              `Running. ${server.pageUrl === undefined ? '' : `Page at ${server.pageUrl}/. `}Metrics at ${server.url}/metrics; Ctrl-C stops.`,
            );
            try {
              await worker.engine.run(stop);
            } finally {
              followed.stop();
              await server.close();
            }
          } finally {
            await worker.stop();
          }
        } finally {
          await kafka.close();
        }
        return stop.aborted ? exitCodes.interrupted : exitCodes.ok;
      }),
    );
}
