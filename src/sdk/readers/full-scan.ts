import { CursorLost, asNumber, asText, fromSavedCursor, saved } from './resume.ts';
import type { Json, Page, Reader } from '../../core/types.ts';
import { paginate } from './paginate.ts';
import type { FetchPage } from './paginate.ts';

/** How often a listing is repeated when it shrinks while it is read. */
const MOST_REPEATS = 2;

/**
 * One paged listing of all rows, as one scan. An interrupted scan resumes from its cursor while the engine still knows which
 * keys were seen and the vendor accepts the cursor; otherwise it starts over as a new scan. A resumed scan without a single row
 * also starts over, because it does not prove the end. The latest announced total counts. When the total falls during the scan,
 * a deleted row may have shifted another one past the reader, so the listing is read again, at most twice.
 */
export function fullScan<Api>(call: FetchPage<Api>): Reader<Api> {
  return async function* read(ctx) {
    const position = saved(ctx, 1);
    const id = asText(position?.scan);
    const cursor: Json | undefined = position?.cursor;
    if (id !== undefined && cursor !== undefined && ctx.scanIntact(id)) {
      try {
        if (!(yield* scan(id, cursor, asNumber(position?.total), false))) return;
      } catch (error) {
        if (!(error instanceof CursorLost)) throw error;
        ctx.count('cursors_lost');
      }
    }
    for (let tries = 1; yield* scan(ctx.newScan(), undefined, undefined, tries > MOST_REPEATS); tries += 1);

    /** Returns whether the listing shrank while it was read; `last` makes it end the scan all the same. */
    async function* scan(
      scanId: string,
      from: Json | undefined,
      announced: number | undefined,
      last: boolean,
    ): AsyncGenerator<Page, boolean, void> {
      let shrank = false;
      const steps = paginate((at) => call(ctx.api, { cursor: at }, ctx.signal), from);
      let read = 0;
      for await (const step of fromSavedCursor(steps, from)) {
        read += step.rows.length + (step.seen?.length ?? 0);
        const { more, next, page: _page, total = announced, rows, ...rest } = step;
        if (!last && total !== undefined && announced !== undefined && total < announced) shrank = true;
        announced = total;
        yield {
          ...rest,
          rows,
          position: more ? { v: 1, scan: scanId, cursor: next as Json, ...(total === undefined ? {} : { total }) } : { v: 1 },
          scan: more || shrank ? { id: scanId } : { id: scanId, end: total === undefined ? {} : { total } },
          ...(total !== undefined && total > 0 && from === undefined ? { progress: Math.min(1, read / total) } : {}),
        };
      }
      return shrank;
    }
  };
}
