import { CursorLost, asNumber, asText, fromSavedCursor, saved } from './resume.ts';
import type { Json, Page, Reader } from '../../core/types.ts';
import { paginate } from './paginate.ts';
import type { FetchPage } from './paginate.ts';

/** How often a listing that shrinks while it is read is read again. */
const MOST_REPEATS = 2;

/**
 * One paged listing of everything, as one scan. A listing that was cut goes on from its cursor while the
 * engine still knows what was seen and the vendor still takes the cursor; else it starts over as a new scan. So
 * does one that goes on with nothing at all: that would be an end without proof. The latest total counts; when it fell
 * on the way, a row that went may have drawn another one past the reader, so everything is read again, twice at most.
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

    /** Returns whether the listing shrank while it was read; `last` makes it end nevertheless. */
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
        const { more, next, page, total = announced, rows, ...rest } = step;
        if (from !== undefined && page === 1 && !more && read === 0) throw new CursorLost('the saved cursor led to nothing');
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
