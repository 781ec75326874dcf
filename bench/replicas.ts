// tsx bench/replicas.ts [workers...]: as many processes as the chart's `replicas`, default 1, 3 and 12, share twelve connections of one local
// stack (the one TRIBUTARY_TEST_STACK names, else one of its own). Prints how they share them, how long until each is read, and their memory.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '../src/stack/stack.ts';
import { connectionNames } from '../test/campaign/worker.ts';
import { endAll, startWorker, succeeded, until } from '../test/campaign/fleet.ts';
import { startShopServer } from '../test/support/shop-server.ts';

const CONNECTIONS = 12;
const counts = process.argv.slice(2).map(Number);
const names = connectionNames(CONNECTIONS);
const dir = await mkdtemp(join(tmpdir(), 'tributary-replicas-'));
const file = process.env['TRIBUTARY_TEST_STACK'];
const own = file === undefined ? await startStack({ dir, topicDefaults: 'fast' }) : undefined;
try {
  const place = own ?? (JSON.parse(await readFile(file!, 'utf8')) as { brokers: string[]; registryUrl: string; login?: object });
  // The workers log in by it.
  if (place.login !== undefined) process.env['TRIBUTARY_TEST_LOGIN'] = JSON.stringify(place.login);
  for (const count of counts.length > 0 ? counts : [1, 3, 12]) {
    const vendor = await startShopServer(20, 10, 0);
    const prefix = `replicas${count}_${Date.now().toString(36)}`;
    const workers = Array.from({ length: count }, (_, at) =>
      startWorker({
        ...{ brokers: place.brokers, registryUrl: place.registryUrl, prefix, dataDir: join(dir, `${prefix}-${at}`), mode: 'worker' },
        ...{ vendorUrl: vendor.url, connections: CONNECTIONS, schedule: '*/5 * * * * *' },
      }),
    );
    try {
      // Which worker gets a connection is decided by the hash of its name: of twelve workers some may have none.
      const joined = (): boolean =>
        names.every((name) => workers.filter((worker) => worker.assigned().has(name)).length === 1) &&
        workers.every((worker) => worker.lines.length > 0 || worker.sockets().size > 0);
      const shared = await until('every connection has one worker', joined, 300);
      const from = Date.now();
      const read = await until(
        'every connection was read by the worker that has it',
        () => names.every((name) => workers.some((worker) => worker.assigned().has(name) && succeeded(worker, name, from) > 0)),
        300,
      );
      const has = workers.map((worker) => worker.assigned().size).sort((a, b) => b - a);
      const memory = workers.reduce((sum, worker) => sum + worker.memory(), 0);
      console.log(
        `${count} workers: shared after ${shared.toFixed(1)} s, all read ${read.toFixed(1)} s later; connections per worker ${has.join(' ')}; ${memory} MB together`,
      );
      const twice = names.filter((name) => workers.filter((worker) => worker.assigned().has(name)).length > 1);
      if (twice.length > 0) console.log(`read by two: ${twice.join(', ')}`);
    } finally {
      await endAll(workers);
      await vendor.close();
    }
  }
} finally {
  await own?.stop();
  await rm(dir, { recursive: true, force: true });
}
