import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const folder = new URL('../../producers/segment/tables/', import.meta.url);
const LONGEST = 25;

it('a definition takes at most 25 lines or says why not', async () => {
  const found: string[] = [];
  const unexplained: string[] = [];
  for (const file of await readdir(folder)) {
    const text = await readFile(new URL(file, folder), 'utf8');
    for (const [definition, name = ''] of text.matchAll(/^export const (\w+) =[^\n]* table\(\{\n[^]*?^\}\);$/gm)) {
      found.push(name);
      if (definition.split('\n').length > LONGEST && !/\/\/ .*25 lines/.test(definition)) unexplained.push(name);
    }
  }
  expect(found).toHaveLength(18);
  expect(unexplained).toEqual([]);
});
