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
    .addHelpText('after', '\nExample:\n  $ tributary run --log-format json')
    .action(
      run(async (cli) => {
        const settings = cli.settings();
        const stop = cli.interruption();
        const kafka = await openKafka(cli, settings, { connect: Object.keys(settings.landings).length > 0, own: true, writes: true });
        try {
          if (kafka.stack) await applyLandings(settings, kafka, cli.deps.clock.now, stop);
          const worker = openWorker(cli, settings, kafka, await knownStatus(kafka, settings));
          try {
            const server = await serveWorker(cli, settings, kafka, worker);
            cli.say(`Running. Metrics at ${server.url}/metrics; Ctrl-C stops.`);
            try {
              await worker.engine.run(stop);
            } finally {
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
