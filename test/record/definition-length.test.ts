import { readFile, readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';

/** The texts of all table definitions in a folder, without their fields. A definition ends at its own indentation. */
async function definitionsIn(folder: URL): Promise<readonly string[]> {
  const texts = await Promise.all((await readdir(folder)).map((file) => readFile(new URL(file, folder), 'utf8')));
  return texts.flatMap((text) =>
    [...text.matchAll(/^( *)\S?.*\b(?:table\(\{|eventTable\(\n?)[\s\S]*?\n\1[})]/gm)].map(([definition]) =>
      definition.replace(/\n( +)fields: \{\n[\s\S]*?\n\1\},/, ''),
    ),
  );
}

test.each([
  ['segment', 18],
  ['customer_io', 18],
  ['klaviyo', 3],
  // Feature, page and track events are defined together; what all tables of events share is counted as one more.
  ['pendo', 14],
  ['listrak', 9],
])('a table of %s takes at most 25 lines apart from its fields', async (source, count) => {
  const definitions = await definitionsIn(new URL(`../../producers/${source}/tables/`, import.meta.url));
  expect(definitions).toHaveLength(count);
  expect(definitions.filter((body) => body.split('\n').length > 25)).toEqual([]);
});
