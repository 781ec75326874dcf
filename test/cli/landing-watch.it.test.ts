import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { watchLandings } from '../../src/cli/landing-watch.ts';
import type { Clock } from '../../src/core/clock.ts';
import { connectClient } from '../../src/landing/connect-client.ts';
import { renderLanding } from '../../src/landing/render.ts';
import type { Logger } from '../../src/observability/log.ts';
import { testAccess } from '../landing/kafka-helpers.ts';
import { landingOf } from '../landing/landings.ts';
import { until } from '../support/command.ts';

const { brokers } = inject('stack');
let worker: Server;
let up = false;
let asked = 0;

beforeAll(async () => {
  // A Connect worker without connectors, which may be away.
  worker = createServer((request, response) => {
    asked += 1;
    if (!up) return void request.socket.destroy();
    response.statusCode = 404;
    response.end('{}');
  });
  await new Promise<void>((listening) => worker.listen(0, '127.0.0.1', listening));
});
afterAll(() => {
  worker.close();
  worker.closeAllConnections();
});

test('a Connect worker that is away is told once, shown as not seen, and seen again when it is back', async () => {
  const told: string[] = [];
  let now = 1_000_000;
  // Fifteen seconds pass in a moment.
  const clock: Clock = {
    now: () => now,
    timer(ms, callback) {
      const handle = setTimeout(() => {
        now += ms;
        callback();
      }, 5);
      return () => clearTimeout(handle);
    },
  };
  const log = { info: (text: string) => void told.push(text), warn: (text: string) => void told.push(text) } as unknown as Logger;
  const landing = { ...landingOf('postgres'), prefix: `watch${randomBytes(4).toString('hex')}`, name: 'wh' };
  const connect = connectClient(`http://127.0.0.1:${(worker.address() as AddressInfo).port}`);
  const assigned: string[] = [];
  const watch = watchLandings({
    landings: [{ landing, rendered: renderLanding(landing), connect }],
    access: testAccess(brokers),
    assigned: () => assigned,
    clock,
    log,
  });
  try {
    await until('time passes', () => now > 1_010_000);
    expect({ asked, seen: watch.landings() }).toEqual({ asked: 0, seen: [] });

    assigned.push('shop');
    await until('it was asked several times', () => asked > 2);
    expect(watch.landings()).toMatchObject([{ landing: 'wh', sinks: [] }]);
    expect(watch.landings()[0]?.seenAt).toBeUndefined();
    expect(told).toEqual([expect.stringMatching(/^The landing wh cannot be checked: Kafka Connect at .* does not answer \(ECONNRESET\)/)]);

    up = true;
    const [found] = await until('it is seen', () => (watch.landings()[0]?.sinks.length ?? 0) > 0 && watch.landings());
    expect(found).toMatchObject({ landing: 'wh', sinks: [{ connector: 'wh-shop', state: 'MISSING' }] });
    expect(told).toHaveLength(2);
    const seenAt = found?.seenAt ?? 0;
    expect(seenAt).toBeGreaterThan(1_000_000);

    up = false;
    const [lost] = await until('it is away again', () => watch.landings()[0]?.sinks.length === 0 && watch.landings());
    expect(lost?.seenAt).toBeGreaterThanOrEqual(seenAt);
    // Another worker reads the connection now.
    assigned.pop();
    await until('nothing is told of it any more', () => watch.landings().length === 0);
  } finally {
    await watch.stop();
  }
  const after = asked;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).toBe(after);
});
