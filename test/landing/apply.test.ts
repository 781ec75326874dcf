import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { applyLanding } from '../../src/landing/apply.ts';
import { connectClient } from '../../src/landing/connect-client.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { landingOf } from './landings.ts';

let worker: Server | undefined;
afterEach(() => {
  worker?.close();
  worker?.closeAllConnections();
});

test('a failed task is started again, also when the workers are sorting out who does what at that moment', async () => {
  const rendered = renderLanding(landingOf('postgres'));
  const asked: string[] = [];
  let busy = 2;
  let failed = true;
  worker = createServer((request, response) => {
    const path = request.url ?? '';
    const answer = (status: number, body: object): void => {
      asked.push(`${request.method} ${path.split('/').at(-1)} ${status}`);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (path.endsWith('/config')) return answer(200, rendered.connectors[0]!.config);
    if (path.includes('/restart')) {
      if ((busy -= 1) >= 0) return answer(409, { error_code: 409, message: 'rebalance in progress' });
      failed = false;
      return answer(202, {});
    }
    return answer(200, {
      connector: { state: 'RUNNING' },
      tasks: [failed ? { id: 0, state: 'FAILED', trace: 'x' } : { id: 0, state: 'RUNNING' }],
    });
  });
  await new Promise<void>((listening) => worker!.listen(0, '127.0.0.1', listening));
  const connect = connectClient(`http://127.0.0.1:${(worker.address() as AddressInfo).port}`);
  const diffs = await applyLanding(rendered, connect, { now: Date.now, signal: new AbortController().signal });
  expect(diffs.map(({ kind }) => kind)).toEqual(['same']);
  expect(asked.filter((one) => one.includes('restart')).map((one) => one.slice(-3))).toEqual(['409', '409', '202']);
});
