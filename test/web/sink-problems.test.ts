import { expect, test } from 'vitest';
import type { LandingError } from '../../src/landing/errors-log.ts';
import type { LandingStatus } from '../../src/landing/status.ts';
import { landingView } from '../../src/web/model/board-rows.ts';
import { sinkProblems } from '../../src/web/model/sink-problems.ts';
import { NOW } from './fake-site.ts';

const sink = (more: Partial<LandingStatus> = {}): LandingStatus => ({
  ...{ connector: 'wh-shop', connection: 'shop', state: 'RUNNING', tasks: [{ id: 0, state: 'RUNNING' }], topics: [] },
  ...{ deadLetterTopic: 't._dlq.wh-shop', deadLetters: 0 },
  ...more,
});
const noted = (message: string, more: Partial<LandingError> = {}): LandingError => ({
  ...{ at: NOW - 60_000, landing: 'wh', connector: 'wh-shop', connection: 'shop', code: 'landing:task_failed' },
  ...{ summary: 'wh-shop had failed and was restarted.', message },
  ...more,
});

test('a failed task is told with the code of its warehouse and what to do', () => {
  const failure = 'org.postgresql.util.PSQLException: ERROR: permission denied for table shop_order';
  const [problem] = sinkProblems('wh', sink({ tasks: [{ id: 0, state: 'FAILED' }], failure }), [], NOW);
  expect(problem).toMatchObject({ code: '42501', active: true, where: 'sink', message: failure });
  expect(problem?.remedy).toContain('setup.sql');
});

test.each([
  ['FATAL: password authentication failed for user "sink"', '28P01'],
  ['SQLSTATE: 42P01, relation missing', '42P01'],
  ['BigQueryException: 403 accessDenied: no', '403 accessDenied'],
  ['Login failed. Error: 18456', '18456'],
  ['JWT token is invalid. [0ab1]', '390144'],
  ['The specified bucket does not exist (NoSuchBucket)', 'NoSuchBucket'],
])('%s has the code %s', (failure, code) => {
  expect(sinkProblems('wh', sink({ state: 'FAILED', failure }), [], NOW)[0]?.code).toBe(code);
});

test('what workers have noted is told once with how often, and is over while the connector runs', () => {
  const refused = 'FATAL: password authentication failed for user "sink"';
  const notes = [noted(refused), noted(refused, { at: NOW - 120_000 }), noted('other', { connector: 'wh-club' })];
  expect(sinkProblems('wh', sink(), notes, NOW)).toEqual([
    expect.objectContaining({ code: '28P01', times: 2, active: false, at: NOW - 60_000, message: refused }),
  ]);
});

test('words that name no code keep the connector’s own, and a missing connector and refused rows are told', () => {
  expect(sinkProblems('wh', sink({ state: 'FAILED', failure: 'odd' }), [], NOW)[0]).toMatchObject({
    code: 'connect:failed',
    message: 'odd',
  });
  expect(sinkProblems('wh', sink({ state: 'MISSING', tasks: [], deadLetters: 1 }), [], NOW).map(({ code }) => code)).toEqual([
    'connect:missing',
    'connect:dead-letters',
  ]);
});

test('a landing tells once what its connectors alone do not show: a closed warehouse, a paused sink, deletes that may be missed', () => {
  const lag = { topic: 'shop.order', missing: false, caughtUp: false, rowsAtMost: 1, lagSeconds: 9, deletesMayBeMissed: true };
  const warehouseTrouble = 'password authentication failed for user "reader"';
  const sinks = [
    sink({ warehouseTrouble, topics: [lag] }),
    sink({ connector: 'wh-club', state: 'PAUSED', warehouseTrouble, deadLetters: 1 }),
  ];
  const seen = { name: 'wh', kind: 'postgres', connections: ['shop'], sinks, problems: new Map(), seenAt: NOW };
  const { notes, state } = landingView(seen, NOW);
  expect(state).toBe('paused');
  expect(notes).toEqual([
    expect.stringContaining('shop.order than the topic keeps deletes'),
    expect.stringContaining('wh-club is paused'),
    `The warehouse could not be asked. ${warehouseTrouble}`,
  ]);
  expect(landingView({ ...seen, sinks: [sink()] }, NOW).notes).toEqual([]);
  const many = ['a', 'b', 'c', 'd', 'e'].map((topic) => ({ ...lag, topic }));
  expect(landingView({ ...seen, sinks: [sink({ topics: many })] }, NOW).notes).toEqual([
    expect.stringContaining('further behind on a, b, c and 2 more than'),
  ]);
});
