import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../core/errors.ts';
import type { Archive, Artifact, JarSet } from './artifacts.ts';
import { takeLock } from '../core/lock.ts';
import { servicesJar } from './services-jar.ts';
import { mavenMissing, runTool } from './tools.ts';

export interface FetchOptions {
  cache: string;
  log: (line: string) => void;
  signal: AbortSignal;
}

/** Pinned like everything it downloads. Later versions need the parent of Apicurio's pom, which is not on Maven Central. */
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:2.8';

/**
 * Returns the artifact's folder in the cache; downloads the artifact first when it is missing or incomplete. Of several
 * processes that need it at the same time, one downloads and the others wait.
 */
export async function fetchArtifact(artifact: Artifact, options: FetchOptions): Promise<string> {
  const folder = join(options.cache, artifact.folder);
  if (await isWhole(folder, artifact)) return folder;
  await mkdir(options.cache, { recursive: true });
  const lock = await waitForLock(join(options.cache, 'fetch.lock'), options);
  try {
    if (await isWhole(folder, artifact)) return folder;
    const draft = join(options.cache, `.${artifact.folder}.${process.pid}`);
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    try {
      options.log(`fetching ${artifact.title}, once`);
      await (artifact.kind === 'jars' ? fetchJars(artifact, draft, options) : fetchArchive(artifact, draft, options));
      await requireExpected(artifact, draft);
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

/** Whether the artifact is complete in the cache. */
export function isFetched(artifact: Artifact, cache: string): Promise<boolean> {
  return isWhole(join(cache, artifact.folder), artifact);
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
  const folder = join(draft, set.within ?? '');
  const pom = `${draft}.pom.xml`;
  await writeFile(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>tributary</groupId>` +
      `<artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>` +
      `<dependencies>${dependencies.join('')}</dependencies></project>\n`,
  );
  try {
    await maven(['-f', pom, `${PLUGIN}:copy-dependencies`, '-DincludeScope=runtime', `-DoutputDirectory=${folder}`], set, options);
  } finally {
    await rm(pom, { force: true });
  }
  const brought = await readdir(folder);
  const absent = set.coordinates.map(jarName).filter((name) => !brought.includes(name));
  if (absent.length > 0) throw incomplete(set, `${absent.join(', ')} was not downloaded`);
  for (const name of brought) {
    if ((await stat(join(folder, name))).size === 0) throw incomplete(set, `${name} is empty`);
  }
  if (set.services !== undefined) await writeFile(join(folder, 'tributary-services.jar'), servicesJar(set.services));
}

async function fetchArchive(archive: Archive, draft: string, options: FetchOptions): Promise<void> {
  const download = `${draft}.download`;
  try {
    await maven([`${PLUGIN}:copy`, `-Dartifact=${archive.coordinate}`, `-DoutputDirectory=${download}`], archive, options);
    const [name] = await readdir(download);
    if (name === undefined) throw incomplete(archive, 'nothing came');
    const file = join(download, name);
    if ((await sha256(file)) !== archive.sha256)
      throw incomplete(archive, `${name} is not the file this version expects (SHA-256 differs)`);
    const unpacked = await runTool('tar', ['-xzf', file, '-C', draft, '--no-same-owner'], { signal: options.signal });
    if (unpacked.failed) throw incomplete(archive, `it could not be unpacked: ${unpacked.output.trim()}`);
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}

async function maven(args: readonly string[], artifact: Artifact, { signal, cache }: FetchOptions): Promise<void> {
  // Strict checksums: a file that does not match its repository's checksum makes the download fail.
  const result = await runTool('mvn', ['-q', '-B', '--strict-checksums', ...args], { signal, cwd: cache });
  if (!result.failed) return;
  if (signal.aborted) throw new TributaryError('The start of the local stack was interrupted.', { kind: 'stopped' });
  if (result.missing) throw mavenMissing();
  const reason =
    result.output
      .split('\n')
      .find((line) => line.includes('[ERROR]'))
      ?.replace(/^.*?\[ERROR\]\S*\s*/, '') ?? result.output.slice(-300).trim();
  throw new TributaryError(`Maven could not download ${artifact.title}: ${reason}`, {
    kind: 'config',
    remedy: 'The first start needs the network (or a Maven mirror in settings.xml); later starts do not.',
    detail: result.output,
    code: 'stack:fetch',
  });
}

/** SHA-256 of all files, by path. */
export async function hashesOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found: Record<string, string> = {};
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  for (const path of paths) found[path] = await sha256(join(folder, path));
  return found;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1_048_576 }), hash);
  return hash.digest('hex');
}

/** The first difference from the lock file; undefined when there is none. An extra jar counts, because it would be on the class path. */
async function difference(folder: string, files: Readonly<Record<string, string>>): Promise<string | undefined> {
  const found = await hashesOf(folder);
  for (const [path, hash] of Object.entries(files)) {
    if (found[path] === undefined) return `${path} was not downloaded`;
    if (found[path] !== hash) return `${path} is not the file this version expects (SHA-256 differs)`;
  }
  const stranger = Object.keys(found).find((path) => files[path] === undefined);
  return stranger === undefined ? undefined : `${stranger} does not belong to it`;
}

async function requireExpected(artifact: Artifact, draft: string): Promise<void> {
  const differs = artifact.files && (await difference(draft, artifact.files));
  if (differs !== undefined) throw incomplete(artifact, differs);
}

/** Complete means exactly the bytes of the lock file: otherwise anybody who can write to the cache could run code as us. */
async function isWhole(folder: string, { files }: Artifact): Promise<boolean> {
  return files !== undefined && (await difference(folder, files)) === undefined;
}

function jarName(coordinate: string): string {
  const [, artifact, version] = coordinate.split(':');
  return `${artifact}-${version}.jar`;
}

function incomplete(artifact: Artifact, why: string): TributaryError {
  return new TributaryError(`${artifact.title} came incomplete: ${why}.`, {
    kind: 'config',
    remedy: 'Start again. If this persists, check the Maven mirror in use, and remove the broken file from its local repository.',
    code: 'stack:fetch',
  });
}
