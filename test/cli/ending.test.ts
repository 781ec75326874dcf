import { expect, test } from 'vitest';
import { drainingMs, ENDING, endingMs, stackGrace } from '../../src/cli/session/ending.ts';

test('all that may follow the first signal adds up to less than ten seconds', () => {
  expect(ENDING.saving + ENDING.closing + ENDING.stack).toBe(endingMs);
  expect(endingMs + drainingMs).toBeLessThan(10_000);
});

test.each([[0], [100], [ENDING.saving], [ENDING.saving + ENDING.closing], [endingMs], [60_000]])(
  'parts of the stack that are asked to end %i ms after the signal are gone in time',
  (passed) => {
    const grace = stackGrace(passed);
    expect(grace).toBeGreaterThanOrEqual(0);
    expect(passed + 2 * grace).toBeLessThanOrEqual(Math.max(passed, endingMs));
  },
);

test('what has hung until its share was over leaves the stack time to end in good order', () => {
  expect(stackGrace(ENDING.saving + ENDING.closing)).toBeGreaterThanOrEqual(1_500);
});
