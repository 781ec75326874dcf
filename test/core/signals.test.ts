import { createServer, type AddressInfo } from 'node:net';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { anySignal, timeLimit } from '../../src/core/signals.ts';
import { registryHttp } from '../../src/kafka/registry-http.ts';
import { collectGarbage } from '../support/collect-garbage.ts';

/** Resolves when the signals have fired, with the garbage collector at work meanwhile. */
async function firing(listen: (fired: () => void) => void): Promise<string> {
  const collecting = setInterval(collectGarbage, 20);
  onTestFinished(() => clearInterval(collecting));
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => resolve('never'), 20_000);
    onTestFinished(() => clearTimeout(giveUp));
    listen(() => resolve('fired'));
  });
}

/** Node 20 lets go of a timeout that nothing but a combined signal knows. */
test.each<[string, (lifetime: AbortSignal) => AbortSignal]>([
  ['a time limit', () => timeLimit(200)],
  ['a time limit beside another signal', (lifetime) => timeLimit(200, lifetime)],
  ['a timeout of a caller', (lifetime) => anySignal(AbortSignal.timeout(200), lifetime)],
  ['a time limit inside another', (lifetime) => anySignal(anySignal(timeLimit(200), lifetime), lifetime)],
])('%s fires, although the garbage collector has run', async (_, made) => {
  const lifetime = new AbortController();
  const listened = firing((fired) => made(lifetime.signal).addEventListener('abort', fired, { once: true }));
  expect(await listened).toBe('fired');
  const looked = made(lifetime.signal);
  const found = firing((fired) => {
    const looking = setInterval(() => {
      if (!looked.aborted) return;
      clearInterval(looking);
      fired();
    }, 20);
  });
  expect(await found).toBe('fired');
  expect(looked.reason).toMatchObject({ name: 'TimeoutError' });
});

test('a registry that never answers is given up in time', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const ask = registryHttp({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, 300);
  const ended = firing((fired) => void ask('GET', '/subjects', undefined, new AbortController().signal).catch(fired));
  expect(await ended).toBe('fired');
});

test('no other place makes such signals', () => {
  const root = join(import.meta.dirname, '../..');
  const made = ['src', 'producers', 'exports', 'simulators', 'bin', 'templates'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => join(folder, file))
      .filter((file) => /\.tsx?$/.test(file) && /AbortSignal\.(any|timeout)\(/.test(readFileSync(join(root, file), 'utf8'))),
  );
  expect(made).toEqual([join('src', 'core', 'signals.ts')]);
});
