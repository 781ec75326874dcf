import { faultOfRow } from '../../core/checked-rows.ts';
import { TributaryError } from '../../core/errors.ts';
import { childController } from '../../core/clock.ts';
import { prefetcher } from '../concurrency/prefetch.ts';
import { CursorLost, asText, fromSavedCursor, saved } from './resume.ts';
import type { Json, Page, Position, Reader, Row } from '../../core/types.ts';
import { otherAnswer } from '../answers.ts';
import { paginate } from './paginate.ts';
import type { FetchPage, Step } from './paginate.ts';
import { slices } from './slices.ts';

export interface DetailsOptions<Api> {
  /** Lists everything that exists, without the details. */
  readonly call: FetchPage<Api>;
  /** The id with which a listed row's details are requested; undefined when they cannot be, which makes the row a dead letter. */
  readonly id: (listed: Row) => string | undefined;
  /** Ids per request. */
  readonly size: number;
  /** Requests the details of these ids; ids the vendor no longer knows are missing from the result. */
  readonly fetch: (api: Api, ids: readonly string[], signal: AbortSignal) => Promise<readonly Row[]>;
  /** The id by which the details of such a row were requested. With it, details of other rows are noticed. */
  readonly idOf?: (detailed: Row) => string | undefined;
  /** A listed row as proof that its key exists. */
  readonly seen: (listed: Row) => Row;
  /** Requests in flight at once. */
  readonly concurrency: number;
}

/** Up to this many listed rows may all have been deleted before their details are requested; with more it is an error. */
const FEW = 10;

/**
 * A listing that shows only which rows exist, and the rows themselves in groups by id: one scan. The listing is read ahead of
 * the groups, so that only the vendor's quota limits the speed. An interrupted scan resumes at the page of the listing it was
 * in.
 */
export function details<Api>(options: DetailsOptions<Api>): Reader<Api> {
  return async function* read(ctx) {
    const position = saved(ctx, 1);
    const id = asText(position?.scan);
    const cursor: Json | undefined = position?.cursor;
    if (id !== undefined && cursor !== undefined && ctx.scanIntact(id)) {
      try {
        yield* scan(id, cursor);
        return;
      } catch (error) {
        if (!(error instanceof CursorLost)) throw error;
        ctx.count('cursors_lost');
      }
    }
    yield* scan(ctx.newScan(), undefined);

    async function* scan(scanId: string, from: Json | undefined): AsyncGenerator<Page, void, void> {
      const { controller, release } = childController(ctx.signal);
      const { signal } = controller;
      const listed = prefetcher(
        fromSavedCursor(
          paginate((at) => options.call(ctx.api, { cursor: at }, signal), from),
          from,
        ),
        2,
      );
      const resuming = (at: Json | undefined): Position => (at === undefined ? { v: 1 } : { v: 1, scan: scanId, cursor: at });
      const groups = groupsOf(listed, options.size);
      const underWay: Promise<Page>[] = [];
      let current = from;
      let more = true;
      try {
        while (more || underWay.length > 0) {
          while (more && underWay.length < options.concurrency) {
            const next = await groups.next();
            if (next.done === true) {
              more = false;
              break;
            }
            const { rows, step } = next.value;
            if (step !== undefined) current = step.more ? (step.next as Json) : undefined;
            const end = step !== undefined && !step.more;
            const position = resuming(current);
            const page = group(rows, signal).then((found): Page => ({
              ...found,
              position,
              scan: end ? { id: scanId, end: {} } : { id: scanId },
            }));
            // The consumer gets the error from the queue; until then it must not count as an unhandled rejection.
            page.catch(() => undefined);
            underWay.push(page);
          }
          const page = underWay.shift();
          if (page !== undefined) yield await page;
        }
      } finally {
        controller.abort(new DOMException('The reader was closed.', 'AbortError'));
        release();
        await Promise.all([listed.close(), ...underWay.map((page) => page.catch(() => undefined))]);
      }
    }

    async function group(listed: readonly Row[], signal: AbortSignal): Promise<Pick<Page, 'rows' | 'seen'>> {
      const ids = listed.map((row) => (faultOfRow(row) === undefined ? options.id(row) : undefined));
      const asked = ids.filter((one) => one !== undefined);
      const rows = asked.length === 0 ? [] : await options.fetch(ctx.api, asked, signal);
      const unusable = listed.filter((_, at) => ids[at] === undefined).map(options.seen);
      if (rows.length === 0 && asked.length > FEW) {
        throw new TributaryError(`None of ${asked.length} listed rows could be read.`, {
          kind: 'data',
          code: 'no_details',
          remedy: 'Nothing was deleted. The next run asks again; report it to the vendor if this persists.',
        });
      }
      const { idOf } = options;
      if (idOf !== undefined && rows.length > 0 && !rows.some((row) => asked.includes(idOf(row) ?? '')))
        throw otherAnswer(`it was asked for ${asked.length} rows and sent ${rows.length} others`);
      if (rows.length < asked.length) ctx.count('listed_without_details', asked.length - rows.length);
      return { rows: [...rows, ...unusable], seen: listed.map(options.seen) };
    }
  };
}

interface Group {
  readonly rows: readonly Row[];
  /** Set on the last group of a page: that page. */
  readonly step?: Step;
}

async function* groupsOf(listed: { next(): Promise<IteratorResult<Step, void>> }, size: number): AsyncGenerator<Group, void, void> {
  for (let result = await listed.next(); result.done !== true; result = await listed.next()) {
    const step = result.value;
    for (const { rows, last } of slices(step.rows, size)) yield last ? { rows, step } : { rows };
  }
}
