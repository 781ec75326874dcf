import { createHash } from 'node:crypto';
import type { Row } from '../../core/types.ts';
import type { PageMark } from './item-progress.ts';

/**
 * Numbered pages, each with a mark from which an interrupted run can continue. `after` is the last page it committed: reading
 * continues behind it if that page is unchanged. If not, rows have moved, so all pages are read from the start and `onMoved` is
 * called. `pages` reads from the given page on, or from the first one.
 */
export async function* resumePages(
  pages: (first: number | undefined) => AsyncGenerator<{ readonly page: number; readonly rows: readonly Row[] }, void, void>,
  after: PageMark | undefined,
  onMoved: () => void,
): AsyncGenerator<{ readonly rows: readonly Row[]; readonly page: PageMark }, void, void> {
  let same = after === undefined;
  for await (const { page, rows } of pages(after?.page)) {
    const print = createHash('sha1').update(JSON.stringify(rows)).digest('base64url');
    if (same) yield { rows, page: { page, print } };
    else if (page === after?.page && print === after.print) same = true;
    else break;
  }
  if (same) return;
  onMoved();
  yield* resumePages(pages, undefined, onMoved);
}
