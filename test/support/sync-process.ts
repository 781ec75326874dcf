import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openTestEngine, type TestEngineOptions } from './engine.ts';

/** What a process that syncs a Klaviyo account once is started with, as JSON in its first argument. */
export interface SyncProcessOptions extends Pick<TestEngineOptions, 'brokers' | 'registryUrl' | 'prefix'> {
  readonly dataDir: string;
  readonly settings: Record<string, unknown>;
  readonly tables: readonly string[];
  /** Milliseconds the process's clock is ahead. */
  readonly ahead: number;
}

const { settings, tables, ahead, ...options } = JSON.parse(process.argv[2] ?? '{}') as SyncProcessOptions;
const test = await openTestEngine({
  ...options,
  clock: { now: () => Date.now() + ahead, timer: systemClock.timer },
  connections: [{ source: klaviyo, settings, tables }],
});
const summaries = await test.engine.sync([{ connection: 'klaviyo' }], new AbortController().signal);
await test.close();
process.exitCode = summaries.every(({ outcome }) => outcome === 'succeeded') ? 0 : 1;
