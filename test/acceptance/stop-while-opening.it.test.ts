import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { until } from '../kafka/support.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { openTestEngine } from '../support/engine.ts';

const { brokers, registryUrl } = inject('stack');
const prefix = `stop${randomBytes(4).toString('hex')}`;
const tables = ['metric', 'profile', 'event'];
let dataDir: string;
let vendor: KlaviyoSimulator;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-stop-'));
  vendor = await startKlaviyoSimulator({ profiles: 20, events: 20, metrics: 20, limits: false });
});
afterAll(async () => {
  await vendor?.close();
  await rm(dataDir, { recursive: true, force: true });
});

test('a connection stopped anywhere in its opening leaves no socket open and its index sound', { timeout: 240_000 }, async () => {
  let opened = 0;
  const leftOver: Record<number, number> = {};
  for (let last = 1; last <= opened + 1 && last <= 40; last += 1) {
    const stop = new AbortController();
    const sockets = new Set<Socket>();
    opened = 0;
    const { engine, close } = await openTestEngine({
      brokers,
      registryUrl,
      prefix,
      dataDir,
      connections: [{ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: vendor.url } }],
      access: {
        socketFactory({ host, port, onConnect }) {
          opened += 1;
          if (opened === last) stop.abort();
          const socket = net.connect({ host, port }, onConnect);
          sockets.add(socket);
          socket.once('close', () => sockets.delete(socket));
          return socket;
        },
      },
    });
    await engine.sync([{ connection: 'klaviyo' }], stop.signal).catch((error: unknown) => expect(error).toMatchObject({ kind: 'stopped' }));
    await close();
    await until('all sockets closed', () => sockets.size === 0, 5).catch(() => (leftOver[last] = sockets.size));
    for (const table of tables)
      expect(
        existsSync(join(dataDir, 'index', prefix, 'klaviyo', table, 'broken')),
        `stopped at socket ${last}: ${table} marked as damaged`,
      ).toBe(false);
    for (const socket of sockets) socket.destroy();
  }
  expect(opened, 'the last one was not stopped').toBeGreaterThan(5);
  expect(leftOver, 'sockets left open, by the socket at which it was stopped').toEqual({});
});
