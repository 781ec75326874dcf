import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { segment } from '../../producers/segment/index.ts';
import { segmentSettings } from '../../producers/segment/settings.ts';
import { withCatalogue } from '../support/catalogue.ts';

const readme = new URL('../../producers/segment/README.md', import.meta.url);
const tables = segment.tables(segmentSettings.parse({ api_token: 'x' }));

it('the README lists the tables as they are defined', async () => {
  const text = await readFile(readme, 'utf8');
  // With -u the list is brought up to date.
  await expect(withCatalogue(text, tables)).toMatchFileSnapshot(fileURLToPath(readme));
});

it('the README names every table that needs a feature of the plan, and every setting', async () => {
  const text = await readFile(readme, 'utf8');
  const rights = text.slice(text.indexOf('## Token'), text.indexOf('## Settings'));
  expect([...rights.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).sort()).toEqual(
    tables
      .filter((table) => table.planGated !== undefined)
      .map(({ name }) => name)
      .sort(),
  );
  const settings = text.slice(text.indexOf('## Settings'), text.indexOf('## Limits'));
  expect([...settings.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).sort()).toEqual(Object.keys(segmentSettings.shape).sort());
});
