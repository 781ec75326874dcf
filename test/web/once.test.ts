import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Guarded } from '../../src/web/guard.ts';
import { onceGuard, sameClickMs } from '../../src/web/once.ts';

/** A server with two commands, what was done, and its time. */
function server() {
  const done: string[] = [];
  const clock = { now: 0, fails: false };
  const app = new Hono<Guarded>();
  app.use(async (c, next) => {
    c.set('session', c.req.header('x-session') ?? 'one');
    await next();
  });
  app.use(
    onceGuard(
      () => clock.now,
      (path) => path === '/api',
    ),
  );
  app.onError((_, c) => c.text('That did not work', 400));
  app.post('/:command', async (c) => {
    // Long enough that a second click comes before the answer to the first.
    await new Promise((resolve) => setImmediate(resolve));
    if (clock.fails) throw new TributaryError('No.', { kind: 'transient' });
    done.push(c.req.param('command'));
    return c.redirect(`/?done=${c.req.param('command')}`, 303);
  });
  const send = async (command: string, session = 'one', more = ''): Promise<string> => {
    const answer = await app.request(`/${command}`, {
      method: 'POST',
      body: new URLSearchParams({ form_token: 't', more }),
      headers: { 'x-session': session },
    });
    return answer.headers.get('location') ?? String(answer.status);
  };
  return { done, clock, send };
}

test('a form sent twice at once, or again right after its answer, is done once and leads there twice', async () => {
  const { done, clock, send } = server();
  expect(await Promise.all([send('sync'), send('sync')])).toEqual(['/?done=sync', '/?done=sync']);
  clock.now += sameClickMs - 1;
  expect(await send('sync')).toBe('/?done=sync');
  expect(done).toEqual(['sync']);
});

test('a form sent again later is done again', async () => {
  const { done, clock, send } = server();
  await send('sync');
  clock.now += sameClickMs;
  await send('sync');
  expect(done).toEqual(['sync', 'sync']);
});

test('another command, other fields, another session and a program are no double click', async () => {
  const { done, send } = server();
  for (const command of ['pause', 'resume', 'pause', 'api', 'api']) await send(command);
  await send('backfill', 'one', 'since 2025');
  await send('backfill', 'one', 'since 2026');
  await send('backfill', 'two', 'since 2026');
  expect(done).toEqual(['pause', 'resume', 'pause', 'api', 'api', 'backfill', 'backfill', 'backfill']);
});

test('what was not done may be repeated at once', async () => {
  const { done, clock, send } = server();
  clock.fails = true;
  expect(await send('sync')).toBe('400');
  clock.fails = false;
  expect(await send('sync')).toBe('/?done=sync');
  expect(done).toEqual(['sync']);
});
