import { listrak } from '../../producers/listrak/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openTestEngine, type TestEngineOptions } from '../support/engine.ts';

/** What a process that syncs a Listrak account once is started with, as JSON in its first argument. */
export interface SyncChildOptions extends Pick<TestEngineOptions, 'brokers' | 'registryUrl' | 'prefix'> {
  readonly dataDir: string;
  readonly settings: Record<string, unknown>;
  readonly tables: readonly string[];
  /** Milliseconds the process's clock is ahead of the machine's. */
  readonly ahead: number;
}

const { settings, tables, ahead, ...options } = JSON.parse(process.argv[2] ?? '{}') as SyncChildOptions;
const test = await openTestEngine({
  ...options,
  clock: { now: () => Date.now() + ahead, timer: systemClock.timer },
  connections: [{ source: listrak, settings, tables }],
});
const summaries = await test.engine.sync([{ connection: 'listrak', tables }], new AbortController().signal);
await test.close();
process.exitCode = summaries.every(({ outcome }) => outcome === 'succeeded') ? 0 : 1;
