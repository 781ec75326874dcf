import { totalmem } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { apart } from './test/setup/apart.ts';
import { FileOrder } from './test/setup/file-order.ts';

/** `expect.poll` gives up after a second by default, which a busy machine needs for a single answer. */
const expectation = { poll: { timeout: 60_000 } };

const exclude = [...configDefaults.exclude, 'dist/**', '.tributary/**'];

/** On two cores: integration files wait for more than half of their time, so five at once keep both busy where memory allows it. */
const maxWorkers = totalmem() > 12 * 2 ** 30 ? 5 : 3;

const unit = {
  include: ['test/**/*.test.ts', 'src/**/*.test.ts', 'producers/**/*.test.ts'],
  exclude: [...exclude, '**/*.it.test.ts'],
  pool: 'forks' as const,
  globalSetup: ['test/setup/programs.ts'],
  // The set-up of the integration project puts the stack's login here; no unit test may see it.
  env: { TRIBUTARY_TEST_LOGIN: '' },
  // A limit for what hangs, not a measure: a busy machine is ten times slower.
  expect: expectation,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  maxWorkers,
};

export default defineConfig({
  test: {
    teardownTimeout: 20_000,
    sequence: { sequencer: FileOrder },
    projects: [
      { test: { ...unit, name: 'unit', exclude: [...unit.exclude, ...apart], isolate: false } },
      { test: { ...unit, name: 'unit-apart', include: [...apart] } },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.it.test.ts'],
          exclude,
          pool: 'forks',
          // One real broker, registry and database for all files. Every file has topics and schemas of its own.
          maxWorkers,
          globalSetup: ['test/setup/programs.ts', 'test/setup/stack.ts'],
          setupFiles: ['test/setup/file-told.ts'],
          expect: expectation,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
