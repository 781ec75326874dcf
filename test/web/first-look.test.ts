import { expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { NOW, openSite } from './open-site.ts';

const paths = ['/', '/c/klaviyo', '/workers', '/audit', '/api/v1/overview', '/api/v1/connections/klaviyo'];

async function ask(site: { readonly url: string }) {
  const answered: string[] = [];
  const asking = paths.map(async (path) => {
    const answer = await fetch(`${site.url}${path}`);
    answered.push(`${path} ${answer.status}`);
  });
  // These are answered whatever the topics say, and after several of them the others have long arrived.
  for (let turn = 0; turn < 5; turn += 1) expect((await fetch(`${site.url}/login`, { redirect: 'manual' })).status).toBeLessThan(400);
  return { answered, all: Promise.all(asking) };
}

it('no page and no answer of the API tells of tables before the topics have been read once', async () => {
  let read: () => void = () => undefined;
  const site = await openSite({ ready: new Promise((resolve) => (read = resolve)) });
  onTestFinished(() => site.close());
  const { answered, all } = await ask(site);
  expect(answered).toEqual([]);
  read();
  await all;
  expect(answered.sort()).toEqual(paths.map((path) => `${path} 200`).sort());
});

it('pages come after ten seconds all the same, if Kafka is away', async () => {
  let now = NOW;
  const due: (() => void)[] = [];
  const timer: Clock['timer'] = (ms, callback) => {
    if (ms === 10_000) due.push(callback);
    return () => undefined;
  };
  const site = await openSite({ ready: new Promise(() => undefined), clock: { now: () => now, timer } });
  onTestFinished(() => site.close());
  const { answered, all } = await ask(site);
  expect(answered).toEqual([]);
  now += 10_000;
  due.forEach((callback) => callback());
  await all;
  expect(answered).toHaveLength(paths.length);
});
