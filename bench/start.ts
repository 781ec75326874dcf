// TRIBUTARY_TEST_STACK=/tmp/stack.json tsx bench/start.ts <rows> <dist folder> [starts]: how long `tributary run` takes from its start to its
// first request when its live index holds so many rows and is up to date, and how long it takes to end; the last time after it was killed.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabases, unchecked } from '../src/state/index-file.ts';
import { type LiveIndexIdentity, openLiveIndex } from '../src/state/live-index.ts';
import { children, settingsText, simulator } from './run-program.ts';

const rows = Number(process.argv[2] ?? 10_000_000);
const folder = resolve(process.argv[3] ?? 'dist');
const starts = Number(process.argv[4] ?? 5);
const dir = mkdtempSync(join(tmpdir(), 'tributary-start-'));

/** A proxy of the vendor that knows when the first request of a start came. */
async function proxyOf(vendor: string): Promise<{ readonly url: string; firstRequest(): Promise<number> }> {
  let came: ((at: number) => void) | undefined;
  const server = createServer((incoming, answer) => {
    came?.(performance.now());
    const { method, headers } = incoming;
    const onward = request(
      new URL(incoming.url ?? '/', vendor),
      { method, headers: { ...headers, host: new URL(vendor).host } },
      (from) => {
        answer.writeHead(from.statusCode ?? 502, from.headers);
        from.pipe(answer);
      },
    );
    // The worker ends in the midst of requests.
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    firstRequest: () => new Promise((told) => (came = told)),
  };
}

function tributary(...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<number> } {
  const child = spawn(process.execPath, [join(folder, 'bin', 'tributary.js'), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  let said = '';
  child.stderr?.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-2_000)));
  return {
    child,
    ended: new Promise((done, failed) =>
      child.once('exit', (code) =>
        code === 0 || child.killed ? done(performance.now()) : failed(new Error(`ended with ${code}: ${said}`)),
      ),
    ),
  };
}

/** The only index with rows, whose folder holds a file of LMDB. */
function indexFile(under: string): string {
  const files = readdirSync(under, { recursive: true, encoding: 'utf8' }).filter((name) => /index-\d+\.mdb$/.test(name));
  return join(under, files.find((name) => name.includes('event')) ?? files[0] ?? '');
}

/** What the index was built for, as it is written in the store itself. */
async function identityOf(file: string): Promise<LiveIndexIdentity> {
  const { root, meta } = openDatabases(file, { readOnly: true });
  const format = unchecked(meta.get('format') ?? '');
  await root.close();
  return JSON.parse(format.slice(format.indexOf('{'))) as LiveIndexIdentity;
}

async function fill(file: string): Promise<void> {
  const index = openLiveIndex(dirname(file), await identityOf(file));
  if (index.rebuildReason() !== undefined) throw new Error(`the index was not taken: ${index.rebuildReason()}`);
  for (let left = rows - index.size(); left > 0; left -= 50_000) {
    const some = Array.from({ length: Math.min(left, 50_000) }, () => {
      const bytes = randomBytes(40);
      return {
        keyHash: bytes.subarray(0, 16),
        row: { rowHash: bytes.subarray(16, 32), scopeHash: Buffer.alloc(8), keyBody: Buffer.from(bytes.toString('hex', 27)) },
        fresh: true,
      };
    });
    await index.applyInTurns(some, new Map());
  }
  await index.flushInTurns();
  console.log(`${index.size()} rows in ${basename(file)}`);
  await index.close();
}

const cpuOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e9,
    0,
  );

try {
  const { url } = await simulator<{ url: string }>(folder, 'klaviyo', '--no-limits', '--profiles', '50', '--events', '2000');
  const vendor = await proxyOf(url);
  const config = join(dir, 'tributary.yaml');
  const settings = { api_key: 'pk_simulator_000', base_url: vendor.url };
  writeFileSync(
    config,
    settingsText(`start${process.pid}`, join(dir, 'data'), { klaviyo: { tables: ['event'], schedule: '* * * * *', settings } }),
  );
  await tributary('sync', '--config', config).ended;
  const file = indexFile(join(dir, 'data'));
  await fill(file);
  console.log(`${(statSync(file).size / 2 ** 20).toFixed(0)} MiB`);
  const seconds = (ms: number): string => (ms / 1_000).toFixed(2);
  const startOnce = async (name: string, signal: NodeJS.Signals): Promise<void> => {
    const began = performance.now();
    const asked = vendor.firstRequest();
    const { child, ended } = tributary('run', '--config', config);
    const first = await Promise.race([asked, ended.then(() => Promise.reject(new Error('run ended by itself')))]);
    const cpu = cpuOf(child.pid ?? 0);
    await sleep(3_000);
    const stopped = performance.now();
    child.kill(signal);
    console.log(
      `${name}: ${seconds(first - began)} s to the first request, ${cpu.toFixed(2)} s of CPU; ${seconds((await ended) - stopped)} s to the end by ${signal}; ${basename(indexFile(join(dir, 'data')))}; load ${loadavg()[0]?.toFixed(1)}`,
    );
  };
  for (let start = 1; start <= starts; start += 1) await startOnce(`start ${start}`, start === starts ? 'SIGKILL' : 'SIGTERM');
  await startOnce('after it was killed, with the copy of its index', 'SIGTERM');
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
}
