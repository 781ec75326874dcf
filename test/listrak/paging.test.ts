import { describe, expect, it } from 'vitest';
import type { ListrakApi } from '../../producers/listrak/api.ts';
import { inHalves as halving, pagesOf } from '../../producers/listrak/reports.ts';
import { TributaryError } from '../../src/core/errors.ts';
import type { Row } from '../../src/core/types.ts';

const DAY = 86_400_000;
const signal = new AbortController().signal;
const report = { operation: 'Report', row: 'Row' };

/** A report whose pages are these. */
function paged(pages: (page: number) => readonly Row[], maxEmptyPages = 0): { api: ListrakApi; asked: number[] } {
  const asked: number[] = [];
  const rows: ListrakApi['rows'] = async (_operation, _row, { Page }) => {
    asked.push(Page as number);
    return [...pages(Page as number)];
  };
  return { asked, api: { rows, maxEmptyPages } as unknown as ListrakApi };
}

async function all<T>(values: AsyncGenerator<T, void, void>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

const holes = (page: number): readonly Row[] => (page <= 5 && page % 3 !== 0 ? [{ page }] : []);

describe('the pages of a report', () => {
  it('end with the first one without rows', async () => {
    const { api, asked } = paged(holes);
    expect((await all(pagesOf(api, report, {}, signal))).map(({ page }) => page)).toEqual([1, 2]);
    expect(asked).toEqual([1, 2, 3]);
  });

  it('end later where empty ones are to be passed over', async () => {
    const { api, asked } = paged(holes, 1);
    expect((await all(pagesOf(api, report, {}, signal))).map(({ page }) => page)).toEqual([1, 2, 4, 5]);
    expect(asked).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('that never end are given up', async () => {
    const { api, asked } = paged((page) => [{ page }]);
    await expect(all(pagesOf(api, report, {}, signal))).rejects.toMatchObject({
      kind: 'data',
      code: 'listrak:endless',
      message: expect.stringContaining('more than 10000 pages'),
    });
    expect(asked).toHaveLength(10_000);
  });
});

describe('a stretch of time that is not answered in time', () => {
  const timeout = new TributaryError('Too slow.', { kind: 'transient', code: 'listrak:timeout' });

  it('is asked for in halves that leave no gap, until they are a day', async () => {
    const asked: [number, number, number | undefined][] = [];
    const found = await all(
      halving(0, 8 * DAY, async function* ask(from, to, { maxTimeouts }) {
        asked.push([from / DAY, to / DAY, maxTimeouts]);
        if (to - from > 2 * DAY) throw timeout;
        yield [from, to];
      }),
    );
    expect(found).toEqual(
      [
        [0, 2],
        [2, 4],
        [4, 6],
        [6, 8],
      ].map((ends) => ends.map((day) => day * DAY)),
    );
    expect(asked.length).toBe(7);
    const whole = await all(
      halving(0, DAY, async function* ask(_from, _to, limits) {
        yield limits;
      }),
    );
    // The smallest stretch is asked for as long as it takes.
    expect(whole).toEqual([{}]);
  });

  it('is no such stretch once some of it has come, or when something else is wrong', async () => {
    await expect(
      all(
        halving(0, 8 * DAY, async function* ask() {
          yield 1;
          throw timeout;
        }),
      ),
    ).rejects.toBe(timeout);
    const other = new TributaryError('No.', { kind: 'config' });
    let asked = 0;
    await expect(
      all(
        halving(0, 8 * DAY, async function* ask() {
          asked += 1;
          yield await Promise.reject(other);
        }),
      ),
    ).rejects.toBe(other);
    expect(asked).toBe(1);
  });
});
