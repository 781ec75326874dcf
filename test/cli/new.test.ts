import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleSource } from '../config/sample-source.ts';
import { startCommand } from '../support/command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-new-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const create = (...args: string[]) => startCommand({ sources: [sampleSource], cwd: folder }, ['new', 'source', ...args]).ended;
const text = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8');

test.each([
  ['acme', 'acme', 'acme', 'Acme'],
  ['my_shop', 'my-shop', 'myShop', 'MyShop'],
  // Words that a constant may not be called, or that the skeleton itself uses.
  ['class', 'class', 'classSource', 'Class'],
  ['text', 'text', 'textSource', 'Text'],
])('`new source %s` names files, constants and people’s texts as each is written', async (name, file, constant, title) => {
  expect(await create(name)).toMatchObject({ code: 0, out: '' });
  expect(readdirSync(join(folder, name)).sort()).toEqual(
    [`${file}.ts`, `${file}-vendor.ts`, `${file}.test.ts`, 'package.json', 'tributary.yaml', 'tsconfig.json'].sort(),
  );
  expect(text(name, `${file}.ts`)).toContain(
    `export const ${constant}: Source<Settings, Api> = {\n  name: '${name}',\n  title: '${title}',`,
  );
  expect(text(name, `${file}.test.ts`)).toContain(`import { ${constant} } from './${file}.ts';`);
  expect(text(name, `${file}.test.ts`)).toContain(`import { KEY, start${title} } from './${file}-vendor.ts';`);
  expect(text(name, 'tributary.yaml')).toContain(`  ${name}: ./${file}.ts\n`);
  expect(text(name, `${file}.test.ts`).trim().split('\n').length).toBeLessThanOrEqual(12);
  if (name !== 'acme')
    expect(
      readdirSync(join(folder, name))
        .map((one) => text(name, one))
        .join(''),
    ).not.toMatch(/acme/i);
});

test('nothing is overwritten, and a package that is there stays as it is', async () => {
  mkdirSync(join(folder, 'there'));
  writeFileSync(join(folder, 'there', 'package.json'), '{}');
  expect(await create('acme', '--out', 'there')).toMatchObject({ code: 0 });
  expect(text('there', 'package.json')).toBe('{}');
  writeFileSync(join(folder, 'there', 'acme.ts'), 'mine');
  expect(await create('acme', '--out', 'there')).toMatchObject({
    code: 2,
    err: expect.stringMatching(
      /acme\.ts, acme-vendor\.ts.* would be overwritten; nothing was written\.\nChoose another folder with --out\./,
    ),
  });
  expect(text('there', 'acme.ts')).toBe('mine');
});

test.each([
  ['Acme', /cannot be called "Acme"\.\nLower-case letters/],
  ['1st', /cannot be called "1st"/],
  ['../x', /cannot be called/],
  ['sample', /Tributary brings a source sample itself\.\nGive yours another name\./],
])('a source cannot be called %s', async (name, says) => {
  expect(await create(name)).toMatchObject({ code: 2, err: expect.stringMatching(says) });
  expect(readdirSync(folder)).toEqual([]);
});

test('the package that npm fetches is the one that runs, which no registry need have', async () => {
  expect(await create('acme')).toMatchObject({ code: 0 });
  const { dependencies } = JSON.parse(text('acme', 'package.json')) as { dependencies: { tributary: string } };
  const own = join(dependencies.tributary.replace(/^file:/, ''), 'package.json');
  expect(dependencies.tributary).toMatch(/^file:\//);
  expect(JSON.parse(readFileSync(own, 'utf8'))).toMatchObject({ name: 'tributary' });
});
