import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../core/errors.ts';
import type { Archive, Artifact, JarSet } from './artifacts.ts';
import { takeLock } from '../core/lock.ts';
import { mavenMissing, runTool } from './tools.ts';

export interface FetchOptions {
  cache: string;
  log: (line: string) => void;
  signal: AbortSignal;
}

const CONTENTS = 'contents.json';

/**
 * Answers the artifact's folder in the cache and fetches it first when it is not there whole.
 * Several processes may ask at once: one fetches, the others wait for it.
 */
export async function fetchArtifact(artifact: Artifact, options: FetchOptions): Promise<string> {
  const folder = join(options.cache, artifact.folder);
  if (await isWhole(folder)) return folder;
  await mkdir(options.cache, { recursive: true });
  const lock = await waitForLock(join(options.cache, 'fetch.lock'), options);
  try {
    if (await isWhole(folder)) return folder;
    const draft = join(options.cache, `.${artifact.folder}.${process.pid}`);
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    try {
      options.log(`fetching ${artifact.title}, once`);
      await (artifact.kind === 'jars' ? fetchJars(artifact, draft, options) : fetchArchive(artifact, draft, options));
      await writeFile(join(draft, CONTENTS), JSON.stringify(await sizes(draft)));
      await rm(folder, { recursive: true, force: true });
      await rename(draft, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    return folder;
  } finally {
    await lock.release();
  }
}

/** Whether the artifact is in the cache, so that nothing has to be fetched. */
export function isFetched(artifact: Artifact, cache: string): Promise<boolean> {
  return isWhole(join(cache, artifact.folder));
}

async function waitForLock(path: string, { log, signal }: FetchOptions): Promise<{ release(): Promise<void> }> {
  for (let told = false; ; told = true) {
    const lock = await takeLock(path);
    if ('release' in lock) return lock;
    if (!told) log(`waiting: process ${lock.heldBy} is fetching already`);
    await sleep(300, undefined, { signal });
  }
}

async function fetchJars(set: JarSet, draft: string, options: FetchOptions): Promise<void> {
  const dependencies = set.coordinates.map((coordinate) => {
    const [group, artifact, version] = coordinate.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  const pom = `${draft}.pom.xml`;
  await writeFile(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>tributary</groupId>` +
      `<artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>` +
      `<dependencies>${dependencies.join('')}</dependencies></project>\n`,
  );
  try {
    await maven(['-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${draft}`], set, options);
  } finally {
    await rm(pom, { force: true });
  }
  const brought = await readdir(draft);
  const absent = set.coordinates.map(jarName).filter((name) => !brought.includes(name));
  if (absent.length > 0) throw incomplete(set, `${absent.join(', ')} did not come`);
  for (const name of brought) {
    if ((await stat(join(draft, name))).size === 0) throw incomplete(set, `${name} is empty`);
  }
}

async function fetchArchive(archive: Archive, draft: string, options: FetchOptions): Promise<void> {
  const download = `${draft}.download`;
  try {
    await maven(['dependency:copy', `-Dartifact=${archive.coordinate}`, `-DoutputDirectory=${download}`], archive, options);
    const [name] = await readdir(download);
    if (name === undefined) throw incomplete(archive, 'nothing came');
    const file = join(download, name);
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    if (hash.digest('hex') !== archive.sha256) throw incomplete(archive, `${name} is not the file this version expects (SHA-256 differs)`);
    const unpacked = await runTool('tar', ['-xzf', file, '-C', draft, '--no-same-owner'], { signal: options.signal });
    if (unpacked.failed) throw incomplete(archive, `it could not be unpacked: ${unpacked.output.trim()}`);
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}

async function maven(args: readonly string[], artifact: Artifact, { signal, cache }: FetchOptions): Promise<void> {
  // Strict checksums: a file that does not match what its repository says about it fails the fetch.
  const result = await runTool('mvn', ['-q', '-B', '--strict-checksums', ...args], { signal, cwd: cache });
  if (!result.failed) return;
  if (signal.aborted) throw new TributaryError('The start of the local stack was interrupted.', { kind: 'stopped' });
  if (result.missing) throw mavenMissing();
  const reason =
    result.output
      .split('\n')
      .find((line) => line.includes('[ERROR]'))
      ?.replace(/^.*?\[ERROR\]\S*\s*/, '') ?? result.output.slice(-300).trim();
  throw new TributaryError(`Maven could not fetch ${artifact.title}: ${reason}`, {
    kind: 'config',
    remedy: 'The first start needs the network (or a Maven mirror in settings.xml); every later start needs none.',
    detail: result.output,
    code: 'stack:fetch',
  });
}

/** Sizes of all files, by path: enough to notice a file that was lost or cut. */
async function sizes(folder: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === CONTENTS) continue;
    const path = join(entry.parentPath, entry.name);
    found[path.slice(folder.length + 1)] = (await stat(path)).size;
  }
  return found;
}

async function isWhole(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, CONTENTS), 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  const expected = JSON.parse(text) as Record<string, number>;
  const checks = Object.entries(expected).map(async ([path, size]) => {
    const found = await stat(join(folder, path)).catch(() => undefined);
    return found?.size === size;
  });
  return (await Promise.all(checks)).every(Boolean);
}

function jarName(coordinate: string): string {
  const [, artifact, version] = coordinate.split(':');
  return `${artifact}-${version}.jar`;
}

function incomplete(artifact: Artifact, why: string): TributaryError {
  return new TributaryError(`${artifact.title} came incomplete: ${why}.`, {
    kind: 'config',
    remedy: 'Start again. If it stays, check the Maven mirror in use, and remove the broken file from its local repository.',
    code: 'stack:fetch',
  });
}
