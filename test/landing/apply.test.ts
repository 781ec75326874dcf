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

test('tasks that do not start in time are no failure of the settings: it says where to look', async () => {
  const rendered = renderLanding(landingOf('postgres'));
  const connect = await workerThat((path) =>
    path.endsWith('/config')
      ? [200, rendered.connectors[0]!.config]
      : [200, { connector: { state: 'RUNNING' }, tasks: [{ id: 0, state: 'UNASSIGNED' }] }],
  );
  let now = 0;
  // Each look at the clock takes a minute, so that the time is over with the second status.
  const applied = applyLanding(rendered, connect, { now: () => (now += 60_000), signal: new AbortController().signal });
  await expect(applied).rejects.toMatchObject({
    kind: 'transient',
    code: 'landing:not_running',
    message: `The connector ${rendered.connectors[0]!.name} is not running yet (RUNNING).`,
    remedy: expect.stringMatching(/tributary landing status/) as string,
  });
});

/** A worker of Connect that answers so. */
async function workerThat(answers: (path: string) => [status: number, body: object]) {
  worker = createServer((request, response) => {
    const [status, body] = answers(request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => worker!.listen(0, '127.0.0.1', listening));
  return connectClient(`http://127.0.0.1:${(worker.address() as AddressInfo).port}`);
}
