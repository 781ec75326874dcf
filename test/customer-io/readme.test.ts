import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { customerIo } from '../../producers/customer_io/index.ts';
import { customerIoSettings } from '../../producers/customer_io/settings.ts';
import { withCatalogue } from '../support/catalogue.ts';

const readme = new URL('../../producers/customer_io/README.md', import.meta.url);

it('the README lists the tables as they are defined', async () => {
  const text = await readFile(readme, 'utf8');
  // With -u the list is brought up to date.
  await expect(withCatalogue(text, customerIo.tables(customerIoSettings.parse({ access_token: 'x' })))).toMatchFileSnapshot(
    fileURLToPath(readme),
  );
});

it('the README names every setting', async () => {
  const text = await readFile(readme, 'utf8');
  const settings = text.slice(text.indexOf('## Settings'), text.indexOf('## Limits'));
  expect([...settings.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).sort()).toEqual(Object.keys(customerIoSettings.shape).sort());
});
