import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeLock } from '../../src/core/lock.ts';
import { sampleSource } from '../config/sample-source.ts';
import { startCommand } from '../support/command.ts';
import { refusedPort } from '../support/refused-port.ts';

test('a local stack that another process is just starting or stopping is told with that process, and to try again', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-borrowed-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'tributary.yaml'), 'connections: { sample: { settings: { api_key: sk_1 } } }\n');
  const stack = join(dir, '.tributary', 'stack');
  mkdirSync(stack, { recursive: true });
  // The folder of a stack of which no part answers yet.
  const port = await refusedPort();
  const ports = { postgres: port, kafka: port, controller: port, registry: port, connect: port };
  const password = 's3cret-of-the-stack';
  writeFileSync(join(stack, 'stack.json'), JSON.stringify({ version: 1, ports, password, clusterId: 'c', pids: {} }), { mode: 0o600 });
  const lock = await takeLock(join(stack, 'owner.lock'));
  const { code, err } = await startCommand({ sources: [sampleSource], cwd: dir }, ['--log-format', 'json', 'status']).ended;
  const lines = err
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.find((line) => line['code'] !== undefined)).toMatchObject({
    code: 'stack:borrowed',
    msg: expect.stringMatching(new RegExp(`in use by process ${process.pid}, which is starting or stopping it\\.$`)) as string,
    remedy: 'Try again in a moment.',
  });
  expect(code).not.toBe(0);
  expect(err).not.toContain(password);
  if ('release' in lock) await lock.release();
});
