import { expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Row } from '../../src/core/types.ts';
import { incremental } from '../../src/sdk/readers/incremental.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { FetchPage } from '../../src/sdk/readers/paginate.ts';
import { windows } from '../../src/sdk/readers/windows.ts';
import { engineAt } from './harness.ts';

/* A run is begun while the machine's clock is a day ahead and is cut; the next one has the right clock. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 2, 1, 12);

/** A vendor with a row each hour of the last three days, in pages of five, that knows no future. */
function vendor() {
  const refuse = (before: number): void => {
    if (before > NOON + 2 * HOUR) throw new TributaryError('End date may not be in the future', { kind: 'config' });
  };
  const rows = Array.from({ length: 72 }, (_, hour): Row => ({ id: hour, at: NOON - 72 * HOUR + hour * HOUR }));
  const pageOf = (from: number, to: number, cursor: unknown) => {
    const at = Number(cursor ?? 0);
    const found = rows.filter((row) => Number(row.at) >= from && Number(row.at) < to);
    return { rows: found.slice(at, at + 5), next: at + 5 < found.length ? at + 5 : END } as const;
  };
  return { rows, refuse, pageOf };
}

const ids = (rows: readonly Row[]): number[] => [...new Set(rows.map(({ id }) => Number(id)))].sort((a, b) => a - b);

it('windows: what was begun by a wrong clock is not finished up to a time that has not come', async () => {
  for (const strict of [true, false]) {
    const { rows, refuse, pageOf } = vendor();
    let seesFuture = true;
    const call: FetchPage<null, { from: number | undefined; to: number }> = async (_api, { from, to, cursor }) => {
      if (strict && !seesFuture) refuse(to);
      return pageOf(from ?? 0, to, cursor);
    };
    const reader = engineAt(
      () => NOON,
      windows<null>({
        call,
        span: 12 * HOUR,
        least: HOUR,
        maxPages: 20,
        delay: 0,
        concurrency: 1,
        tiers: [],
        origin: async () => NOON - 72 * HOUR,
      }),
      null,
    );
    const wrong = { runStart: NOON + DAY, now: () => NOON + DAY };
    const cut = await reader.run({ ...wrong, stopAfter: 16 });
    seesFuture = false;
    rows.push({ id: 100, at: NOON - 30_000 });
    const { rows: found, error } = await reader.run();
    expect(error).toBeUndefined();
    expect(ids([...cut.rows, ...found])).toEqual([...Array.from({ length: 72 }, (_, id) => id), 100]);
    // The next run begins where this one ended.
    rows.push({ id: 101, at: NOON + HOUR });
    const later = await reader.run({ runStart: NOON + 2 * HOUR, now: () => NOON + 2 * HOUR });
    expect(later.error).toBeUndefined();
    expect(ids(later.rows)).toContain(101);
  }
});

it('incremental: the same', async () => {
  const { rows, refuse, pageOf } = vendor();
  let seesFuture = true;
  const reader = engineAt(
    () => NOON,
    incremental<null>({
      call: async (_api, { after, before, cursor }) => {
        if (!seesFuture) refuse(before);
        return pageOf(after ?? 0, before, cursor);
      },
      by: (row) => Number(row.at),
      overlap: 1_000,
      delay: 0,
    }),
    null,
  );
  const cut = await reader.run({ runStart: NOON + DAY, now: () => NOON + DAY, stopAfter: 3 });
  seesFuture = false;
  rows.push({ id: 100, at: NOON - 30_000 });
  const { rows: found, error } = await reader.run();
  expect(error).toBeUndefined();
  expect(ids([...cut.rows, ...found])).toEqual([...Array.from({ length: 72 }, (_, id) => id), 100]);
});
