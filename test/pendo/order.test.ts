import { describe, expect, it } from 'vitest';
import { surelyBefore } from '../../src/sdk/readers/sort-order.ts';
import type { PendoApi } from '../../producers/pendo/api.ts';
import type { Json, Row } from '../../src/core/types.ts';
import type { PendoTable } from '../../simulators/pendo/options.ts';
import { subscription } from './harness.ts';

/** A vendor that moves a row to the end of an answer, so many times. */
function moving(api: PendoApi, list: string, id: string, times: number): { api: PendoApi; moved: () => number } {
  let moved = 0;
  const stream: typeof api.http.stream = async function* (path, ask) {
    const rows: Json[] = [];
    for await (const batch of api.http.stream(path, ask)) rows.push(...batch);
    const idAt = (at: number): unknown => (rows[at] as Row | undefined)?.[id];
    const at = rows.findIndex((_, here) => here > 0 && idAt(here) !== idAt(here - 1) && idAt(here) !== idAt(here + 1));
    if (ask.endpoint === list && moved < times && at > 0 && at < rows.length - 2) {
      rows.push(...rows.splice(at, 1));
      moved += 1;
    }
    if (rows.length > 0) yield rows;
  };
  return { api: { ...api, http: { ...api.http, stream } }, moved: () => moved };
}

describe('an answer in another order than asked for', () => {
  it.each([
    ['track_events', 'trackEvents', 'visitorId'],
    ['events', 'events', 'visitorId'],
    ['visitors', 'visitors', 'visitorId'],
    ['accounts', 'accounts', 'accountId'],
    ['features', 'features', 'id'],
  ] as const)('is asked for again, then %s fails, and nothing is lost', async (name: PendoTable, list, id) => {
    const { table, api, topic, truth } = await subscription(
      { days: 2, visitors: 40, accounts: 40, features: 40, sessions: 80 },
      { record_limit: 10 },
    );
    const once = moving(api, list, id, 1);
    const well = await table(name).run({ api: once.api });
    expect(once.moved()).toBe(1);
    expect(well.error).toBeUndefined();
    expect(topic(name, well.rows)).toEqual(truth(name));

    const always = moving(api, list, id, Infinity);
    const reader = table(name);
    const failed = await reader.run({ api: always.api });
    expect(failed.error).toMatchObject({ kind: 'data', code: 'pendo:order', message: expect.stringContaining(list) });
    // Some ids stand in no order that everybody would agree on, so an answer may pass; none that loses rows.
    expect(always.moved()).toBeGreaterThanOrEqual(3);
    expect(failed.pages.some((page) => page.scan?.end !== undefined)).toBe(false);
    // The position leads behind nothing that was not read.
    const after = await reader.run();
    expect(after.error).toBeUndefined();
    expect(topic(name, [...failed.rows, ...after.rows])).toEqual(truth(name));
    if (after.pages.some((page) => page.scan !== undefined)) expect(topic(name, after.rows)).toEqual(truth(name));
  });

  it.each<[Json, Json, boolean]>([
    [1, 2, true],
    [2, 1, false],
    ['a', 'b', true],
    ['b', 'a', false],
    ['ab', 'abc', true],
    ['v2', 'v3', true],
    ['1', 'a', true],
    // What some vendors see the other way round.
    ['v10', 'v2', false],
    ['v2', 'v10', false],
    ['v1a', 'v12', false],
    ['v12', 'v1a', false],
    ['B', 'a', false],
    ['a', 'B', false],
    ['a-b', 'ab', false],
    ['ab', 'a-b', false],
    ['z', 'é', false],
    ['', 'a', false],
    ['a', '', false],
    ['a', 'a', false],
    [1, '2', false],
    [null, 'a', false],
  ])('%j is surely before %j: %s', (a, b, expected) => {
    expect(surelyBefore(a, b)).toBe(expected);
  });
});
