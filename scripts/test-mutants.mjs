// node scripts/test-mutants.mjs <source file>... [<test file>...]: changes the sources in small ways, one at a time, and tells which changes no test
// notices. Without test files: the unit tests of the source's room. Stryker is fetched into a temporary folder, in a fixed version.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const STRYKER = '9.2.0';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isTest = (file) => file.endsWith('.test.ts');

const sources = process.argv.slice(2).filter((file) => !isTest(file));
const room = sources[0]?.split('/')[1];
if (room === undefined) {
  process.stderr.write('Name a source file, for example: npm run test:mutants -- src/state/vanished.ts\n');
  process.exit(2);
}
const named = process.argv.slice(2).filter(isTest);
const tests =
  named.length > 0 ? named : readdirSync(join(root, 'test', room)).flatMap((file) => (isTest(file) ? [`test/${room}/${file}`] : []));

const folder = mkdtempSync(join(tmpdir(), 'tributary-mutants-'));
const packages = ['core', 'vitest-runner'].map((name) => `@stryker-mutator/${name}@${STRYKER}`);
const run = (command, args, cwd) => spawnSync(command, args, { cwd, stdio: 'inherit' }).status ?? 1;

let status = run(
  'npm',
  ['install', '--prefix', folder, '--no-audit', '--no-fund', '--legacy-peer-deps', '--ignore-scripts', ...packages],
  folder,
);
if (status === 0) {
  // The runner has to use the Vitest of the tests.
  symlinkSync(join(root, 'node_modules/vitest'), join(folder, 'node_modules/vitest'));
  const at = (name) => join(folder, name);
  const include = tests.filter((file) => !file.endsWith('.it.test.ts'));
  // Without a process of its own, a file that replaces modules gets those that an earlier file has loaded.
  const isolate = include.some((file) => /vi\.(do)?mock\(/i.test(readFileSync(join(root, file), 'utf8')));
  const vitest = { include, pool: 'forks', isolate, env: { TRIBUTARY_TEST_LOGIN: '' }, testTimeout: 60_000, hookTimeout: 60_000 };
  writeFileSync(at('vitest.config.mjs'), `export default { root: process.cwd(), test: ${JSON.stringify(vitest)} };\n`);
  const stryker = {
    testRunner: 'vitest',
    plugins: [at('node_modules/@stryker-mutator/vitest-runner/dist/src/index.js')],
    vitest: { configFile: at('vitest.config.mjs'), related: false },
    mutate: sources,
    coverageAnalysis: 'perTest',
    // What runs while a module is loaded is changed for no single test.
    ignoreStatic: true,
    concurrency: 2,
    tsconfigFile: 'none.json',
    tempDirName: at('sandbox'),
    reporters: ['progress', 'clear-text'],
    clearTextReporter: { reportTests: false },
  };
  writeFileSync(at('stryker.json'), JSON.stringify(stryker));
  status = run(process.execPath, [at('node_modules/@stryker-mutator/core/bin/stryker.js'), 'run', at('stryker.json')], root);
}
rmSync(folder, { recursive: true, force: true });
process.exit(status);
