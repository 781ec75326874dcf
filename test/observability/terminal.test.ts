import { Writable } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { startProgress } from '../../src/observability/progress.ts';
import { runsText, type RunLine } from '../../src/observability/runs-text.ts';
import { statusText } from '../../src/observability/status-text.ts';
import type { StatusSnapshot, DisplayState } from '../../src/observability/status-view.ts';
import { clockTime, createPaint, duration, terminalText, withoutColours } from '../../src/observability/text.ts';

const now = new Date(2026, 0, 1, 12, 0, 0).getTime();
const plain = createPaint(false);

function snapshot(...states: readonly DisplayState[]): StatusSnapshot {
  return {
    v: 1,
    at: now,
    assigned: [],
    tables: states.map((state, n) => ({
      connection: 'shop',
      source: 'klaviyo',
      table: `t${n}`,
      state,
      runs: {},
      deadLetters: 0,
      timeline: [],
    })),
  };
}

const running: DisplayState = { kind: 'in_progress', mode: 'periodic', startedAt: now, rows: 12_345, rowsPerSecond: 812, percent: 42 };

function terminal(columns = 80) {
  let text = '';
  const stream = Object.assign(
    new Writable({
      write(chunk, _, done) {
        text += String(chunk);
        done();
      },
    }),
    { columns, rows: 24 },
  );
  return { stream, text: () => text };
}

describe('status in words', () => {
  test('every state says what matters about it', () => {
    const text = statusText(
      snapshot(
        { kind: 'not_synced' },
        { kind: 'scheduled', nextRunAt: now + 3_600_000 },
        running,
        { kind: 'rate_limited', until: now + 300_000, rows: 5 },
        { kind: 'error', message: 'Klaviyo answered 503.', nextTryAt: now + 60_000 },
        { kind: 'failed', reason: 'The key was refused.', remedy: 'Set api_key.' },
        { kind: 'paused' },
        { kind: 'disabled', reason: 'Not in your plan.' },
      ),
      plain,
    );
    for (const part of [
      'not yet synced',
      'scheduled 13:00',
      'in progress 42 %, 12,345 rows, 812 rows/s',
      'rate limited until 12:05',
      'error, next try 12:01',
      'shop.t4: Klaviyo answered 503.',
      'shop.t5: The key was refused. Set api_key.',
      'paused',
      'shop.t7: Not in your plan.',
    ])
      expect(text).toContain(part);
  });

  test('says how fresh the warehouse is, by the landing that is furthest behind', () => {
    const [one, two] = snapshot(running, { kind: 'paused' }).tables;
    const text = (...tables: StatusSnapshot['tables']): string => statusText({ v: 1, at: now, assigned: [], tables }, plain);
    expect(text(one!)).not.toContain('WAREHOUSE');
    const known = text({
      ...one!,
      warehouses: [
        { landing: 'a', freshnessMs: 60_000 },
        { landing: 'b', freshnessMs: 7_200_000 },
      ],
    });
    expect(known).toContain('VENDOR TO WAREHOUSE');
    expect(known).toMatch(new RegExp(`${duration(7_200_000)} +never`));
    expect(known).not.toContain('NEWEST ROW');
    const unknown = text(
      { ...one!, warehouses: [{ landing: 'a', freshnessMs: 60_000 }, { landing: 'b' }] },
      { ...two!, warehouses: [{ landing: 'a', freshnessMs: 60_000, newestRowAt: now - 120_000 }] },
    );
    expect(unknown).toMatch(/shop\.t0 .* - +- +never/);
    expect(unknown).toMatch(new RegExp(`shop\\.t1 .*${duration(60_000)} +${duration(120_000)} ago +never`));
  });

  test('a table that waits says how far it is as well', () => {
    expect(statusText(snapshot({ kind: 'rate_limited', until: now + 300_000, rows: 75_000, percent: 48 }), plain)).toContain(
      'rate limited until 12:05, 48 %, 75,000 rows',
    );
  });

  test('no percentage where none is known', () => {
    const { percent: _, ...unknown } = running;
    expect(statusText(snapshot(unknown), plain)).not.toContain('%');
  });

  test('withheld deletes come with the command that releases them', () => {
    const {
      tables: [table],
      ...rest
    } = snapshot({ kind: 'scheduled' });
    const text = statusText({ ...rest, tables: [{ ...table!, withheld: { count: 1500, reason: '25 % vanished', since: now } }] }, plain);
    expect(text).toContain('1,500 deletes withheld (25 % vanished). To allow them: tributary deletes allow shop.t0');
  });

  test('columns stand under one another, colours or not', () => {
    const coloured = statusText(snapshot(running, { kind: 'paused' }), createPaint(true));
    expect(terminalText(coloured, true)).toContain('\u001b[32m');
    expect(withoutColours(coloured)).toBe(statusText(snapshot(running, { kind: 'paused' }), plain));
  });

  test.each<[number, string]>([
    [0, '0 ms'],
    [9_950, '9.9 s'],
    [12_000, '12 s'],
    [185_000, '3 min 05 s'],
    [7_800_000, '2 h 10 min'],
    [356_400_000, '4 d 3 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test('another day is named', () => {
    expect(clockTime(now + 86_400_000, now)).toBe('2026-01-02 12:00');
  });
});

test('the run table has every figure and the reason of a failure', () => {
  const line: RunLine = {
    ref: { connection: 'shop', source: 'klaviyo', table: 'event' },
    outcome: 'failed',
    startedAt: 0,
    endedAt: 65_000,
    totals: {
      fetched: 200_000,
      published: 1500,
      unchanged: 198_500,
      deleted: 20,
      deadLetters: 3,
      messages: 1540,
      requests: 201,
      waitedMs: 4000,
    },
    error: { message: 'The key was refused.', remedy: 'Set api_key.' },
  };
  const text = runsText([line], plain);
  const [header, row] = text.split('\n');
  expect(header?.split(/ {2,}/)).toEqual([
    'TABLE',
    'FETCHED',
    'PUBLISHED',
    'UNCHANGED',
    'DELETED',
    'DEAD LETTERS',
    'REQUESTS',
    'WAITED',
    'DURATION',
    'STATUS',
  ]);
  expect(row?.trim().split(/ {2,}/)).toEqual([
    'shop.event',
    '200,000',
    '1,500',
    '198,500',
    '20',
    '3',
    '201',
    '4.0 s',
    '1 min 05 s',
    'failed',
  ]);
  expect(text).toContain('shop.event: The key was refused. Set api_key.');
  const held = runsText([{ ...line, outcome: 'succeeded', withheld: { count: 1_300, reason: 'too many at once' } }], plain);
  expect(held).toContain('succeeded, 1,300 deletes withheld');
  expect(held).toContain('tributary deletes allow shop.event');
});

describe('progress', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('without a terminal there is one line for all tables every 30 s, and none while nothing runs', () => {
    vi.useFakeTimers();
    const { stream, text } = terminal();
    let shown = snapshot(running, running, { kind: 'scheduled' }, { kind: 'error', message: 'x' });
    const progress = startProgress({ status: () => shown, stream, terminal: false, paint: plain });
    vi.advanceTimersByTime(29_999);
    expect(text()).toBe('');
    vi.advanceTimersByTime(30_001);
    const line = '2 of 4 tables in progress, 1 in trouble, 24,690 rows so far, 1,624 rows/s\n';
    expect(text()).toBe(line.repeat(2));
    shown = snapshot({ kind: 'scheduled' });
    vi.advanceTimersByTime(60_000);
    expect(text()).toBe(line.repeat(2));
    progress.stop();
  });

  test('a terminal that says it has no columns and no rows is written to as one of the usual size', () => {
    vi.useFakeTimers();
    const { stream, text } = terminal(0);
    const progress = startProgress({ status: () => snapshot(running), stream, terminal: true, paint: plain });
    vi.advanceTimersByTime(300);
    progress.stop();
    expect(text()).toContain('shop.t0  in progress 42 %, 12,345 rows');
  });

  test('on a terminal the block is repainted in place and never wraps', () => {
    vi.useFakeTimers();
    const { stream, text } = terminal(30);
    const progress = startProgress({ status: () => snapshot(running, running), stream, terminal: true, paint: plain });
    vi.advanceTimersByTime(500);
    expect(text()).toContain('\u001b[2A\u001b[0J');
    for (const line of text().split('\n')) expect(line.replace('\r\u001b[2A\u001b[0J', '').length).toBeLessThan(30);
    progress.print('a log line');
    progress.stop();
    // From the line's begin, wherever the echo of a Ctrl-C has left the cursor.
    expect(text()).toContain('\r\u001b[2A\u001b[0Ja log line\n');
    expect(text().endsWith('\r\u001b[2A\u001b[0J')).toBe(true);
  });
});
