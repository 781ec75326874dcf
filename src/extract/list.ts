import { CursorLost, asNumber, asText, fromSavedCursor, saved } from './resume.ts';
import type { Json, Page, Reader } from './types.ts';
import { walk } from './walk.ts';
import type { Call } from './walk.ts';

/**
 * One paged listing of everything, as one scan. A listing that was cut goes on from its cursor while the
 * engine still knows what was seen and the vendor still takes the cursor; else it starts over as a new scan. So
 * does one that goes on with nothing at all: that would be an end without proof. The latest total counts.
 */
export function list<Api>(call: Call<Api>): Reader<Api> {
  return async function* read(ctx) {
    const position = saved(ctx, 1);
    const id = asText(position?.scan);
    const cursor: Json | undefined = position?.cursor;
    if (id !== undefined && cursor !== undefined && ctx.scanIntact(id)) {
      try {
        yield* scan(id, cursor, asNumber(position?.total));
        return;
      } catch (error) {
        if (!(error instanceof CursorLost)) throw error;
        ctx.count('cursors_lost');
      }
    }
    yield* scan(ctx.newScan(), undefined, undefined);

    async function* scan(scanId: string, from: Json | undefined, announced: number | undefined): AsyncGenerator<Page, void, void> {
      const steps = walk((at) => call(ctx.api, { cursor: at }, ctx.signal), from);
      let read = 0;
      for await (const step of fromSavedCursor(steps, from)) {
        read += step.rows.length + (step.seen?.length ?? 0);
        const { more, next, page, total = announced, rows, ...rest } = step;
        if (from !== undefined && page === 1 && !more && read === 0) throw new CursorLost('the saved cursor led to nothing');
        announced = total;
        yield {
          ...rest,
          rows,
          position: more ? { v: 1, scan: scanId, cursor: next as Json, ...(total === undefined ? {} : { total }) } : { v: 1 },
          scan: more ? { id: scanId } : { id: scanId, end: total === undefined ? {} : { total } },
          ...(total !== undefined && total > 0 && from === undefined ? { progress: Math.min(1, read / total) } : {}),
        };
      }
    }
  };
}
