// Fetches everything the local stack runs and writes the SHA-256 of every file into src/stack/artifacts.lock.json.
// Run it when a version in artifacts.ts changes, and look at what it changed: node --import tsx scripts/lock-artifacts.ts
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { artifacts } from '../src/stack/artifacts.ts';
import { fetchArtifact, hashesOf } from '../src/stack/fetch.ts';

const cache = await mkdtemp(join(tmpdir(), 'tributary-lock-'));
try {
  const lock: Record<string, Record<string, string>> = {};
  for (const artifact of artifacts) {
    const folder = await fetchArtifact(
      { ...artifact, files: undefined },
      { cache, log: (line) => console.error(line), signal: new AbortController().signal },
    );
    lock[artifact.folder] = await hashesOf(folder);
  }
  await writeFile(fileURLToPath(new URL('../src/stack/artifacts.lock.json', import.meta.url)), `${JSON.stringify(lock, null, 1)}\n`);
} finally {
  await rm(cache, { recursive: true, force: true });
}
