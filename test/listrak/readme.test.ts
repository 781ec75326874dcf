import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { listrak } from '../../producers/listrak/index.ts';
import { listrakSettings } from '../../producers/listrak/settings.ts';
import { withCatalogue } from '../support/catalogue.ts';

const readme = new URL('../../producers/listrak/README.md', import.meta.url);

it('the README lists the tables as they are defined, and every setting', async () => {
  const text = await readFile(readme, 'utf8');
  // With -u the list is brought up to date.
  await expect(withCatalogue(text, listrak.tables(listrakSettings.parse({ username: 'x', password: 'y' })))).toMatchFileSnapshot(
    fileURLToPath(readme),
  );
  const settings = text.slice(text.indexOf('## Settings'), text.indexOf('## How long'));
  expect([...settings.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).sort()).toEqual(Object.keys(listrakSettings.shape).sort());
});

it('the README reckons right', async () => {
  const text = await readFile(readme, 'utf8');
  const [messages, lists, windows] = [600, 5, 3];
  const pages = [0.15, 0.12, 0.02, 0.002, 0.01, 1].map((share) => Math.ceil((50_000 * share) / 2_500));
  const perMessage = pages.reduce((sum, count) => sum + count + 1, 0);
  const first = 1 + lists * windows + messages * perMessage + lists * (50_000 / 2_500 + 1);
  expect(text).toContain(`${perMessage} calls a message`);
  expect([perMessage, messages * perMessage, first]).toEqual([35, 21_000, 21_121]);
  expect(Math.round((first * 0.5) / 60)).toBe(2 * 60 + 56);
  expect(Math.round((first * 0.5) / 3 / 60)).toBe(59);
  expect(Math.round((3_020 * 0.5) / 60)).toBe(25);
});
