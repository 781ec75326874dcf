import { describe, expect, it } from 'vitest';
import type { TributaryError } from '../../src/core/errors.ts';
import { subscription } from './harness.ts';

describe('a schema of metadata', () => {
  it.each([
    '{"data":1}',
    '{"data":{}}',
    '{}',
    'null',
    '[]',
    '{"auto":{"id":1}}',
    '{"auto":{"id":{}}}',
    '{"auto":[]}',
    '{"auto":{"id":{"Type":"string"}},"custom":"none"}',
    '{"auto":{"id":{"Type":"string"}},"custom":1e400}',
  ])('is none, and no end of one, when it is %s', async (body) => {
    const { simulator, table } = await subscription({ days: 1, visitors: 2 });
    simulator.faults.add({ kind: 'status', status: 200, body, on: 'GET /api/v1/metadata/schema/account' });
    for (let twice = 0; twice < 2; twice += 1) {
      const { error, pages } = await table('metadata_accounts').run();
      expect(error).toMatchObject({ kind: 'data', code: 'pendo:no_groups' });
      expect(pages).toEqual([]);
    }
  });

  it('may have groups without fields', async () => {
    const { simulator, table } = await subscription({ days: 1, visitors: 2 });
    simulator.faults.add({ kind: 'member', at: 'custom', value: null, on: 'GET /api/v1/metadata/schema/account' });
    simulator.faults.add({ kind: 'member', at: 'custom', value: {}, on: 'GET /api/v1/metadata/schema/visitor' });
    for (const name of ['metadata_accounts', 'metadata_visitors'] as const) {
      const { error, rows } = await table(name).run();
      expect(error).toBeUndefined();
      expect(rows.some(({ group }) => group === 'auto')).toBe(true);
    }
  });
});

it.each(['accounts', 'visitors', 'features', 'events', 'guide_events'] as const)(
  '%s with rows that are none is no fault of the program',
  async (name) => {
    const { simulator, table } = await subscription({ days: 1, visitors: 2 });
    for (const row of ['null', '"text"', '7', '[]', '{"day":8640000000000001,"hour":8640000000000001}']) {
      simulator.faults.clear();
      simulator.faults.add({
        kind: 'status',
        status: 200,
        body: `{"startTime":1,"results":[${row}]}`,
        on: 'POST /api/v1/aggregation',
        times: 1,
      });
      const { error } = await table(name).run();
      expect((error as TributaryError | undefined)?.kind ?? 'none', `${row}: ${String(error)}`).not.toBe('internal');
    }
  },
);

it('a visitor whose history Pendo cannot tell is named as such, and the others are read', async () => {
  const { simulator, table } = await subscription({ days: 1, visitors: 5 }, { visitor_history: { enabled: true } });
  simulator.faults.add({ kind: 'status', status: 422, body: '{"message":"unprocessable"}', on: 'GET /api/v1/visitor/*/history', times: 1 });
  const { error, pages } = await table('visitor_history').run();
  expect(error).toBeUndefined();
  expect(pages.flatMap(({ warnings = [] }) => warnings).join(' ')).toContain('has no history of this visitor (422)');
});

it('history that Pendo tells of nobody is an error that says so', async () => {
  const { simulator, table } = await subscription({ days: 1, visitors: 3 }, { visitor_history: { enabled: true } });
  simulator.faults.add({ kind: 'status', status: 422, body: '{"message":"unprocessable"}', on: 'GET /api/v1/visitor/*/history' });
  const { error, rows } = await table('visitor_history').run();
  expect(error).toMatchObject({
    kind: 'data',
    code: 'pendo:422',
    message: expect.stringMatching(/no history of this visitor \(422\): .*unprocessable/),
    remedy: expect.stringMatching(/read again in the next run.*180 days/),
  });
  expect(rows).toEqual([]);
});

it('a visitor whose history cannot be read fails the run, once the others are read', async () => {
  const { simulator, table } = await subscription({ days: 1, visitors: 5 }, { visitor_history: { enabled: true } });
  const whole = await table('visitor_history').run();
  simulator.faults.add({ kind: 'status', status: 200, body: '{"data":[]}', on: 'GET /api/v1/visitor/*/history', times: 1 });
  const { error, pages, rows } = await table('visitor_history').run();
  expect(error).toMatchObject({ kind: 'data', code: 'pendo:no_list' });
  expect(pages.flatMap(({ warnings = [] }) => warnings).join(' ')).toContain('could not be read and is read again');
  expect(pages.some(({ readTo }) => readTo !== undefined)).toBe(false);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.length).toBeLessThanOrEqual(whole.rows.length);
});
