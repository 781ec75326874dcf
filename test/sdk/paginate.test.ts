import { describe, expect, it } from 'vitest';
import type { Json, Row } from '../../src/core/types.ts';
import { END, paginate, type Cursor } from '../../src/sdk/readers/paginate.ts';

/** Rows that were read until the listing ended or was given up. */
async function followed(pageAt: (page: number) => { readonly rows: readonly Row[]; readonly next: Cursor | typeof END }, most = 5_000) {
  let page = 0;
  let rows = 0;
  try {
    for await (const step of paginate(async () => pageAt((page += 1)), undefined)) {
      rows += step.rows.length;
      if (page > most) return { ended: 'never', page, rows };
    }
    return { ended: 'by the vendor', page, rows };
  } catch (error) {
    return { ended: (error as { code?: string }).code, page, rows };
  }
}

const two = (name: string | number): Row[] => [{ id: `${name}a` }, { id: `${name}b` }];

describe('a listing in which every page has a new cursor', () => {
  it.each([
    ['pages that alternate after others', (page: number) => two(page < 6 ? page : `round ${page % 2}`)],
    ['a long round', (page: number) => two(page < 100 ? page : page % 37)],
    ['one row for ever', () => [{ id: 'a' }]],
    ['no rows for ever', () => []],
  ])('is given up for %s', async (_, rowsAt) => {
    const { ended, page } = await followed((at) => ({ rows: rowsAt(at), next: `cursor ${at}` }));
    expect(ended).toBe('paging_loop');
    expect(page).toBeLessThan(1_100);
  });

  it.each([
    ['two equal pages of one row', (page: number) => (page < 10 ? [{ id: 'a' }] : two(page)), 40],
    ['many pages without rows between others', (page: number) => (page % 900 === 0 ? two(page) : []), 3_000],
    ['thousands of pages', (page: number) => two(page), 4_000],
    ['more than a thousand pages of one row', (page: number) => [{ id: page }], 1_100],
    ['a thousand pages of the same row, and one more', () => [{ id: 'a' }], 1_001],
    ['pages that differ in their last row alone', (page: number) => [...two('same'), { id: page }], 20],
  ])('is read to its end for %s', async (_, rowsAt, last) => {
    const { ended, page } = await followed((at) => ({ rows: rowsAt(at), next: at === last ? END : `cursor ${at}` }));
    expect([ended, page]).toEqual(['by the vendor', last]);
  });
});

it('is told apart by numbers of any length', async () => {
  const rows = (page: number): Row[] => [{ id: 1n }, { id: BigInt(page) }] as unknown as Row[];
  const { ended } = await followed((at) => ({ rows: rows(at), next: at < 5 ? `cursor ${at}` : END }));
  expect(ended).toBe('by the vendor');
});

it('that goes round is an error which tells that nothing was deleted', async () => {
  const told = async (next: (page: number) => string, rows = two): Promise<unknown> => {
    let page = 0;
    const steps = paginate(async () => ({ rows: rows((page += 1)), next: next(page) }), undefined);
    return steps
      .next()
      .then(() => steps.next())
      .then(() => steps.next())
      .catch((error: unknown) => error);
  };
  const remedy = expect.stringContaining('Nothing was deleted.');
  expect(await told(() => 'same')).toMatchObject({ message: expect.stringContaining('a page that was read before'), remedy });
  expect(await told(String, () => two('same'))).toMatchObject({
    message: expect.stringContaining('page 2 repeats an earlier one'),
    remedy,
  });
  expect(await told(() => '')).toMatchObject({ message: expect.stringContaining('Page 1 does not tell'), remedy, code: 'no_end' });
});

it('is followed also when its rows are nested so deep that no text can be made of them', async () => {
  const deep: Row = { id: 'a', value: Array.from({ length: 20_000 }).reduce<Json>((inner) => [inner], 1) };
  const pages = (rows: readonly Row[]) => followed((at) => ({ rows, next: at < 3 ? `cursor ${at}` : END }));
  expect(await pages([deep])).toEqual({ ended: 'by the vendor', page: 3, rows: 3 });
  expect(await pages([deep, deep])).toEqual({ ended: 'by the vendor', page: 3, rows: 6 });
});
