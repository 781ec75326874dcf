// TRIBUTARY_TEST_STACK=/tmp/stack.json tsx bench/idle.ts <seconds> <dist folder>...: CPU time of an idle `tributary run` of 63 tables (five
// simulated accounts), of all compiled folders given at the same time, three times.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { children, settingsText, simulator, stack } from './run-program.ts';

const [seconds, folders] = [Number(process.argv[2] ?? 60), process.argv.slice(3).map((folder) => resolve(folder))];
/** The first one's simulators serve all. */
const simulators = folders[0] ?? '';
const dir = mkdtempSync(join(tmpdir(), 'tributary-idle-'));

interface Worker {
  readonly folder: string;
  readonly prefix: string;
  readonly pid: number;
  readonly metrics: string;
  readonly ended: Promise<unknown>;
}

async function startWorker(folder: string, at: number, connections: object): Promise<Worker> {
  const prefix = `idle${process.pid}_${at}`;
  const cwd = join(dir, prefix);
  const file = `${cwd}.yaml`;
  writeFileSync(file, settingsText(prefix, cwd, connections));
  const child = spawn(process.execPath, [join(folder, 'bin', 'tributary.js'), '--config', file, 'run'], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  children.push(child);
  const ended = new Promise((done) => child.once('exit', done));
  for await (const line of createInterface(child.stderr)) {
    const metrics = /Metrics at (\S+);/.exec(line)?.[1];
    if (metrics === undefined) continue;
    child.stderr.resume();
    return { folder, prefix, pid: child.pid ?? 0, metrics, ended };
  }
  throw new Error(`the worker of ${folder} did not start`);
}

/** Nanoseconds of CPU of all threads, how often they went to sleep by themselves, and the sockets that are open. */
function costs(pid: number): { readonly cpu: number; readonly sleeps: number; readonly sockets: number } {
  let [cpu, sleeps] = [0, 0];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    cpu += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    sleeps += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))?.[1]);
  }
  return { cpu, sleeps, sockets: readdirSync(`/proc/${pid}/fd`).length };
}

/** The states that tables are in, with how many there are of each. */
async function states({ metrics }: Worker): Promise<Record<string, number>> {
  const text = await (await fetch(metrics)).text();
  const found: Record<string, number> = {};
  for (const [, state = ''] of text.matchAll(/^tributary_table_state\{.*state="(\w+)"\} 1$/gm)) found[state] = (found[state] ?? 0) + 1;
  return found;
}

try {
  const klaviyo = await simulator<{ url: string }>(simulators, 'klaviyo', '--no-limits', '--profiles', '30', '--events', '200');
  const { us } = await simulator<{ us: { url: string; tokens: { business: string } } }>(
    simulators,
    'segment',
    '--unlimited',
    '--sources',
    '5',
    '--destinations',
    '5',
    '--audit-events',
    '50',
    '--usage-months',
    '1',
  );
  const customerIo = await simulator<{ url: string; keys: { full: string } }>(simulators, 'customer-io', '--unlimited', '--people', '20');
  const pendo = await simulator<{ url: string; key: string }>(simulators, 'pendo', '--unlimited', '--days', '3', '--visitors', '50');
  const listrak = await simulator<{ url: string; user: string; password: string }>(
    simulators,
    'listrak',
    '--messages',
    '3',
    '--contacts',
    '20',
  );
  const connection = (settings: object): object => ({ settings, schedule: '0 0 29 2 *' });
  const connections = {
    klaviyo: connection({ api_key: 'pk_simulator_000', base_url: klaviyo.url }),
    segment: connection({ api_token: us.tokens.business, base_url: us.url, requests_per_minute: 6_000 }),
    customer_io: connection({ access_token: customerIo.keys.full, base_url: customerIo.url }),
    pendo: connection({ integration_key: pendo.key, base_url: pendo.url, requests_per_second: 100 }),
    listrak: connection({ username: listrak.user, password: listrak.password, base_url: listrak.url }),
  };
  const workers: Worker[] = [];
  for (const [at, folder] of folders.entries()) workers.push(await startWorker(folder, at, connections));
  for (const worker of workers) {
    for (;;) {
      const now = await states(worker);
      console.log(worker.folder, JSON.stringify(now));
      if (Object.keys(now).length > 0 && Object.keys(now).every((state) => !['in_progress', 'not_synced', 'rate_limited'].includes(state)))
        break;
      await sleep(5_000);
    }
  }
  // What belongs to the runs that have just ended is closed by then.
  await sleep(45_000);
  for (let round = 1; round <= 3; round += 1) {
    const before = workers.map(({ pid }) => costs(pid));
    const began = performance.now();
    await sleep(seconds * 1_000);
    const lasted = (performance.now() - began) / 1_000;
    for (const [at, { pid, folder }] of workers.entries()) {
      const { cpu, sleeps, sockets } = costs(pid);
      const of = before[at] ?? { cpu: 0, sleeps: 0 };
      console.log(
        `round ${round}: ${folder}: ${((cpu - of.cpu) / 1e7 / lasted).toFixed(2)} % of a core, ${((sleeps - of.sleeps) / lasted).toFixed(0)} wake-ups/s, ${sockets} files; load ${loadavg()[0]?.toFixed(1)}`,
      );
    }
  }
  for (const { pid, ended } of workers) {
    process.kill(pid, 'SIGINT');
    await ended;
  }
  const admin = new Kafka({
    brokers: [...stack.brokers],
    sasl: { mechanism: 'plain', ...stack.login },
    logLevel: logLevel.NOTHING,
  }).admin();
  await admin.connect();
  const all = await admin.listTopics();
  console.log(`${all.length} topics on the broker`);
  await admin.deleteTopics({ topics: all.filter((topic) => workers.some(({ prefix }) => topic.startsWith(`${prefix}.`))) });
  await admin.disconnect();
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
}
