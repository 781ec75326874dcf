import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { deployTools } from '../setup/deploy-tools.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, '.github/workflows');
const work = mkdtempSync(join(tmpdir(), 'tributary-workflows-'));
// Builds the tools where they are not in the cache, which takes minutes.
beforeAll(() => void deployTools(), 1_800_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly uses?: string;
        readonly needs?: string;
        readonly strategy?: { readonly matrix: { readonly node: readonly string[] } };
        readonly steps?: readonly { readonly run?: string; readonly uses?: string }[];
      }
    >
  >;
}
const read = (name: string): Workflow => parse(readFileSync(join(folder, name), 'utf8')) as Workflow;

/** GitHub's own rules, as actionlint knows them: contexts, types of inputs, job outputs, expressions. Without shellcheck, which is not everywhere. */
function actionlint(...files: string[]): { readonly code: number | null; readonly out: string } {
  const { status, stdout, stderr } = spawnSync(join(deployTools(), 'actionlint'), ['-shellcheck=', '-pyflakes=', '-no-color', ...files], {
    cwd: root,
    encoding: 'utf8',
  });
  return { code: status, out: stdout + stderr };
}

test('the workflows are those GitHub takes, and a fault in one is found', () => {
  const files = readdirSync(folder).map((name) => join(folder, name));
  expect(actionlint(...files)).toEqual({ code: 0, out: '' });
  const broken = join(work, 'broken.yml');
  writeFileSync(broken, readFileSync(join(folder, 'release.yml'), 'utf8').replace('needs: test', 'needs: tests'));
  expect(actionlint(broken)).toMatchObject({ code: 1, out: expect.stringContaining('tests') as string });
});

test('a release is tested on Node 22 and 24 before anything is published', () => {
  const { jobs } = read('release.yml');
  expect(jobs['test']?.uses).toBe('./.github/workflows/test.yml');
  expect(jobs['release']?.needs).toBe('test');
  expect(read('test.yml').jobs['test']?.strategy?.matrix.node).toEqual(expect.arrayContaining(['22', '24']));
});

test('every script, folder and Dockerfile a workflow names is there', () => {
  const steps = ['test.yml', 'release.yml'].flatMap((name) => Object.values(read(name).jobs).flatMap(({ steps: of = [] }) => of));
  const text = steps.map(({ run = '' }) => run).join('\n');
  const named = [...text.matchAll(/(?:node |deploy\/|docker\/)[\w./-]+/g)].map(([path]) => path.replace('node ', ''));
  expect(named).toEqual(expect.arrayContaining(['scripts/pin-images.mjs', 'deploy/helm/tributary', 'docker/connect']));
  expect(named.filter((path) => !path.startsWith('-') && !existsSync(join(root, path)))).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const asked = [...text.matchAll(/npm run (?:--silent )?(\w+)/g)].map(([, name = '']) => name);
  expect(asked.filter((name) => !(name in scripts))).toEqual([]);
});

test('a build knows its commit, and says so in --version and to vendors', () => {
  // What the build leaves behind, with the compiled file that reads it.
  for (const path of ['scripts', 'dist/src/core']) mkdirSync(join(work, path), { recursive: true });
  cpSync(join(root, 'scripts/build.mjs'), join(work, 'scripts/build.mjs'));
  cpSync(join(root, 'package.json'), join(work, 'package.json'));
  const { version } = JSON.parse(readFileSync(join(work, 'package.json'), 'utf8')) as { version: string };
  writeFileSync(
    join(work, 'dist/src/core/version.js'),
    execFileSync(join(root, 'node_modules/.bin/esbuild'), [join(root, 'src/core/version.ts'), '--format=esm'], { encoding: 'utf8' }),
  );
  const says = (env: NodeJS.ProcessEnv): string => {
    const named = "import('./scripts/build.mjs').then(({ nameRevision }) => nameRevision(process.cwd()))";
    execFileSync(process.execPath, ['-e', named], { cwd: work, env: { PATH: process.env['PATH'], ...env } });
    const script = "import('./dist/src/core/version.js').then(({ RELEASE, USER_AGENT }) => console.log(`${RELEASE} ${USER_AGENT}`))";
    return execFileSync(process.execPath, ['-e', script], { cwd: work, encoding: 'utf8' }).trim();
  };
  expect(says({})).toBe(`${version} tributary/${version}`);
  expect(says({ TRIBUTARY_REVISION: '0123456789abcdef0123456789abcdef01234567' })).toBe(
    `${version} (0123456789ab) tributary/${version} (0123456789ab)`,
  );
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: work, encoding: 'utf8' }).trim();
  git('init', '-q');
  git('add', 'package.json');
  git('commit', '-qm', 'one');
  const revision = git('rev-parse', '--short=12', 'HEAD');
  expect(says({})).toBe(`${version} (${revision}) tributary/${version} (${revision})`);
  writeFileSync(join(work, 'package.json'), JSON.stringify({ version, changed: true }));
  expect(says({})).toBe(`${version} (${revision}-changed) tributary/${version} (${revision}-changed)`);
});
