import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { WebContext } from '../../src/web/context.ts';
import { watchParts, type PartHealth } from '../../src/web/model/parts.ts';
import { refusedPort } from '../support/refused-port.ts';

const server = createServer((request, response) => {
  response.statusCode = request.headers.authorization === 'Bearer t0ken' ? 200 : 401;
  response.setHeader('content-type', 'application/json').end('["a-key"]');
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => void server.close());

async function registryHealth(registry: object): Promise<PartHealth | undefined> {
  let seen: (() => void) | undefined;
  const looked = new Promise<void>((resolve) => (seen = resolve));
  const context = { access: { settings: { registry } }, clock: systemClock, landings: () => [] } as unknown as WebContext;
  const parts = watchParts(
    context,
    { landingErrors: () => [] },
    () => seen?.(),
    () => false,
  );
  await looked;
  await parts.stop();
  return parts.health().find(({ part }) => part === 'registry');
}

test('the registry is asked as everything else asks it, its token included', async () => {
  expect(await registryHealth({ url, token: 't0ken' })).toEqual({ part: 'registry', name: url, ok: true });
});

test('a registry that refuses us, or is not there, is told', async () => {
  expect(await registryHealth({ url })).toMatchObject({ ok: false, trouble: expect.stringContaining('(401)') });
  expect(await registryHealth({ url: `http://127.0.0.1:${await refusedPort()}` })).toMatchObject({
    ok: false,
    trouble: expect.stringContaining('(ECONNREFUSED)'),
  });
});
