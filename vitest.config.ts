import { configDefaults, defineConfig } from 'vitest/config';
import { FileOrder } from './test/setup/file-order.ts';

/** `expect.poll` gives up after a second by default, which a busy machine needs for a single answer. */
const expectation = { poll: { timeout: 60_000 } };

const exclude = [...configDefaults.exclude, 'dist/**', '.tributary/**'];

/** On two cores: integration files wait most of their time, so three at once keep both busy. */
const maxWorkers = 3;

export default defineConfig({
  test: {
    teardownTimeout: 20_000,
    sequence: { sequencer: FileOrder },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'src/**/*.test.ts', 'producers/**/*.test.ts'],
          exclude: [...exclude, '**/*.it.test.ts'],
          pool: 'forks',
          globalSetup: ['test/setup/programs.ts'],
          // The set-up of the integration project puts the stack's login here; no unit test may see it.
          env: { TRIBUTARY_TEST_LOGIN: '' },
          // A limit for what hangs, not a measure: a busy machine is ten times slower.
          expect: expectation,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.it.test.ts'],
          exclude,
          pool: 'forks',
          // One real broker, registry and database for all files. Every file has topics and schemas of its own.
          maxWorkers,
          globalSetup: ['test/setup/programs.ts', 'test/setup/stack.ts'],
          expect: expectation,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
