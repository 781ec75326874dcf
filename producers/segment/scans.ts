import { needsId } from '../../src/core/checked-rows.ts';
import { printed } from '../../src/sdk/readers/resume.ts';
import { fanOut } from '../../src/sdk/readers/fan-out.ts';
import type { FanOutOptions } from '../../src/sdk/readers/fan-out.ts';
import { statusOf } from '../../src/sdk/http/client.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import type { JsonObject, ReadContext, Reader, Row } from '../../src/core/types.ts';
import { paginate } from '../../src/sdk/readers/paginate.ts';
import type { FetchPage } from '../../src/sdk/readers/paginate.ts';
import type { VanishedVerdict } from '../../src/core/table.ts';
import type { SegmentApi } from './api.ts';
import { listing } from './listing.ts';

/** How a table is read that finds deleted rows by scans, and how vanished rows are confirmed. */
interface Scanned {
  readonly read: Reader<SegmentApi>;
  readonly confirm: (ctx: ReadContext<SegmentApi>, keys: readonly JsonObject[]) => AsyncGenerator<VanishedVerdict, void, void>;
}

/** Listings from whose rows the requests of other tables are built. */
const need = needsId('id');
export const PARENTS = {
  sources: listing('/sources', 'sources', { need }),
  destinations: listing('/destinations', 'destinations', { need }),
};

/**
 * One paged listing of all rows. Cursors are offsets: a row deleted during the listing shifts another one past the reader. So
 * rows that a listing did not show are searched once more before they count as deleted.
 */
export function whole(call: FetchPage<SegmentApi>): Scanned {
  return {
    read: fullScan(call),
    async *confirm(ctx, keys) {
      const { rows, doubt } = await everyRow(ctx, call);
      yield* verdicts(keys, keysOf(rows, keys), doubt);
    },
  };
}

/**
 * One listing per row of the parent. While the parent is still listed, its missing rows are requested once more, because the
 * first listing may have missed a parent between two pages. Rows of parents that are no longer listed are deleted with them.
 *
 * @param name of the table itself.
 */
export function ofEach(
  name: string,
  parent: keyof typeof PARENTS,
  call: (parent: Row) => FetchPage<SegmentApi>,
  options: Pick<FanOutOptions, 'key' | 'scope' | 'unreadOn'>,
): Scanned & { readonly parent: string } {
  /** The keys of one parent's rows that the vendor still shows; all of them when it does not answer the question. */
  async function stillShown(ctx: ReadContext<SegmentApi>, row: Row, keys: readonly JsonObject[]): Promise<ReadonlySet<string>> {
    try {
      const { rows, doubt } = await everyRow(ctx, call(row));
      if (doubt === undefined) return keysOf(rows, keys);
    } catch (error) {
      if (![403, 404].includes(statusOf(error) ?? 0)) throw error;
    }
    return new Set(keys.map(keyText));
  }

  return {
    parent,
    read: fanOut<SegmentApi>(parent, call, { ...options, concurrency: 2 }),
    async *confirm(ctx, keys) {
      const missing = new Set(keys.map(keyText));
      const shown = new Set<string>();
      const { rows: parents, doubt } = await everyRow(ctx, PARENTS[parent]);
      for (const row of new Map(parents.map((one) => [options.key(one), one])).values()) {
        const below: JsonObject[] = [];
        for await (const key of ctx.liveKeys(name, options.scope(row))) if (missing.has(keyText(key))) below.push(key);
        if (below.length > 0) for (const key of await stillShown(ctx, row, below)) shown.add(key);
      }
      yield* verdicts(keys, shown, doubt);
    },
  };
}

function* verdicts(
  keys: readonly JsonObject[],
  shown: ReadonlySet<string>,
  doubt: string | undefined,
): Generator<VanishedVerdict, void, void> {
  for (const key of keys) {
    const found = shown.has(keyText(key));
    yield { key, gone: !found && doubt === undefined, ...(found || doubt === undefined ? {} : { doubt }) };
  }
}

/** All rows of a listing, and a doubt when their number is not the announced one, unless the user allowed the deletes. */
async function everyRow(
  ctx: ReadContext<SegmentApi>,
  call: FetchPage<SegmentApi>,
): Promise<{ readonly rows: readonly Row[]; readonly doubt?: string }> {
  const rows: Row[] = [];
  let announced: number | undefined;
  let doubt: string | undefined;
  for await (const step of paginate((cursor) => call(ctx.api, { cursor }, ctx.signal), undefined)) {
    rows.push(...step.rows);
    doubt ??= step.doubt;
    announced = step.total ?? announced;
  }
  if (announced !== undefined && announced !== rows.length)
    doubt ??= `The vendor announced ${announced} rows of the listing that confirms deletes, and showed ${rows.length}.`;
  return { rows, ...(ctx.rescan === true || doubt === undefined ? {} : { doubt }) };
}

/** The keys of the rows as {@link keyText} gives them, with the columns of `like`. */
function keysOf(rows: readonly Row[], like: readonly JsonObject[]): ReadonlySet<string> {
  const columns = Object.keys(like[0] ?? {});
  const fields = columns.map((column) => column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
  return new Set(rows.map((row) => keyText(Object.fromEntries(columns.map((column, i) => [column, row[fields[i] as string] ?? null])))));
}

const keyText = (key: JsonObject): string => JSON.stringify(Object.values(key).map(printed));
