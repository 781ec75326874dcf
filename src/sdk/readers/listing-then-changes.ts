import { asObject, contextWith, pastTime, saved } from './resume.ts';
import type { Position, Reader } from '../../core/types.ts';

export interface ListingThenChangesOptions<Api> {
  /** Lists everything as one scan. */
  readonly listing: Reader<Api>;
  /** Reads changes by their time, as `incremental` does. */
  readonly changes: Reader<Api>;
  /** How often everything is listed, ms. */
  readonly every: number;
}

/**
 * A snapshot and the changes since: reads changes in every run; once a period everything is listed first, which finds rows without
 * a time of change and deleted ones. The changes are then read from the start of that listing. An interrupted listing goes on
 * with the next run. In the position, `listed` is the start of the last complete listing and `began` that of an interrupted one.
 */
export function listingThenChanges<Api>({ listing: everything, changes, every }: ListingThenChangesOptions<Api>): Reader<Api> {
  return async function* read(ctx) {
    const position = saved(ctx, 1);
    let listing = asObject(position?.listing);
    let change = asObject(position?.change);
    let listed = pastTime(position?.listed, ctx.runStart);
    const interruptedAt = pastTime(position?.began, ctx.runStart);
    // Changes are read from the start of a listing; one that a wrong clock has dated is made again.
    if (position !== undefined && listed === undefined && interruptedAt === undefined) change = undefined;
    const at = (began?: number): Position => ({
      v: 1,
      ...(listing === undefined ? {} : { listing }),
      ...(change === undefined ? {} : { change }),
      ...(listed === undefined ? {} : { listed }),
      ...(began === undefined ? {} : { began }),
    });

    if (interruptedAt !== undefined || listed === undefined || listed + every <= ctx.runStart || ctx.rescan === true) {
      const began = interruptedAt ?? ctx.runStart;
      change ??= { v: 1, at: began };
      for await (const page of everything(contextWith(ctx, { position: listing as Position | undefined }))) {
        listing = page.position;
        const ended = page.scan?.end !== undefined;
        if (ended) listed = began;
        yield { ...page, position: at(ended ? undefined : began) };
      }
    }
    for await (const page of changes(contextWith(ctx, { position: change as Position | undefined }))) {
      change = page.position;
      yield { ...page, position: at() };
    }
  };
}
