import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { importViolations } from './import-rules.mjs';

/**
 * The whole test command: every check, then all tests, then one line `N passed, N failed`.
 * With arguments, only the tests they name (they go to vitest). Answers the exit code.
 */
export async function runTests(root, args) {
  const filters = args.filter((arg) => arg !== '--');
  const total = { passed: 0, failed: 0 };
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (interrupted = true));

  const tool =
    (name, ...rest) =>
    () =>
      run(root, process.execPath, [join(root, 'node_modules', name), ...rest]);
  const cli = join(root, 'dist', 'bin', 'tributary.js');
  // What is fetched waits for the network most of the time, so the checks run beside it.
  const fetched = [
    ['tools', () => run(root, process.execPath, [join(root, 'scripts', 'test-tools.mjs')])],
    ['Python packages of the SQL tests', () => run(root, process.execPath, [join(root, 'test', 'setup', 'python.mjs')])],
    ['programs of the deployment tests', () => run(root, process.execPath, [join(root, 'test', 'setup', 'deploy-tools.mjs')])],
  ];
  const checks = [
    ['types', tool('typescript/bin/tsc', '--noEmit')],
    ['lint', tool('oxlint/bin/oxlint', '--deny-warnings')],
    ['dead code', tool('knip/bin/knip.js', '--production', '--no-progress')],
    ['import rules', () => report(importViolations(root))],
    ['build', () => build(root)],
    ['schema compatibility', () => run(root, process.execPath, [cli, 'schemas', 'check'])],
  ];
  // The slowest check, on one core.
  const format = [
    [
      'format',
      tool(
        'prettier/bin/prettier.cjs',
        '--check',
        // Below node_modules, by content: what has not changed is not looked at again.
        '--cache',
        '--cache-strategy',
        'content',
        '--log-level',
        'warn',
        '{bin,exports,src,producers,simulators,templates,examples,test,bench,scripts}/**/*.{ts,tsx,mjs,mts}',
      ),
    ],
  ];
  const inOrder = async (steps) => {
    for (const [name, check] of steps) {
      if (interrupted) break;
      const began = Date.now();
      console.log(`== ${name}`);
      const good = await check();
      total[good ? 'passed' : 'failed'] += 1;
      console.log(`== ${name}: ${good ? 'ok' : 'FAILED'} (${seconds(began)})\n`);
    }
  };
  if (filters.length === 0) await Promise.all([fetched, checks, format].map(inOrder));
  if (!interrupted) {
    const began = Date.now();
    console.log('== tests');
    const counts = await vitest(root, filters);
    total.passed += counts.passed;
    total.failed += counts.failed;
    console.log(`== tests: ${counts.failed === 0 ? 'ok' : 'FAILED'} (${seconds(began)})\n`);
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  if (interrupted) return 130;
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function vitest(root, filters) {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-report-'));
  try {
    const outcome = join(folder, 'report.json');
    const slowest = join(root, 'scripts', 'slowest-files.mjs');
    const reporters = ['--reporter=default', `--reporter=${slowest}`, '--reporter=json', `--outputFile.json=${outcome}`];
    const args = ['run', ...filters, ...reporters];
    const good = await run(root, process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), ...args]);
    const counts = existsSync(outcome) ? count(JSON.parse(readFileSync(outcome, 'utf8'))) : { passed: 0, failed: 0 };
    // No test at all, or a failure outside any test (in a set-up, an unhandled rejection) is a failure too.
    if (counts.failed === 0 && (counts.passed === 0 || !good)) counts.failed = 1;
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A skipped test proves nothing, so it counts as failed; so does a file that could not be loaded. */
function count(report) {
  const skipped = report.numPendingTests + report.numTodoTests;
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  if (skipped > 0) console.log(`${skipped} skipped tests count as failed`);
  return { passed: report.numPassedTests, failed: report.numFailedTests + skipped + broken.length };
}

function run(root, command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    const done = (good) => {
      for (const signal of signals) process.off(signal, forward);
      resolve(good);
    };
    child.once('error', () => done(false));
    child.once('exit', (code) => done(code === 0));
  });
}

function report(lines) {
  for (const line of lines) console.log(line);
  return lines.length === 0;
}

const seconds = (began) => `${((Date.now() - began) / 1000).toFixed(1)} s`;

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await runTests(dirname(dirname(fileURLToPath(import.meta.url))), process.argv.slice(2));
}
