import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEventBus, type EngineEvent } from '../../src/engine/events.ts';
import { type FailureNotice, type RunTotals } from '../../src/core/run.ts';
import { emptyStatus, seedStatus, timelineLength } from '../../src/observability/status-model.ts';
import { reduceStatus } from '../../src/observability/status-reduce.ts';
import { statusText } from '../../src/observability/status-text.ts';
import { followStatus, snapshotOf, type DisplayState } from '../../src/observability/status-view.ts';
import { createPaint } from '../../src/observability/text.ts';

const ref = { connection: 'shop', source: 'klaviyo', table: 'event' };
const other = { ...ref, table: 'profile' };
const totals: RunTotals = { fetched: 10, published: 8, unchanged: 2, deleted: 0, deadLetters: 0, messages: 8, requests: 3, waitedMs: 0 };
const t0 = Date.UTC(2026, 0, 1, 12);

type Step = EngineEvent | { wait: number };
const started: EngineEvent = { type: 'run-started', runId: 'r1', mode: 'periodic', at: t0, ...ref };
const page = (more: { rows?: number; readTo?: number; progress?: number } = {}): EngineEvent => ({
  type: 'page-read',
  rows: 100,
  ...more,
  ...ref,
});
const batch = (more: { deadLetters?: number; readTo?: number } = {}): EngineEvent => ({
  type: 'batch-committed',
  upserts: 8,
  deletes: 0,
  unchanged: 2,
  deadLetters: 0,
  at: t0,
  durationMs: 5,
  ...more,
  ...ref,
});
const ended = (outcome: 'succeeded' | 'failed' | 'interrupted', failure?: FailureNotice): EngineEvent => ({
  type: 'run-ended',
  runId: 'r1',
  outcome,
  totals,
  at: t0 + 60_000,
  startedAt: t0,
  ...(failure ? { failure } : {}),
  ...ref,
});
const waiting: EngineEvent = { type: 'table-waiting', nextRunAt: t0 + 3_600_000, ...ref };
const trouble = (retryAt?: number): EngineEvent => ({
  type: 'run-retrying',
  stage: 'extract',
  failure: { kind: 'transient', message: 'Klaviyo answered 503.', ...(retryAt ? { retryAt } : {}) },
  ...ref,
});
const refused: FailureNotice = { kind: 'config', message: 'Klaviyo refused the key.', remedy: 'Set api_key.', code: 'klaviyo:401' };

function after(...steps: readonly Step[]) {
  let now = t0;
  let model = emptyStatus([ref, other]);
  for (const step of steps) {
    if ('wait' in step) now += step.wait;
    else model = reduceStatus(model, step, now);
  }
  const snapshot = snapshotOf(model, now);
  return { ...snapshot.tables[0]!, other: snapshot.tables[1]!, snapshot, model };
}

describe('a table is shown as', () => {
  test.each<[string, readonly Step[], object]>([
    ['not yet synced at first', [], { kind: 'not_synced' }],
    ['not yet synced with its first run', [waiting], { kind: 'not_synced', nextRunAt: t0 + 3_600_000 }],
    ['in progress once its run starts', [waiting, started], { kind: 'in_progress', rows: 0, mode: 'periodic' }],
    [
      'in progress with rows and speed, without a percentage nobody knows',
      [started, { wait: 1000 }, page(), { wait: 1000 }],
      { kind: 'in_progress', rows: 100, rowsPerSecond: 50 },
    ],
    ['in progress with a known percentage', [started, page({ progress: 0.426 })], { kind: 'in_progress', percent: 42 }],
    ['never 100 % while it runs', [started, page({ progress: 1 })], { kind: 'in_progress', percent: 99 }],
    [
      'rate limited until the vendor lets it go on',
      [started, page(), { type: 'rate-limited', until: t0 + 5000, ...ref }],
      { kind: 'rate_limited', until: t0 + 5000, rows: 100 },
    ],
    [
      'in progress and pacing itself while only our own count holds it back',
      [started, page(), { type: 'rate-limited', until: t0 + 5000, pacing: true, ...ref }],
      { kind: 'in_progress', rows: 100, pacing: true },
    ],
    [
      'in progress again when that time is over',
      [started, { type: 'rate-limited', until: t0 + 5000, ...ref }, { wait: 5000 }],
      { kind: 'in_progress' },
    ],
    [
      'still rate limited when the page before the one that waits is handled',
      [started, { type: 'rate-limited', until: t0 + 50_000, ...ref }, { wait: 800 }, page(), { wait: 30_000 }],
      { kind: 'rate_limited', until: t0 + 50_000, rows: 100 },
    ],
    [
      'in progress again when a page came sooner',
      [started, { type: 'rate-limited', until: t0 + 50_000, ...ref }, { wait: 6000 }, page()],
      { kind: 'in_progress' },
    ],
    ['error with its next try', [started, trouble(t0 + 9000)], { kind: 'error', message: 'Klaviyo answered 503.', nextTryAt: t0 + 9000 }],
    ['error while a run goes on trying, also without a known time', [started, trouble()], { kind: 'error' }],
    ['in progress when the run has recovered', [started, trouble(t0 + 9000), { type: 'run-recovered', ...ref }], { kind: 'in_progress' }],
    ['in progress when a page came through', [started, trouble(t0 + 9000), page()], { kind: 'in_progress' }],
    [
      'failed with reason and remedy',
      [started, ended('failed', refused), waiting],
      { kind: 'failed', reason: 'Klaviyo refused the key.', remedy: 'Set api_key.', code: 'klaviyo:401' },
    ],
    [
      'error when a failed run will be tried again',
      [started, ended('failed', { kind: 'transient', message: 'Down.', retryAt: t0 + 90_000 })],
      { kind: 'error', nextTryAt: t0 + 90_000 },
    ],
    [
      'in progress when the user starts it again',
      [started, ended('failed', refused), { ...started, runId: 'r2' } as EngineEvent],
      { kind: 'in_progress' },
    ],
    [
      'failed still when the next run was interrupted, which ends no failure',
      [started, ended('failed', refused), started, ended('interrupted')],
      { kind: 'failed', reason: 'Klaviyo refused the key.', remedy: 'Set api_key.', code: 'klaviyo:401' },
    ],
    [
      'failed without the retry that was interrupted',
      [started, ended('failed', { kind: 'transient', message: 'Down.', retryAt: t0 + 90_000 }), started, ended('interrupted')],
      { kind: 'failed', reason: 'Down.' },
    ],
    [
      'not failed any more when a run has succeeded before the interrupted one',
      [started, ended('failed', refused), started, ended('succeeded'), started, ended('interrupted')],
      { kind: 'scheduled' },
    ],
    [
      'not failed with a connection that was opened since',
      [{ type: 'connection-failed', connection: 'shop', source: 'klaviyo', failure: refused }, started, ended('interrupted')],
      { kind: 'not_synced' },
    ],
    [
      'failed with its connection',
      [started, { type: 'connection-failed', connection: 'shop', source: 'klaviyo', failure: refused }],
      { kind: 'failed' },
    ],
    [
      'error while it waits for its next try',
      [started, ended('failed', { kind: 'data', message: 'Bad page.' }), trouble(t0 + 9000), waiting],
      { kind: 'error', nextTryAt: t0 + 9000 },
    ],
    [
      'scheduled again when Kafka came back between two runs',
      [started, ended('succeeded'), trouble(t0 + 9000), { type: 'run-recovered', ...ref }],
      { kind: 'scheduled' },
    ],
    ['scheduled after a run', [started, page(), batch(), ended('succeeded'), waiting], { kind: 'scheduled', nextRunAt: t0 + 3_600_000 }],
    ['not yet synced when its first run was interrupted', [started, page(), ended('interrupted')], { kind: 'not_synced' }],
    [
      'scheduled when a later run was interrupted',
      [
        started,
        ended('succeeded'),
        { ...started, runId: 'r2' } as EngineEvent,
        { ...ended('interrupted'), runId: 'r2' } as EngineEvent,
        waiting,
      ],
      { kind: 'scheduled' },
    ],
    ['paused', [waiting, { type: 'table-paused', ...ref }], { kind: 'paused' }],
    ['paused while its run is being stopped', [started, { type: 'table-paused', ...ref }], { kind: 'paused' }],
    [
      'not paused after resume',
      [
        { type: 'table-paused', ...ref },
        { type: 'table-resumed', ...ref },
      ],
      { kind: 'not_synced' },
    ],
    [
      'disabled with its reason',
      [started, { type: 'table-disabled', reason: 'The plan has no such data.', ...ref }, ended('interrupted')],
      { kind: 'disabled', reason: 'The plan has no such data.' },
    ],
    [
      'enabled by resume',
      [
        { type: 'table-disabled', reason: 'x', ...ref },
        { type: 'table-resumed', ...ref },
      ],
      { kind: 'not_synced' },
    ],
    [
      'not in progress when the connection went to another worker',
      [started, { type: 'connection-revoked', connection: 'shop', source: 'klaviyo' }],
      { kind: 'not_synced' },
    ],
  ])('%s', (_, steps, expected) => {
    const { state, snapshot } = after(...steps);
    expect(state).toMatchObject(expected);
    if (!('percent' in expected)) expect(state).not.toHaveProperty('percent');
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  });
});

const kinds = [
  'not_synced',
  'scheduled',
  'in_progress',
  'rate_limited',
  'error',
  'failed',
  'paused',
  'disabled',
] satisfies DisplayState['kind'][];

describe('honesty', () => {
  test('a run that ends while a page is in trouble is not complete, whatever it says', () => {
    const { lastRun, lastSuccessAt, state } = after(started, page(), trouble(), ended('succeeded'));
    expect(lastRun?.outcome).toBe('interrupted');
    expect(lastSuccessAt).toBeUndefined();
    expect(state.kind).toBe('not_synced');
  });

  test.each(['failed', 'interrupted'] as const)('a run that %s leaves last success and freshness as they were', (outcome) => {
    const { lastSuccessAt, readTo } = after(started, page({ readTo: t0 + 1 }), ended(outcome, outcome === 'failed' ? refused : undefined));
    expect(lastSuccessAt).toBeUndefined();
    expect(readTo).toBeUndefined();
  });

  test('what was read counts as fresh only when it is committed', () => {
    expect(after(started, page({ readTo: t0 - 1000 })).freshnessMs).toBeUndefined();
    expect(after(started, page({ readTo: t0 - 1000 }), batch({ readTo: t0 - 1000 }), { wait: 500 }).freshnessMs).toBe(1500);
    expect(after(started, page({ readTo: t0 - 1000 }), batch(), ended('succeeded')).freshnessMs).toBe(1000);
  });

  test('freshness never goes back', () => {
    expect(after(started, batch({ readTo: t0 - 10 }), batch({ readTo: t0 - 5000 })).readTo).toBe(t0 - 10);
  });
});

describe('beside the state', () => {
  test('withheld deletes stay shown until they are released', () => {
    const withheld: EngineEvent = { type: 'deletes-withheld', count: 500, reason: '25 % of the rows vanished', ...ref };
    expect(after(started, withheld, ended('succeeded')).withheld).toMatchObject({ count: 500, since: t0 });
    expect(after(withheld, { wait: 50 }, withheld).withheld?.since).toBe(t0);
    expect(after(withheld, { type: 'deletes-released', count: 500, ...ref }).withheld).toBeUndefined();
  });

  test('dead letters add up, the last run keeps its totals', () => {
    const { deadLetters, lastRun } = after(started, batch({ deadLetters: 2 }), batch({ deadLetters: 3 }), ended('succeeded'));
    expect(deadLetters).toBe(5);
    expect(lastRun?.totals).toEqual(totals);
  });

  test('one table does not disturb the other', () => {
    expect(after(started, trouble(), { type: 'table-paused', ...ref }).other.state.kind).toBe('not_synced');
  });

  test('assignments are known', () => {
    const assigned: EngineEvent = { type: 'connection-assigned', connection: 'shop', source: 'klaviyo' };
    expect(after(assigned, assigned).snapshot.assigned).toEqual(['shop']);
    expect(after(assigned, { type: 'connection-revoked', connection: 'shop', source: 'klaviyo' }).snapshot.assigned).toEqual([]);
  });

  test('the timeline is bounded and ends with the newest', () => {
    const many = Array.from({ length: 100 }, (_, n): EngineEvent => ({ type: 'warning', message: `w${n}`, ...ref }));
    const { timeline } = after(...many);
    expect(timeline).toHaveLength(timelineLength);
    expect(timeline.at(-1)?.message).toBe('w99');
  });

  test('what the topics tell is put in before any event', () => {
    const run = { runId: 'r0', mode: 'historical', startedAt: 1, endedAt: 2, outcome: 'failed', failure: refused } as const;
    const seeded = snapshotOf(
      seedStatus(emptyStatus([ref]), ref, { lastRuns: [run], readTo: t0 - 60_000, withheld: { count: 3, reason: 'r', since: 1 } }),
      t0,
    );
    expect(seeded.tables[0]).toMatchObject({
      state: { kind: 'failed' },
      freshnessMs: 60_000,
      runs: { historical: run },
      withheld: { count: 3 },
    });
    const interrupted = { runId: 'r1', mode: 'periodic', startedAt: 3, endedAt: 4, outcome: 'interrupted' } as const;
    const model = seedStatus(emptyStatus([ref]), ref, { lastRuns: [run, interrupted] });
    expect(snapshotOf(model, t0).tables[0]).toMatchObject({ state: { kind: 'failed' }, lastRun: interrupted });
    const again = [{ ...started, runId: 'r2' } as EngineEvent, ended('interrupted')].reduce(
      (now, event) => reduceStatus(now, event, t0),
      model,
    );
    expect(snapshotOf(again, t0).tables[0]?.state).toMatchObject({ kind: 'failed', reason: 'Klaviyo refused the key.' });
    const paused = snapshotOf(seedStatus(emptyStatus([ref]), ref, { paused: true, lastSuccessAt: 5 }), t0);
    expect(paused.tables[0]?.state.kind).toBe('paused');
  });
});

test('whatever events come in whatever order, the status stands and only a succeeded run counts as success', () => {
  const steps: readonly Step[] = [
    started,
    page(),
    batch(),
    trouble(),
    trouble(t0 + 1),
    ended('failed', refused),
    ended('interrupted'),
    waiting,
    { wait: 1000 },
    { type: 'rate-limited', until: t0 + 500, ...ref },
    { type: 'table-paused', ...ref },
    { type: 'table-resumed', ...ref },
    { type: 'table-disabled', reason: 'x', ...ref },
    { type: 'run-recovered', ...ref },
    { type: 'rows-odd', what: 'misfit', count: 1, ...ref },
    { type: 'connection-revoked', connection: 'shop', source: 'klaviyo' },
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 30, size: 'max' }), (sequence) => {
      const { state, lastSuccessAt, snapshot } = after(...sequence);
      expect(kinds).toContain(state.kind);
      expect(lastSuccessAt).toBeUndefined();
      expect(state.kind).not.toBe('scheduled');
      expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    }),
  );
});

test('the live status follows the bus until it is stopped', () => {
  const bus = createEventBus(() => undefined);
  const status = followStatus(bus, [ref], () => t0);
  bus.emit(started);
  expect(status.snapshot().tables[0]?.state.kind).toBe('in_progress');
  status.stop();
  bus.emit({ type: 'table-paused', ...ref });
  expect(status.snapshot().tables[0]?.state.kind).toBe('in_progress');
});

test('tables of a connection that was removed count no more, and are known when it comes again', () => {
  const bus = createEventBus(() => undefined);
  const status = followStatus(bus, [ref, other], () => t0);
  bus.emit({ type: 'run-started', runId: 'r1', mode: 'periodic', at: t0, ...other });
  bus.emit(started);
  bus.emit({ type: 'run-retrying', stage: 'extract', failure: { kind: 'transient', message: 'x' }, ...ref });
  const names = (): string[] => status.snapshot().tables.map(({ table, state }) => `${table} ${state.kind}`);
  expect(names()).toEqual(['event error', 'profile in_progress']);

  const revision = status.revision();
  const added = { ...ref, connection: 'new' };
  status.list(emptyStatus([other, added]));
  // What the removed one still tells while it is closed is not shown either.
  bus.emit({ type: 'warning', message: 'x', ...ref });
  expect(names()).toEqual(['profile in_progress', 'event not_synced']);
  expect(status.revision()).toBeGreaterThan(revision);
  status.list(seedStatus(emptyStatus([other]), ref, { off: 'off by default' }));
  expect(names()).toEqual(['profile in_progress', 'event disabled']);
  status.list(emptyStatus([ref]));
  expect(names()).toEqual(['event error']);
});

test('a table the settings turn off says what turns it on, and is in no trouble', () => {
  const off = 'off by default, `visitor_history: true` turns it on';
  const model = seedStatus(emptyStatus([]), ref, { off });
  const [table] = snapshotOf(model, t0).tables;
  expect(table?.state).toEqual({ kind: 'disabled', reason: off, off: true });
  expect(statusText(snapshotOf(model, t0), createPaint(false))).toContain(
    `${ref.connection}.${ref.table}: Disabled: off by default, \`visitor_history: true\` turns it on`,
  );
});

test('which worker has a table is a column of its own, where a worker is known', () => {
  const snapshot = snapshotOf(emptyStatus([ref, other]), t0);
  const text = (tables: typeof snapshot.tables) => statusText({ ...snapshot, tables }, createPaint(false)).split('\n');
  expect(text(snapshot.tables)[0]).not.toContain('WORKER');
  const [header, first, second] = text(snapshot.tables.map((table) => (table.table === 'event' ? { ...table, worker: 'w1' } : table)));
  expect(header).toMatch(/WITHHELD {2}WORKER$/);
  expect([first, second]).toEqual([expect.stringMatching(/shop\.event .* w1$/), expect.stringMatching(/shop\.profile .* -$/)]);
});
