// node scripts/bootstrap.mjs demo|test [arguments]: makes sure that everything needed is here, then runs it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [task, ...args] = process.argv.slice(2);

const say = (line) => process.stderr.write(`${line}\n`);

function missing() {
  const problems = [];
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    problems.push(`Node.js ${process.versions.node} is too old: install Node.js 20.19 or newer (https://nodejs.org).`);
  }
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const asked = spawnSync(java, ['-version'], { encoding: 'utf8' });
  const version = /version "(?:1\.)?(\d+)/.exec(asked.stderr ?? '');
  if (asked.status !== 0 || version === null) {
    const looked = java === 'java' ? '' : ` JAVA_HOME is set, and ${java} does not run.`;
    problems.push(
      `Java is missing: install a Java runtime 17 or newer (Debian, Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17).${looked}`,
    );
  } else if (Number(version[1]) < 17) {
    problems.push(`Java ${version[1]} is too old: install a Java runtime 17 or newer.`);
  }
  if (spawnSync('mvn', ['-v'], { stdio: 'ignore' }).error !== undefined) {
    problems.push('Maven is missing: it fetches the local Kafka once (Debian, Ubuntu: apt install maven; macOS: brew install maven).');
  }
  return problems;
}

/** Whether what npm says it has installed, when it last came to its end, is what the lock file wants. */
function packagesAreThere() {
  const packages = (file) => {
    try {
      return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
    } catch {
      return {};
    }
  };
  const there = packages('node_modules/.package-lock.json');
  return Object.entries(packages('package-lock.json')).every(
    ([path, { version, optional }]) => path === '' || optional === true || there[path]?.version === version,
  );
}

function installPackages() {
  if (packagesAreThere()) return true;
  say('installing npm packages (npm ci), once');
  const args = ['ci', '--no-audit', '--no-fund', '--include=dev', '--include=optional'];
  return spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' }).status === 0;
}

async function main() {
  if (task !== 'demo' && task !== 'test') {
    say('usage: node scripts/bootstrap.mjs demo|test [arguments]');
    return 2;
  }
  const problems = missing();
  if (problems.length > 0) {
    for (const problem of problems) say(problem);
    return 2;
  }
  if (!installPackages()) {
    say('npm ci failed; its output is above.');
    return 1;
  }
  // In this process, not in a child: a Ctrl-C or a SIGTERM arrives once, where it is handled, and the exit code is its own.
  if (task === 'test') return (await import('./test.mjs')).runTests(root, args);
  const { build } = await import('./build.mjs');
  if (!build(root)) {
    say('The build failed; the compiler says why above.');
    return 1;
  }
  const entry = join(root, 'dist', 'bin', 'tributary.js');
  process.argv = [process.execPath, entry, 'demo', ...args];
  await import(pathToFileURL(entry).href);
  return undefined;
}

const code = await main();
if (code !== undefined) process.exitCode = code;
