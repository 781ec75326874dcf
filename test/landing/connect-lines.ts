import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, javaCommand } from '../../src/config/env.ts';
import { avroConverter, kafkaJars } from '../../src/stack/artifacts.ts';
import type { JarSet } from '../../src/stack/artifacts.ts';
import { fetchArtifact } from '../../src/stack/fetch.ts';

// A Java runtime has no compiler of its own, and the project asks for no more than a runtime.
const compiler: JarSet = { kind: 'jars', title: 'Java compiler (3 MB)', folder: 'ecj-3.38.0', coordinates: ['org.eclipse.jdt:ecj:3.38.0'] };

export interface ConnectRecord {
  readonly topic: string;
  /** Avro schema of the value. */
  readonly schema: string;
  /** The value's Avro bytes in hex; null for a tombstone. */
  readonly avro: string | null;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
}

/**
 * The JSON line a file sink writes for each record under this configuration, by Kafka Connect's own classes; empty for a record that a
 * transform drops.
 */
export async function connectLines(config: Readonly<Record<string, string>>, records: readonly ConnectRecord[]): Promise<string[]> {
  const fetching = { cache: cacheFolder(), log: () => undefined, signal: new AbortController().signal };
  const libraries = [await fetchArtifact(kafkaJars, fetching), await fetchArtifact(avroConverter, fetching)]
    .flatMap(folder => readdirSync(folder).filter(name => name.endsWith('.jar')).map(name => join(folder, name)))
    .join(delimiter);
  const ecj = join(await fetchArtifact(compiler, fetching), '*');
  const out = mkdtempSync(join(tmpdir(), 'tributary-lines-'));
  const java = (args: readonly string[], input = ''): string => execFileSync(javaCommand(), ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...args], { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: ['pipe', 'pipe', 'pipe'] });
  try {
    java(['-cp', ecj, 'org.eclipse.jdt.internal.compiler.batch.Main', '--release', '17', '-nowarn', '-cp', libraries, '-d', out, fileURLToPath(new URL('ConnectLines.java', import.meta.url))]);
    return java(['-cp', `${out}${delimiter}${libraries}`, 'ConnectLines'], JSON.stringify({ config, records })).split('\n').slice(0, -1);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
