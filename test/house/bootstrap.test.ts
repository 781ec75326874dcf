import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

// A checkout that has only the bootstrap, with java, mvn and npm played by scripts on the PATH.
const house = join(import.meta.dirname, '..', '..');
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tributary-bootstrap-'));
  mkdirSync(join(root, 'scripts'));
  mkdirSync(join(root, 'bin'));
  copyFileSync(join(house, 'scripts', 'bootstrap.mjs'), join(root, 'scripts', 'bootstrap.mjs'));
  writeFileSync(join(root, 'scripts', 'build.mjs'), 'export const build = () => false;\n');
  writeFileSync(join(root, 'scripts', 'test.mjs'), 'export const runTests = () => 0;\n');
  writeFileSync(join(root, 'package-lock.json'), lock({ '': '1.0.0', 'node_modules/a': '1.0.0' }));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function lock(packages: Record<string, string>): string {
  return JSON.stringify({
    packages: {
      ...Object.fromEntries(Object.entries(packages).map(([path, version]) => [path, { version }])),
      'node_modules/other-system': { version: '1.0.0', optional: true },
    },
  });
}

function installed(packages: Record<string, string>): void {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), lock(packages));
}

function command(name: string, script: string): void {
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function tools(java = '17.0.1'): void {
  command('java', `echo 'openjdk version "${java}"' >&2`);
  command('mvn', 'exit 0');
  command('npm', `echo "$@" >> ${join(root, 'calls')}; exit \${NPM_EXIT:-0}`);
}

function bootstrap(task: string, variables: Record<string, string> = {}): { code: number | null; err: string } {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'bootstrap.mjs'), task], {
    env: { PATH: join(root, 'bin'), ...variables },
    encoding: 'utf8',
  });
  return { code: status, err: stderr };
}

test.each(['demo', 'test'])('%s fails and says what to install when Java and Maven are missing', (task) => {
  const { code, err } = bootstrap(task);
  expect(code).toBe(2);
  expect(err).toMatch(/Java is missing: install .*openjdk-17/);
  expect(err).toMatch(/Maven is missing: .*apt install maven/);
  expect(err).not.toMatch(/\n\s+at /);
});

test('an old Java is named, and a JAVA_HOME that leads nowhere', () => {
  tools('11.0.2');
  expect(bootstrap('test')).toEqual({ code: 2, err: 'Java 11 is too old: install a Java runtime 17 or newer.\n' });
  expect(bootstrap('test', { JAVA_HOME: '/nowhere' })).toMatchObject({
    code: 2,
    err: expect.stringContaining('JAVA_HOME is set, and /nowhere/bin/java does not run') as string,
  });
});

test('packages are installed when they are missing or of another version, development ones included, and not when they are there', () => {
  tools();
  expect(bootstrap('test').code).toBe(0);
  installed({ 'node_modules/a': '0.9.0' });
  expect(bootstrap('test').code).toBe(0);
  const calls = readFileSync(join(root, 'calls'), 'utf8').trim().split('\n');
  expect(calls).toHaveLength(2);
  expect(calls[0]).toMatch(/^ci .*--include=dev/);

  installed({ 'node_modules/a': '1.0.0' });
  rmSync(join(root, 'calls'));
  expect(bootstrap('test').code).toBe(0);
  expect(existsSync(join(root, 'calls'))).toBe(false);
});

test('a failed install or build ends with 1 and says where to look', () => {
  tools();
  expect(bootstrap('demo', { NPM_EXIT: '3' })).toMatchObject({ code: 1, err: expect.stringContaining('npm ci failed') as string });
  expect(bootstrap('demo')).toMatchObject({ code: 1, err: expect.stringContaining('The build failed') as string });
});
