import { describe, expect, it } from 'vitest';
import type { DisplayState, TableStatus } from '../../src/observability/status-view.ts';
import { clockTime } from '../../src/observability/text.ts';
import { waitTexts } from '../../src/observability/wait-text.ts';

const NOW = Date.UTC(2026, 4, 6, 14, 5, 9);
const MINUTE = 60_000;
const UNTIL = NOW + 52 * MINUTE;
const at = clockTime(UNTIL, NOW, 'seconds');

const table = (name: string, state: DisplayState, more: Partial<TableStatus> = {}): TableStatus => ({
  connection: 'shop',
  source: 'klaviyo',
  table: name,
  state,
  runs: {},
  deadLetters: 0,
  timeline: [],
  ...more,
});
const limited = table('event', { kind: 'rate_limited', until: UNTIL, rows: 7 });
const idle = table('metric', { kind: 'scheduled', nextRunAt: UNTIL });

describe('a run that is asked for', () => {
  it('is said to wait for a pause the vendor asked for, and until when', () => {
    expect(waitTexts([limited], [], NOW)).toEqual([
      `shop.event: the vendor has asked to wait until ${at} (in 52 min 00 s); then the run in progress continues, and the new one follows it.`,
    ]);
    // It is over by now, though nothing has come since.
    expect(waitTexts([limited], [], UNTIL + 1)).toEqual(['shop.event: a run is in progress, and the new one follows it.']);
  });

  it('of another table of the connection begins, and may have to wait for the same', () => {
    const said = `shop.metric: the run begins now, but the vendor has asked shop.event to wait until ${at} (in 52 min 00 s), and requests that share this limit wait as well.`;
    expect(waitTexts([idle], [limited], NOW)).toEqual([said]);
    expect(waitTexts([limited, idle], [], NOW)).toEqual([expect.stringContaining('shop.event: '), said]);
    expect(waitTexts([idle], [], NOW)).toEqual([]);
  });

  it('follows one under way that tries again later, and replaces one that has failed', () => {
    const trouble = { kind: 'error', message: 'Klaviyo answered 503.', nextTryAt: UNTIL } as const;
    expect(waitTexts([table('event', trouble)], [], NOW)).toEqual([
      `shop.event: the run in progress tries again at ${at} (in 52 min 00 s) (Klaviyo answered 503), and the new one follows it.`,
    ]);
    expect(waitTexts([table('event', trouble, { nextRunAt: UNTIL })], [], NOW)).toEqual([]);
  });

  it('is told once of all tables that wait for the same', () => {
    const running = { kind: 'in_progress', mode: 'periodic', startedAt: NOW, rows: 1, rowsPerSecond: 1 } as const;
    expect(waitTexts([table('a', running), table('b', running)], [], NOW)).toEqual([
      'shop.a, shop.b: a run is in progress, and the new one follows it.',
    ]);
  });
});
