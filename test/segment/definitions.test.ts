import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const folder = new URL('../../producers/segment/tables/', import.meta.url);
/** 25 before the formatter put every option of a reader on a line of its own. */
const LONGEST = 31;

it('a definition takes at most 31 lines or says why not', async () => {
  const found: string[] = [];
  const unexplained: string[] = [];
  for (const file of await readdir(folder)) {
    const text = await readFile(new URL(file, folder), 'utf8');
    for (const [definition, name = ''] of text.matchAll(/^export const (\w+) =[^;]*?\btable\(\{\n[^]*?^ *\}\);$/gm)) {
      found.push(name);
      if (definition.split('\n').length > LONGEST && !/\/\/ .*25 lines/.test(definition)) unexplained.push(name);
    }
  }
  expect(found).toHaveLength(18);
  expect(unexplained).toEqual([]);
});
