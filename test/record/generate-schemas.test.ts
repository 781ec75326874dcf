import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalogue, withCatalogue } from '../support/catalogue.ts';
import { table } from '../../src/sdk/define.ts';
import { integer, json, text, timestamp } from '../../src/sdk/fields.ts';
import { checkSchemas, generateSchemas } from '../../src/record/schema-files.ts';
import type { Fields, TableDefinition } from '../../src/core/table.ts';

const fields = { id: text('Id'), n: integer('N'), made_at: timestamp('Made'), props: json('Props') };
const things = (change: Fields = fields, more: Partial<TableDefinition> = {}): { name: string; tables: TableDefinition[] }[] => [
  {
    name: 'vendor',
    tables: [
      table({
        name: 'things',
        docs: 'Vendor: a | b',
        documentedKey: ['id'],
        key: ['id'],
        method: 'full_table',
        deletes: 'scan',
        fields: change,
        async *read() {},
        ...more,
      }) as TableDefinition,
    ],
  },
];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'schemas-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('committed schemas', () => {
  it('are complete after generating, and generating again writes nothing', () => {
    expect(checkSchemas(directory, things())).toHaveLength(2);
    expect(generateSchemas(directory, things())).toEqual(['vendor/things.key.avsc', 'vendor/things.value.avsc']);
    expect(checkSchemas(directory, things())).toEqual([]);
    expect(generateSchemas(directory, things())).toEqual([]);
    const value = JSON.parse(readFileSync(join(directory, 'vendor/things.value.avsc'), 'utf8'));
    expect(value.fields).toMatchObject([
      { name: 'id', type: 'string' },
      { name: 'n', type: ['null', 'long'], default: null },
      { name: 'made_at', type: ['null', { logicalType: 'timestamp-millis' }] },
      { name: 'props', type: ['null', { 'connect.name': 'io.debezium.data.Json' }] },
      { name: '_extra' },
      { name: '_synced_at', type: { type: 'long' } },
      { name: '_deleted', default: false },
    ]);
  });

  it('keep every earlier value schema, and check a new one against all of them', () => {
    generateSchemas(directory, things());
    const { n: _, ...without } = fields;
    expect(generateSchemas(directory, things(without))).toEqual(['vendor/history/things.value.v1.avsc', 'vendor/things.value.avsc']);
    expect(() => generateSchemas(directory, things({ ...without, n: text('N as text now') }))).toThrow(/v1\.avsc/);
    generateSchemas(directory, things({ ...without, added: text('Added') }));
    expect(readdirSync(join(directory, 'vendor/history'))).toEqual(['things.value.v1.avsc', 'things.value.v2.avsc']);
    expect(checkSchemas(directory, things({ ...without, added: text('Added') }))).toEqual([]);
  });

  it('take a reworded doc without a new version', () => {
    generateSchemas(directory, things());
    expect(generateSchemas(directory, things({ ...fields, n: integer('Number of things') }))).toEqual(['vendor/things.value.avsc']);
  });

  it('refuse another key', () => {
    generateSchemas(directory, things());
    expect(() => generateSchemas(directory, things(fields, { key: ['id', 'made_at'], keyReason: 'x' }))).toThrow(/key changed/);
    expect(() => generateSchemas(directory, things({ ...fields, id: integer('Id') }))).toThrow(/key changed/);
  });

  it('say which table does not fit them, and what may be changed', () => {
    generateSchemas(directory, things());
    const refused = (change: Fields): unknown => {
      try {
        return generateSchemas(directory, things(change));
      } catch (error) {
        return error;
      }
    };
    expect(refused({ ...fields, n: text('N as text now') })).toMatchObject({
      kind: 'config',
      code: 'schemas:incompatible',
      message: expect.stringMatching(/vendor\.things: the value schema does not fit vendor\/things\.value\.avsc both ways/),
      remedy: expect.stringMatching(/Only add or remove nullable columns/),
    });
  });

  it('report outdated and left-over files', () => {
    generateSchemas(directory, things());
    writeFileSync(join(directory, 'vendor/gone.key.avsc'), '{}');
    const faults = checkSchemas(directory, things({ ...fields, more: text('More') }));
    expect(faults).toEqual([
      expect.stringContaining('things.value.avsc is not what'),
      expect.stringContaining('gone.key.avsc belongs to no table'),
    ]);
  });
});

describe('the catalogue', () => {
  const [{ tables }] = things(fields, {
    key: ['id', 'n'],
    keyReason: 'ids repeat',
    method: 'incremental',
    replicationKey: 'made_at',
  }) as unknown as [{ tables: TableDefinition[] }];
  it('lists the tables between the markers, and is current when nothing changes', () => {
    const document = 'Before\n<!-- tables: generated, do not edit -->\nold\n<!-- /tables -->\nAfter\n';
    const current = withCatalogue(document, tables);
    expect(current).toContain('| `things` | `id`, `n`: ids repeat | incremental by `made_at` | by complete listing | Vendor: a \\| b |');
    expect(current).toMatch(/^Before\n.*\nAfter\n$/s);
    expect(withCatalogue(current, tables)).toBe(current);
    expect(catalogue(tables).split('\n')).toHaveLength(3);
  });
  it('names the markers when they are missing', () => {
    expect(() => withCatalogue('nothing here', tables)).toThrow(/no place/);
  });
});
