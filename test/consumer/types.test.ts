import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { defaultsOf } from '../../src/config/source-defaults.ts';
import type { DefinedSource } from '../../src/record/schema-files.ts';
import { javaTypes } from '../../src/record/types/java.ts';
import { pythonTypes } from '../../src/record/types/python.ts';
import { typescriptTypes } from '../../src/record/types/typescript.ts';
import { table } from '../../src/sdk/define.ts';
import { boolean, date, integer, json, number, text, timestamp } from '../../src/sdk/fields.ts';

const house = join(import.meta.dirname, '..', '..');
const all: DefinedSource[] = sources.map((source) => ({ name: source.name, tables: source.tables(defaultsOf(source)) }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-types-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Every type of column, and names and texts that a language could stumble over. */
const odd: DefinedSource = {
  name: 'odd_one',
  tables: [
    table({
      name: 'class',
      docs: 'Odd API: "quotes", */ ends, \\u0041 and <tags>',
      documentedKey: ['id'],
      key: ['id'],
      method: 'full_table',
      deletes: 'scan',
      fields: {
        id: integer('Id'),
        class: text('A word of Java and Python'),
        from: text('A word of Python: """quotes""" and a \\ at its end \\'),
        hash_code: number('hashCode() is taken */'),
        a1: boolean('First'),
        a_1: timestamp('Second, of the same name in camel case'),
        day: date('Day @since'),
        more: json('More'),
      },
      async *read() {},
    }),
  ],
};

test("what is shipped as `tributary/consumer` are today's definitions (else: tributary schemas generate)", () => {
  const files = typescriptTypes(all);
  expect(readdirSync(join(house, 'exports', 'tables')).sort()).toEqual(files.map(({ path }) => path).sort());
  for (const { path, text: wanted } of files) expect(readFileSync(join(house, 'exports', 'tables', path), 'utf8')).toBe(wanted);
});

test('TypeScript: columns are typed by their definition, keys are not null', () => {
  const [file] = typescriptTypes([odd]);
  expect(file?.path).toBe('odd-one.ts');
  expect(file?.text).toContain(`export interface OddOneClass {
  /** Id */
  readonly id: bigint;
  /** A word of Java and Python */
  readonly class: string | null;`);
  for (const line of ['hash_code: number | null', 'a1: boolean | null', 'a_1: Date | null', 'day: string | null', '_synced_at: Date'])
    expect(file?.text).toContain(`  readonly ${line}`);
  expect(file?.text).toContain("} as TableRef<OddOneClass, 'id'>,");
  writeFileSync(join(folder, 'odd-one.ts'), file?.text.replace("'tributary/consumer'", "'./consumer.ts'") ?? '');
  writeFileSync(
    join(folder, 'consumer.ts'),
    'export interface TableRef<R, K extends keyof R> { readonly key: readonly K[]; readonly columns: readonly (keyof R)[]; readonly source: string; readonly table: string }\n',
  );
  writeFileSync(
    join(folder, 'use.ts'),
    `import { oddOne, type OddOneClass } from './odd-one.ts';
export const key: readonly 'id'[] = oddOne.class.key;
export const wide = (row: OddOneClass): bigint => row.id;
// @ts-expect-error a column may be null
export const name = (row: OddOneClass): string => row.class;
`,
  );
  const tsc = join(house, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--allowImportingTsExtensions', '--types', ''];
  expect(execFileSync(process.execPath, [tsc, ...options, 'use.ts'], { cwd: folder, encoding: 'utf8' })).toBe('');
});

test('Python: the modules compile, and a row is made of what a deserializer gives', () => {
  for (const { path, text: code } of pythonTypes([...all, odd])) writeFileSync(join(folder, path), code);
  const names = readdirSync(folder);
  expect(names).toContain('tributary_customer_io.py');
  execFileSync('python3', ['-W', 'error', '-m', 'py_compile', ...names], { cwd: folder });
  const said = execFileSync(
    'python3',
    [
      '-c',
      `
import json
from tributary_odd_one import OddOneClass
from tributary_klaviyo import KlaviyoProfile
row = OddOneClass.of({"id": 2**53 + 1, "class": "x", "from": "y", "_deleted": False, "_synced_at": 1})
print(json.dumps([row.id, row.class_, row.from_, row.more, OddOneClass.of(None), OddOneClass.of({"_deleted": True}), OddOneClass.TABLE, KlaviyoProfile.TABLE]))
`,
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  expect(said.trim()).toBe('[9007199254740993, "x", "y", null, null, null, "odd_one.class", "klaviyo.profile"]');
});

test('Java: a record per table, no component of a name that Java refuses', () => {
  const files = javaTypes([...all, odd]);
  expect(files).toHaveLength(all.reduce((sum, { tables }) => sum + tables.length, 1));
  const java = files.find(({ path }) => path === 'tributary/OddOneClass.java')?.text ?? '';
  for (const component of [
    'Long id',
    'String class_',
    'String from',
    'Double hashCode_',
    'Boolean a1',
    'Instant a1_',
    'LocalDate day',
    'String more',
    'String _extra',
  ])
    expect(java).toContain(`    ${component}`);
  expect(java).not.toMatch(/\*\/(?=.* \*\/)|\\u0041/);
});
