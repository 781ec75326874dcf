import { configDefaults, defineConfig } from 'vitest/config';

const exclude = [...configDefaults.exclude, 'dist/**'];

export default defineConfig({
  test: {
    teardownTimeout: 20_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'src/**/*.test.ts', 'producers/**/*.test.ts'],
          exclude: [...exclude, '**/*.it.test.ts'],
          pool: 'forks',
          // The set-up of the integration project puts the stack's login here; no unit test may see it.
          env: { TRIBUTARY_TEST_LOGIN: '' },
          // A limit for what hangs, not a measure: a busy machine is ten times slower.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.it.test.ts'],
          exclude,
          pool: 'forks',
          // One real broker, registry and database for all files. Every file has topics and schemas of its own, and
          // most of its time is waiting, so two files share the machine well.
          maxWorkers: 2,
          globalSetup: ['test/setup/stack.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
