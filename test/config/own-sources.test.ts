import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSettings } from '../../src/config/load.ts';
import { sampleSource } from './sample-source.ts';
import { startProcess } from '../support/command.ts';

const house = join(import.meta.dirname, '..', '..');
const tsx = fileURLToPath(import.meta.resolve('tsx'));

const plain = (name: string, more = ''): string => `
import { fullScan, table, text, z, END } from 'tributary/source';
const item = table({ name: 'item', docs: 'Items', documentedKey: ['id'], key: ['id'], method: 'full_table', deletes: 'scan',
  fields: { id: text('Item') }, read: fullScan(async () => ({ rows: [], next: END })) });
export const own = { name: '${name}', title: 'Own', settings: z.strictObject({}), connect: () => ({}), probe: async () => ({ account: '' }),
  tables: () => [item], ${more} };
`;

/** Modules, and what each may be called in the settings. */
const cases: Readonly<
  Record<string, { readonly sources: string; readonly files?: Readonly<Record<string, string>>; readonly says: RegExp | string[] }>
> = {
  'TypeScript, with another file of it': {
    sources: '{ own: ./own.ts }',
    files: {
      'own.ts': `import { NAME } from './name.ts';\n${plain('own').replace("'own'", 'NAME as string')}`,
      'name.ts': `export const NAME: string = 'own';\n`,
    },
    says: ['own.item'],
  },
  JavaScript: { sources: '{ own: sub/own.mjs }', files: { 'sub/own.mjs': plain('own') }, says: ['own.item'] },
  'a default export': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': plain('own').replace('export const own =', 'export default') },
    says: ['own.item'],
  },
  'a path from the environment is no path': { sources: '{ own: "${OWN}.mjs" }', says: /there is no file .*\$\{OWN\}\.mjs/ },
  'no such file': { sources: '{ own: ./own.ts }', says: /line 1: the source own: there is no file \S+own\.ts\.$/ },
  'no module': { sources: '{ own: own.json }', files: { 'own.json': '{}' }, says: /own\.json is not a module/ },
  'a syntax error': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': 'export const = 1;' },
    says: /own\.mjs cannot be loaded: Unexpected token/,
  },
  'a package that is not there': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': `import 'left-pad-of-nobody';` },
    says: /cannot be loaded: Cannot find package 'left-pad-of-nobody'/,
  },
  'something that is thrown': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': `throw 'no text';` },
    says: /own\.mjs cannot be loaded: no text\.$/,
  },
  'no source': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': 'export const a = 1, b = null;' },
    says: /exports no source \(it exports a, b\)/,
  },
  'two sources': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': `${plain('own')}\nexport const other = { ...own };` },
    says: /exports 2 sources/,
  },
  'half a source': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': `export const own = { name: 'Own', title: '', settings: {}, tables: [] };` },
    says: /name must be a text .*; title must be a text; settings must be a zod 4 schema .*; connect must be a function; probe must be a function; tables must be a function/,
  },
  'another name': { sources: '{ own: own.mjs }', files: { 'own.mjs': plain('mine') }, says: /exports a source whose name is "mine"/ },
  'a name that is taken': {
    sources: '{ sample: own.mjs }',
    files: { 'own.mjs': plain('sample') },
    says: /the source sample has the name of a source that comes with Tributary/,
  },
  'a name for no topic': { sources: '{ Own-1: own.mjs }', files: { 'own.mjs': plain('Own-1') }, says: /is not a valid name for a source/ },
  'a table that is wrong': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': plain('own').replace("docs: 'Items'", "docs: ''") },
    says: /Table "item" is defined wrongly: it names no vendor page/,
  },
  'a table that did not go through table()': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': plain('own', `tables: () => [{ ...item, key: ['nr'] }],`) },
    says: /key column "nr" is not one of its fields/,
  },
  'two tables of one name': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': plain('own', 'tables: () => [item, item],') },
    says: /two tables called item/,
  },
  'no tables': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': plain('own', 'tables: () => [],') },
    says: /does not return a list of tables/,
  },
  'tables that fail': {
    sources: '{ own: own.mjs }',
    files: { 'own.mjs': plain('own', 'tables: (s) => s.a.b,') },
    says: /cannot be loaded: Cannot read properties of undefined/,
  },
  'no sources at all': { sources: '{}', says: [] },
};

let root: string;
const folderOf = (index: number): string => join(root, String(index));
let found: { tables: string[]; error: { kind: string; code: string; message: string; remedy?: string } | null }[];
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tributary-own-'));
  const files = Object.values(cases).map(({ sources, files: own = {} }, index) => {
    mkdirSync(join(folderOf(index), 'sub'), { recursive: true });
    for (const [name, text] of Object.entries(own)) writeFileSync(join(folderOf(index), name), text);
    const file = join(folderOf(index), 'tributary.yaml');
    writeFileSync(file, `sources: ${sources}\nconnections: { own: {} }\n`);
    return file;
  });
  const child = join(house, 'test', 'config', 'load-own-sources.ts');
  found = JSON.parse(execFileSync(process.execPath, ['--import', tsx, child, ...files], { cwd: root, encoding: 'utf8' })) as typeof found;
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each(Object.entries(cases).map(([name, one], index) => [name, one, index] as const))('%s', (_, { says }, index) => {
  const { tables, error } = found[index]!;
  if (Array.isArray(says)) {
    expect({ tables, error }).toEqual({ tables: says, error: null });
    return;
  }
  expect(tables).toEqual([]);
  expect(error).toMatchObject({
    kind: 'config',
    code: 'own_source',
    message: expect.stringMatching(says),
    remedy: expect.stringMatching(/\w+\.$/),
  });
  expect(error?.message).toContain(`${join(folderOf(index), 'tributary.yaml')} line 1: the source `);
});

describe('the command', () => {
  test('shows the tables, schemas, settings and SQL of an own source beside all others', async () => {
    const folder = join(root, 'command');
    mkdirSync(folder);
    cpSync(join(house, 'templates', 'source', 'acme.ts'), join(folder, 'acme.ts'));
    writeFileSync(
      join(folder, 'tributary.yaml'),
      `sources: { acme: ./acme.ts }
connections: { shop: { source: acme, settings: { api_key: key-of-the-shop } } }
kafka: { brokers: ["127.0.0.1:1"] }
registry: { url: "http://127.0.0.1:1" }
landings: { wh: { kind: postgres, host: db.example.com, database: warehouse, password_ref: "env:SINK_PASSWORD", connect_url: "http://127.0.0.1:1" } }
`,
    );
    const ask = async (...args: string[]): Promise<string> => {
      const { code, out, err } = await startProcess({ cwd: folder }, args).ended;
      expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
      return out;
    };
    expect(await ask('discover')).toMatch(/^shop\.item +id +full table +scan +4$/m);
    const schemas = await ask('schemas', 'list');
    expect(schemas).toContain('acme/item.value.avsc');
    expect(schemas).toContain('klaviyo/profile.value.avsc');
    expect(await ask('schemas', 'settings')).toMatch(/"acme"/);
    expect(await ask('landing', 'render', 'wh', 'setup.sql')).toMatch(/shop_item/);
  });

  test('a source that cannot be loaded stops what needs it, in words, and nothing else', async () => {
    const folder = folderOf(Object.keys(cases).indexOf('a syntax error'));
    for (const args of [['check'], ['schemas', 'list']]) {
      const { code, out, err } = await startProcess({ cwd: folder }, args).ended;
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/^error: \S+tributary\.yaml line 1: the source own: \S+own\.mjs cannot be loaded: .*\nCorrect the module/);
      expect(err).not.toMatch(/^\s+at /m);
    }
    expect((await startProcess({ cwd: folder }, ['doctor', '--help']).ended).code).toBe(0);
  });
});

test('a source that was added while a process runs is told to need a restart', () => {
  const settings = (): unknown =>
    parseSettings('sources: { late: ./late.ts }\nconnections: { sample: { settings: { api_key: sk_1 } } }\n', 'tributary.yaml', {
      sources: [sampleSource],
      variables: {},
      onSecret: () => undefined,
      readFile: () => '',
    });
  expect(settings).toThrow('line 1: sources.late has been added since this process was started; start it again to load it');
});
