import { readFile, readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { pendo } from '../../producers/pendo/index.ts';
import { pendoSettings } from '../../producers/pendo/settings.ts';
import { withCatalogue } from '../../src/table/catalogue.ts';

const folder = new URL('../../producers/pendo/', import.meta.url);
const tables = pendo.tables(pendoSettings.parse({ integration_key: 'x' }));

it('the README lists the tables as they are defined, and every setting', async () => {
  const text = await readFile(new URL('README.md', folder), 'utf8');
  expect(withCatalogue(text, tables)).toBe(text);
  const settings = text.slice(text.indexOf('## Settings'), text.indexOf('## Tables'));
  expect([...settings.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).sort()).toEqual(Object.keys(pendoSettings.shape).sort());
});

it('a table takes at most 25 lines apart from its fields', async () => {
  let found = 0;
  for (const file of await readdir(new URL('tables/', folder))) {
    const text = (await readFile(new URL(`tables/${file}`, folder), 'utf8')).replace(/\n( +)fields: \{\n[\s\S]*?\n\1\},/g, '');
    for (const definition of text.split(/(?=\b(?:table|eventTable)\(\{)/).slice(1)) {
      const body = definition.slice(0, definition.search(/\n {0,2}\}[,)]/));
      found += 1;
      expect(body.split('\n').length, `${file}: ${body.slice(0, 80)}`).toBeLessThanOrEqual(25);
    }
  }
  // Feature, page and track events are defined together.
  expect(found).toBe(13);
});

it('an extended key holds every documented column', () => {
  for (const { name, documentedKey, key } of tables) for (const column of documentedKey) expect(key, name).toContain(column === 'day' ? 'period_start' : column);
});
