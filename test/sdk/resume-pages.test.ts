import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import type { PageMark } from '../../src/sdk/readers/item-progress.ts';
import { resumePages } from '../../src/sdk/readers/resume-pages.ts';

/** A report of numbered pages. */
function report(pages: readonly (readonly Row[])[]) {
  const asked: number[] = [];
  let moved = 0;
  const read = async (after?: PageMark) => {
    const found: { rows: readonly Row[]; page: PageMark }[] = [];
    const listing = async function* list(first = 1) {
      for (let page = first; page <= pages.length; page += 1) {
        asked.push(page);
        yield { page, rows: pages[page - 1] as readonly Row[] };
      }
    };
    for await (const part of resumePages(listing, after, () => (moved += 1))) found.push(part);
    return found;
  };
  return { read, asked, moved: () => moved };
}

const pages = [[{ id: 1 }, { id: 2 }], [{ id: 3 }], [{ id: 4 }]];

describe('numbered pages', () => {
  it('go on behind the last one that was committed', async () => {
    const { read, asked, moved } = report(pages);
    const [, second] = await read();
    asked.length = 0;
    expect((await read(second?.page)).map(({ rows }) => rows)).toEqual([pages[2]]);
    expect(asked).toEqual([2, 3]);
    expect(moved()).toBe(0);
  });

  it.each([
    ['has changed', [pages[0], [{ id: 3, name: 'new' }], pages[2]]],
    ['is another by now', [[{ id: 0 }], pages[0], pages[1], pages[2]]],
    ['does not exist any more', [pages[0]]],
  ] as const)('are read from the start when that page %s', async (_, now) => {
    const [, second] = await report(pages).read();
    const { read, moved } = report(now as readonly (readonly Row[])[]);
    expect((await read(second?.page)).map(({ rows }) => rows)).toEqual(now);
    expect(moved()).toBe(1);
  });

  it('have ended when nothing follows that page', async () => {
    const { read, moved } = report(pages);
    const third = (await read()).at(-1);
    expect(await read(third?.page)).toEqual([]);
    expect(moved()).toBe(0);
  });
});
