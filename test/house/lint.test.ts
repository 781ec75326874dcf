import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const house = join(import.meta.dirname, '..', '..');
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-lint-'));
  await copyFile(join(house, '.oxlintrc.json'), join(root, '.oxlintrc.json'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function lint(file: string, text: string): Promise<string> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
  return new Promise((resolve) => {
    execFile(process.execPath, [join(house, 'node_modules/oxlint/bin/oxlint')], { cwd: root }, (error, stdout, stderr) => {
      resolve(error === null ? 'clean' : `${stdout}${stderr}`);
    });
  });
}

const env = 'export const home = process.env.HOME;\n';

test.each([
  ['src/kafka/a.ts', env, 'no-process-env'],
  ['producers/pendo/a.ts', env, 'no-process-env'],
  ['src/engine/a.ts', Array.from({ length: 401 }, (_, n) => `export const a${n} = ${n};`).join('\n'), 'max-lines'],
  ['src/engine/a.ts', 'export default 1;\n', 'no-default-export'],
  ['src/engine/twoWords.ts', 'export const a = 1;\n', 'filename-case'],
  ['test/a.test.ts', `import { test } from 'vitest';\ntest.only('x', () => {});\n`, 'no-focused-tests'],
])('%s with a fault is refused (case %#)', async (file, text, rule) => {
  expect(await lint(file, text)).toContain(rule);
});

test.each(['src/config/env.ts', 'scripts/a.ts', 'test/setup/a.ts'])('%s may read the environment', async (file) => {
  expect(await lint(file, env)).toBe('clean');
});
