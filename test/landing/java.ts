import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, javaCommand } from '../../src/config/env.ts';
import type { Artifact, JarSet } from '../../src/stack/artifacts.ts';
import { fetchArtifact } from '../../src/stack/fetch.ts';

// A Java runtime has no compiler of its own, and the project asks for no more than a runtime.
const compiler: JarSet = {
  kind: 'jars',
  title: 'Java compiler (3 MB)',
  folder: 'ecj-3.38.0-r2',
  coordinates: ['org.eclipse.jdt:ecj:3.38.0'],
  files: { 'ecj-3.38.0.jar': '97c566b120009c203a2fc8b291f4a9adbc171cf1ccb70f06f6b4e1828c00ce8e' },
};

/** The folder of an artifact, fetched when it is not in the cache. */
export const folderOf = (artifact: Artifact): Promise<string> =>
  fetchArtifact(artifact, { cache: cacheFolder(), log: () => undefined, signal: new AbortController().signal });

/** The jars of an artifact, fetched when they are not in the cache. */
export async function jarsOf(artifact: Artifact): Promise<string[]> {
  return jarsIn(join(await folderOf(artifact), (artifact.kind === 'jars' ? artifact.within : undefined) ?? ''));
}

export const jarsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.jar'))
    .map((name) => join(folder, name));

/** Compiles a class of this folder, runs it and answers what it prints. */
export async function runJava(name: string, libraries: readonly string[], input: object): Promise<string> {
  const ecj = (await jarsOf(compiler)).join(delimiter);
  const out = mkdtempSync(join(tmpdir(), 'tributary-java-'));
  const java = (args: readonly string[], text = ''): string =>
    execFileSync(javaCommand(), ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...args], {
      input: text,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  try {
    java([
      '-cp',
      ecj,
      'org.eclipse.jdt.internal.compiler.batch.Main',
      '--release',
      '17',
      '-nowarn',
      '-cp',
      libraries.join(delimiter),
      '-d',
      out,
      fileURLToPath(new URL(`${name}.java`, import.meta.url)),
    ]);
    return java(['-cp', [out, ...libraries].join(delimiter), name], JSON.stringify(input));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
