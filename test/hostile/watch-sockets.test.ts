import { get } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { serve } from '../sdk/server.ts';
import { watchSockets } from './watch-sockets.ts';

const asked = (url: string): Promise<void> =>
  new Promise((resolve) => {
    get(url, { agent: false }, (answer) => answer.resume().on('close', resolve)).on('error', () => resolve());
  });

it('a connection to another place is seen, answered or not', async () => {
  const [ours, other] = [await serve((_, response) => response.end()), await serve((_, response) => response.end())];
  const sockets = watchSockets([ours.url]);
  onTestFinished(() => sockets.close());
  await asked(ours.url);
  expect(sockets.strange()).toEqual([]);
  await asked(other.url);
  await asked('http://127.0.0.1:9/');
  expect(sockets.strange()).toEqual([new URL(other.url).host, '127.0.0.1:9']);
});
