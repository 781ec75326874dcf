import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Archive, JarSet } from '../../src/stack/artifacts.ts';
import { fetchArtifact } from '../../src/stack/fetch.ts';
import { startStack } from '../../src/stack/stack.ts';

// Maven's place is taken by a script on the PATH that notes its calls: no network, and its faults on demand.
let dir: string;
let cache: string;
const signal = new AbortController().signal;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const jars: JarSet = {
  kind: 'jars',
  title: 'the jars',
  folder: 'jars-1',
  coordinates: ['org.example:thing:1'],
  files: { 'thing-1.jar': sha256('jar\n'), 'dep-2.jar': sha256('dep\n') },
};
const both = 'echo jar > "$out/thing-1.jar"; echo dep > "$out/dep-2.jar"';
const get = (artifact: JarSet | Archive): Promise<string> => fetchArtifact(artifact, { cache, log: () => undefined, signal });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-fetch-'));
  cache = join(dir, 'cache');
  await mkdir(join(dir, 'bin'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

async function mavenDoes(script: string): Promise<void> {
  const text = `#!/bin/sh\nfor a in "$@"; do case "$a" in -DoutputDirectory=*) out=\${a#*=};; esac; done\necho call >> ${dir}/calls\nmkdir -p "$out"\n${script}\n`;
  await writeFile(join(dir, 'bin', 'mvn'), text, { mode: 0o755 });
  vi.stubEnv('PATH', `${join(dir, 'bin')}:/usr/bin:/bin`);
}

async function calls(): Promise<number> {
  return (await readFile(join(dir, 'calls'), 'utf8')).trim().split('\n').length;
}

test('two who ask at once cause one fetch, and a later one none', async () => {
  await mavenDoes(`sleep 0.3; ${both}`);
  const [one, two] = await Promise.all([get(jars), get(jars)]);
  expect(one).toBe(two);
  expect(await get(jars)).toBe(one);
  expect((await readdir(one)).sort()).toEqual(['dep-2.jar', 'thing-1.jar']);
  expect(await readdir(cache)).toEqual(['jars-1']);
  expect(await calls()).toBe(1);
});

test('the manifest that a plugin lacks comes with its jars, the same bytes each time', async () => {
  await mavenDoes(both);
  const plugin: JarSet = {
    ...jars,
    services: { 'org.example.Converter': ['org.example.Thing', 'org.example.Other'] },
    files: { ...jars.files, 'tributary-services.jar': 'c140f5b2c71410bc5403ff9475025dc76f311092c963d7aa47c90aa70d46f356' },
  };
  const folder = await get(plugin);
  const jar = join(folder, 'tributary-services.jar');
  vi.unstubAllEnvs();
  // Another reader of the format, which holds the content to its checksum.
  const read = 'import sys, zipfile; sys.stdout.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())';
  expect(execFileSync('python3', ['-c', read, jar, 'META-INF/services/org.example.Converter'], { encoding: 'utf8' })).toBe(
    'org.example.Thing\norg.example.Other\n',
  );
  await mavenDoes(both);
  await rm(folder, { recursive: true });
  expect(await get(plugin)).toBe(folder);
  expect(await calls()).toBe(2);
});

test.each<[string, (folder: string) => Promise<void>]>([
  ['lost part of a file', (folder) => truncate(join(folder, 'thing-1.jar'), 1)],
  ['holds another file of the same size', (folder) => writeFile(join(folder, 'thing-1.jar'), 'rat\n')],
  ['holds a file too many, which would be on the class path', (folder) => writeFile(join(folder, 'evil.jar'), 'evil\n')],
])('a cache that %s is fetched again', async (_, spoil) => {
  await mavenDoes(both);
  const folder = await get(jars);
  await spoil(folder);
  await get(jars);
  expect(await readFile(join(folder, 'thing-1.jar'), 'utf8')).toBe('jar\n');
  expect((await readdir(folder)).sort()).toEqual(['dep-2.jar', 'thing-1.jar']);
  expect(await calls()).toBe(2);
});

test.each([
  ['was not downloaded', 'echo dep > "$out/dep-2.jar"'],
  ['is empty', ': > "$out/thing-1.jar"'],
  ['is not the file this version expects', `${both}; echo rat > "$out/thing-1.jar"`],
])('a fetch where a file %s is refused and leaves nothing in the cache', async (why, script) => {
  await mavenDoes(script);
  await expect(get(jars)).rejects.toThrow(new RegExp(`came incomplete: thing-1.jar ${why}`));
  expect(await readdir(cache)).toEqual([]);
});

test('an archive is unpacked when it is the expected one, and refused when it is not', async () => {
  const pack = `cd "$out" && mkdir ../inner && echo hello > ../inner/file && tar -C ../inner --mtime=@0 --owner=0 --group=0 -cf - file | gzip -n > app.tar.gz; rm -r ../inner`;
  await mavenDoes(`${pack}; cp "$out/app.tar.gz" ${dir}/copy`);
  const archive: Archive = {
    kind: 'archive',
    title: 'the app',
    folder: 'app-1',
    coordinate: 'org.example:app:1:tar.gz:all',
    sha256: 'another',
    files: { file: sha256('hello\n') },
  };
  await expect(get(archive)).rejects.toThrow(/SHA-256 differs/);
  expect(await readdir(cache)).toEqual([]);
  const right = {
    ...archive,
    sha256: createHash('sha256')
      .update(await readFile(join(dir, 'copy')))
      .digest('hex'),
  };
  expect(await readFile(join(await get(right), 'file'), 'utf8')).toBe('hello\n');
});

test('offline, the message repeats the reason and says that only the first start needs the network', async () => {
  await mavenDoes('echo "[ERROR] Failed: could not resolve org.example:thing:1, unknown host"; exit 1');
  await expect(get(jars)).rejects.toMatchObject({
    kind: 'config',
    code: 'stack:fetch',
    message: expect.stringContaining('unknown host'),
    remedy: expect.stringContaining('later starts do not'),
  });
});

test('without Maven the message says what to install', async () => {
  vi.stubEnv('PATH', join(dir, 'bin'));
  await expect(get(jars)).rejects.toMatchObject({
    kind: 'config',
    code: 'stack:maven_missing',
    remedy: expect.stringContaining('apt install maven'),
  });
});

test('without Java the start says what to install, and gives the folder free again', async () => {
  vi.stubEnv('PATH', join(dir, 'bin'));
  vi.stubEnv('JAVA_HOME', undefined);
  const expected = { kind: 'config', code: 'stack:java_missing', remedy: expect.stringContaining('openjdk-17') };
  await expect(startStack({ dir: join(dir, 'stack') })).rejects.toMatchObject(expected);
  await expect(startStack({ dir: join(dir, 'stack') })).rejects.toMatchObject(expected);
});

test('too old a Java is named with its version', async () => {
  await writeFile(join(dir, 'bin', 'java'), '#!/bin/sh\necho \'openjdk version "11.0.2" 2019-01-15\' >&2\n', { mode: 0o755 });
  vi.stubEnv('PATH', `${join(dir, 'bin')}:/bin:/usr/bin`);
  vi.stubEnv('JAVA_HOME', undefined);
  await expect(startStack({ dir: join(dir, 'stack') })).rejects.toMatchObject({
    code: 'stack:java_old',
    message: expect.stringContaining('Java 11'),
  });
});
