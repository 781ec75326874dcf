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

/** Options for a Java program that runs for seconds. */
export const JAVA = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Compiles Java files into a folder. Throws what the compiler says. */
export async function compileJava(files: readonly string[], libraries: readonly string[], out: string): Promise<void> {
  const ecj = (await jarsOf(compiler)).join(delimiter);
  const options = ['--release', '17', '-nowarn', '-cp', libraries.join(delimiter), '-d', out];
  execFileSync(javaCommand(), [...JAVA, '-cp', ecj, 'org.eclipse.jdt.internal.compiler.batch.Main', ...options, ...files], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Compiles a class of this folder, runs it and answers what it prints. */
export async function runJava(name: string, libraries: readonly string[], input: object): Promise<string> {
  const out = mkdtempSync(join(tmpdir(), 'tributary-java-'));
  try {
    await compileJava([fileURLToPath(new URL(`${name}.java`, import.meta.url))], libraries, out);
    return execFileSync(javaCommand(), [...JAVA, '-cp', [out, ...libraries].join(delimiter), name], {
      input: JSON.stringify(input),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
