import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { freePort, settingsText, startProcess, until, writeFile } from '../support/command.ts';

/* A worker that runs is told by SIGHUP to read its settings again; a rotated key in .env changes no settings file. */

const stack = inject('stack');
let folder: string;
let vendor: KlaviyoSimulator;
let port: number;
let good: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-reload-'));
  vendor = await startKlaviyoSimulator({ limits: false, profiles: 5, events: 5, metrics: 5 });
  port = await freePort();
  good = settingsText({
    prefix: `reload${randomBytes(3).toString('hex')}`,
    kafka: stack,
    metricsPort: port,
    connections: `klaviyo:\n  settings: { api_key: "\${KLAVIYO_API_KEY}", base_url: "${vendor.url}" }\n  tables: [metric]`,
  });
  writeFile(folder, 'tributary.yaml', good);
  writeFile(folder, '.env', 'KLAVIYO_API_KEY=pk_rotated_away\n');
});
afterAll(async () => {
  await vendor?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function outcome(): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined);
  if (!answer?.ok) return undefined;
  const { tables } = (await answer.json()) as { tables: { state: { kind: string }; lastRun?: { outcome: string } }[] };
  return tables[0]?.state.kind === 'failed' ? 'failed' : tables[0]?.lastRun?.outcome;
}

/** Whether the process has a handler for SIGHUP, by the kernel's word. */
const takesHangup = (pid: number): boolean => {
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 1n) === 1n;
};

test.runIf(process.platform === 'linux')('SIGHUP that comes before the worker runs is kept until it can be taken', async () => {
  const worker = startProcess({ cwd: folder }, ['run']);
  try {
    await until('SIGHUP is taken', () => takesHangup(worker.pid));
    process.kill(worker.pid, 'SIGHUP');
    expect(worker.err()).not.toContain('Running.');
    await until('the settings are read again', () => worker.err().includes('The settings were read again.'));
    await until('the worker runs', () => worker.err().includes('Running.'));
  } finally {
    worker.interrupt();
  }
  expect((await worker.ended).code).toBe(130);
});

test('a wrong file changes nothing and is told; a rotated key is taken up; the worker goes on', async () => {
  const worker = startProcess({ cwd: folder }, ['run']);
  try {
    await until('the key is refused', async () => (await outcome()) === 'failed');

    writeFile(folder, 'tributary.yaml', good.replace('api_key', 'apikey'));
    process.kill(worker.pid, 'SIGHUP');
    await until('the fault is told', () => worker.err().includes('the earlier ones stay in use'));
    expect(worker.err()).toMatch(/apikey is not a known setting; did you mean api_key\?/);

    writeFile(folder, 'tributary.yaml', good.replace(/^prefix: .*/m, 'prefix: another'));
    process.kill(worker.pid, 'SIGHUP');
    await until('what needs a new start is told', () => worker.err().includes('Settings: prefix changed, which needs a restart.'));

    writeFile(folder, 'tributary.yaml', good.replace(/^prefix: .*/m, '$&\ntimezone: Europe/Berlin'));
    process.kill(worker.pid, 'SIGHUP');
    await until('the time zone is told', () => worker.err().includes('Settings: timezone changed, which needs a restart.'));
    const { out } = await startProcess({ cwd: folder }, ['status']).ended;
    expect(out).toContain('settings: The worker does not use all of the settings file: timezone changed, which needs a restart.');

    writeFile(folder, 'tributary.yaml', good);
    writeFile(folder, '.env', `KLAVIYO_API_KEY=${DEFAULT_KEY}\n`);
    process.kill(worker.pid, 'SIGHUP');
    await until('a run with the new key', async () => (await outcome()) === 'succeeded');
    expect(worker.err()).toContain('The settings have changed and are applied.');
    expect(worker.err()).not.toContain(DEFAULT_KEY);
  } finally {
    worker.interrupt();
  }
  expect((await worker.ended).code).toBe(130);
});
