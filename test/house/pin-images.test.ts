import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { digestOf, FILES, imagesIn, pinned } from '../../scripts/pin-images.mjs';

const texts = FILES.map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
const sha = (digit: string): string => `sha256:${digit.repeat(64)}`;

test('every image that is not built here is found, in whichever file', () => {
  const found = texts.flatMap(imagesIn).map(({ image }) => image);
  const all = texts.flatMap((text) => [...text.matchAll(/^\s*(?:FROM|image:)\s+([^\s@]+)/gm)].map(([, image]) => image ?? ''));
  expect(found.length).toBeGreaterThanOrEqual(9);
  expect(found).toEqual(all.filter((image) => !image.startsWith('tributary')));
});

test('pinning puts the digest behind the tag, pinning again replaces it, and nothing else changes', () => {
  for (const text of texts) {
    const digests = (digit: string) => new Map(imagesIn(text).map(({ image }) => [image, sha(digit)]));
    const once = pinned(text, digests('a'));
    expect(imagesIn(once).map(({ digest }) => digest)).toEqual(imagesIn(text).map(() => sha('a')));
    const twice = pinned(once, digests('b'));
    expect(twice).not.toContain(sha('a'));
    expect(twice.replaceAll(`@${sha('b')}`, '')).toBe(text.replaceAll(/@sha256:[0-9a-f]{64}/g, ''));
  }
});

test('the digest is what the registry says of the tag, asked with the token it gave', async () => {
  const asked: string[] = [];
  const hub = (async (url: string, init?: RequestInit) => {
    asked.push(`${init?.method ?? 'GET'} ${url}`);
    if (url.startsWith('https://auth.docker.io/')) return Response.json({ token: 't' });
    const known = new Headers(init?.headers).get('authorization') === 'Bearer t';
    return new Response(null, { status: known ? 200 : 401, headers: known ? { 'docker-content-digest': sha('c') } : {} });
  }) as typeof fetch;
  expect(await digestOf('node:22.14.0-bookworm-slim', hub)).toBe(sha('c'));
  expect(await digestOf('apache/kafka:4.3.1', hub)).toBe(sha('c'));
  expect(asked.filter((line) => line.startsWith('HEAD'))).toEqual([
    'HEAD https://registry-1.docker.io/v2/library/node/manifests/22.14.0-bookworm-slim',
    'HEAD https://registry-1.docker.io/v2/apache/kafka/manifests/4.3.1',
  ]);
});

test.each([
  ['gives no token', new Response('', { status: 503 })],
  ['names no digest', Response.json({ token: 't' })],
])('a registry that %s stops the release', async (what, answer) => {
  await expect(digestOf('node:1', (async () => answer.clone()) as typeof fetch)).rejects.toThrow(what);
});
