import { expect, test } from 'vitest';
import { canonicalJson } from '../../src/core/json/canonical.ts';
import { table } from '../../src/sdk/define.ts';
import { json, text } from '../../src/sdk/fields.ts';
import { compileRowMask } from '../../src/record/mask.ts';

const plain = {
  name: 'thing',
  docs: 'x',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  deletes: 'none',
  async *read() {},
} as const;
const row = {
  id: 1,
  settings: { host: 'db.example.test', n: 7 },
  nested: { write_Key: 'wk_very_secret_1234' },
  apiToken: 'tok_0123456789abcdef',
  label: 'kept',
};

test('a raw row hides masked columns and what usually is a secret, at any depth', () => {
  const mask = compileRowMask(table({ ...plain, fields: { id: text('Id'), settings: json('Settings').masked() } }));
  const shown = canonicalJson(mask(row));
  expect(JSON.parse(shown)).toMatchObject({ id: 1, label: 'kept' });
  for (const secret of ['db.example', 'very_secret', 'tok_0123']) expect(shown).not.toContain(secret);
});

test('a table without masked columns keeps its rows as they are', () => {
  expect(compileRowMask(table({ ...plain, fields: { id: text('Id') } }))(row)).toBe(row);
});
