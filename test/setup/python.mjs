// Makes the Python environment the SQL tests use and prints its interpreter: pinned packages, kept in the
// user's cache folder like the Java parts, made once per set of versions.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = [
  'sqlglot==30.22.0',
  'fakesnow==0.12.1',
  'snowflake-connector-python==4.8.1',
  'moto[s3,server]==5.2.5',
  'pyiceberg==0.12.0',
  // The Kubernetes API as JSON Schemas.
  'kubernetes-validate==1.37.0',
];

/** What the Python example for consumers needs. */
export const CONSUMER_PACKAGES = ['confluent-kafka[avro]==2.16.1'];

/** Path of a Python that has the packages. Throws when Python 3.10 or later is missing. */
export function pythonWithPackages(packages = PACKAGES) {
  const { TRIBUTARY_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = TRIBUTARY_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'tributary');
  const folder = join(cache, `python-${createHash('sha1').update(packages.join()).digest('hex').slice(0, 10)}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  mkdirSync(dirname(folder), { recursive: true });
  const run = (command, args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  // The folder gets its name when it is whole. Its interpreter works from anywhere; its scripts do not, so run modules with -m.
  const fresh = `${folder}.new-${process.pid}`;
  try {
    run('python3', ['-m', 'venv', '--clear', fresh]);
  } catch (cause) {
    throw new Error('The tests need Python 3.10 or later with venv (Debian: apt-get install python3-venv).', { cause });
  }
  run(join(fresh, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
  // Another process may have been quicker.
  if (existsSync(python)) rmSync(fresh, { recursive: true, force: true });
  else renameSync(fresh, folder);
  return python;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(pythonWithPackages());
