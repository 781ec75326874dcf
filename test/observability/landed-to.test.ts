import { expect, test } from 'vitest';
import type { TopicLag } from '../../src/landing/lag.ts';
import { landedTo } from '../../src/observability/landed-to.ts';

const lag = (more: Partial<TopicLag>): TopicLag => ({
  topic: 't',
  missing: false,
  caughtUp: true,
  rowsAtMost: 0,
  lagSeconds: 0,
  deletesMayBeMissed: false,
  ...more,
});
const behind = (lagSeconds: number): TopicLag => lag({ caughtUp: false, rowsAtMost: 1, lagSeconds });

test('a warehouse holds what the topic had when the oldest row it has not got was published', () => {
  let now = 0;
  const landed = landedTo(() => now);
  const at = (ms: number, readTo: number | undefined): void => {
    now = ms;
    landed.note([{ topic: 't', readTo }]);
  };
  at(100_000, undefined);
  expect(landed.of(lag({}), now)).toBeUndefined();
  at(110_000, 90_000);
  expect(landed.of(lag({}), now)).toBe(90_000);
  at(125_000, 120_000);
  at(140_000, 135_000);
  // Left over from second 130: what was read up to second 120 was published before.
  expect(landed.of(behind(10), now)).toBe(120_000);
  // Left over from second 120: what was read up to 120 s may have been published after that.
  expect(landed.of(behind(20), now)).toBe(90_000);
  // Left over from before we heard anything.
  expect(landed.of(behind(60), now)).toBeUndefined();
  expect(landed.of(lag({ missing: true }), now)).toBeUndefined();
  expect(landed.of(lag({}), now)).toBe(135_000);
  // Nothing older can be left over once it had caught up.
  expect(landed.of(behind(10), now)).toBeUndefined();
});
