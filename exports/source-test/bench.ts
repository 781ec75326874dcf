import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { stringify } from 'yaml';
import { main } from '../../src/cli/main.ts';
import { runningStackFile, userEnvironment } from '../../src/config/env.ts';
import { readTable } from '../../src/consumer/read-table.ts';
import { tableRef, type Change, type ColumnValue } from '../../src/consumer/types.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { VERSION } from '../../src/core/version.ts';
import type { Source } from '../../src/sdk/source.ts';
import { startStack } from '../../src/stack/stack.ts';

/** A row for comparison: times as epoch ms, integers as text. */
export type Plain = Readonly<Record<string, string | number | boolean | null>>;

/** The outcome of a sync for one table. */
export interface Synced {
  readonly outcome: string;
  readonly totals: { readonly published: number; readonly deleted: number };
  readonly error: { readonly kind: string; readonly message: string; readonly remedy: string | null } | null;
}

export interface Read {
  readonly rows: ReadonlyMap<string, Plain>;
  readonly markers: number;
  readonly tombstones: number;
}

/** Runs the command with one source on topics of its own. */
export interface TestBench {
  /** Runs `tributary sync` and returns its runs by table. If the connection cannot be opened, every table has its error. */
  sync(settings: Readonly<Record<string, unknown>>): Promise<ReadonlyMap<string, Synced>>;
  /** The current rows of a table's topic. */
  read(definition: TableDefinition): Promise<Read>;
  close(): Promise<void>;
}

interface Place {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly login?: { readonly username: string; readonly password: string };
}

export async function openBench(source: Source): Promise<TestBench> {
  const folder = mkdtempSync(join(tmpdir(), `tributary-${source.name}-`));
  const running = runningStackFile();
  const stack = running === undefined ? await startStack({ dir: join(folder, 'stack'), topicDefaults: 'fast' }) : undefined;
  const place: Place = stack ?? (JSON.parse(readFileSync(running ?? '', 'utf8').split('\n')[0] ?? '') as Place);
  const prefix = `test${randomBytes(5).toString('hex')}`;
  const sasl = place.login === undefined ? {} : { sasl: { mechanism: 'plain' as const, ...place.login } };
  const registry = { url: place.registryUrl, ...place.login };

  return {
    async sync(settings) {
      const file = {
        prefix,
        kafka: { brokers: place.brokers, replication_factor: 1, ...sasl },
        registry,
        connections: { [source.name]: { settings } },
      };
      writeFileSync(join(folder, 'tributary.yaml'), stringify(file), { mode: 0o600 });
      const texts = { out: '', err: '' };
      const stream = (to: 'out' | 'err'): Writable =>
        new Writable({
          write(chunk, _, done) {
            texts[to] += String(chunk);
            done();
          },
        });
      const code = await main(
        {
          sources: [source],
          version: VERSION,
          stdout: stream('out'),
          stderr: stream('err'),
          variables: userEnvironment(),
          noColours: true,
          cwd: folder,
          clock: systemClock,
          random: Math.random,
          onSignal: () => () => undefined,
          exitNow: () => undefined,
        },
        ['sync', '--json', '--quiet'],
      );
      if (code > 1) throw new Error(`tributary sync ended with ${code}: ${texts.err}`);
      const runs = JSON.parse(texts.out) as (Synced & { readonly table: string })[];
      return new Map(runs.map((run) => [run.table, run]));
    },
    async read(definition) {
      const rows = new Map<string, Plain>();
      const seen = { markers: 0, tombstones: 0 };
      const reader = readTable(tableRef(source.name, definition, definition.key), { brokers: place.brokers, registry, prefix, ...sasl });
      for await (const change of reader as AsyncIterable<Change<Record<string, ColumnValue>, string>>) {
        const key = JSON.stringify(definition.key.map((column) => plain(change.key[column] ?? null)));
        if (change.kind === 'upsert') {
          const { _synced_at: _, ...row } = change.row;
          rows.set(key, Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plain(value)])));
          continue;
        }
        rows.delete(key);
        seen[change.by === 'marker' ? 'markers' : 'tombstones'] += 1;
      }
      return { rows, ...seen };
    },
    async close() {
      await stack?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function plain(value: ColumnValue): string | number | boolean | null {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'bigint' ? value.toString() : value;
}
