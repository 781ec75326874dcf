import { forEach } from '../../src/extract/for-each.ts';
import type { ForEachOptions } from '../../src/extract/for-each.ts';
import { statusOf } from '../../src/extract/http.ts';
import { list } from '../../src/extract/list.ts';
import type { JsonObject, ReadContext, Reader, Row } from '../../src/extract/types.ts';
import { walk } from '../../src/extract/walk.ts';
import type { Call } from '../../src/extract/walk.ts';
import type { VanishedVerdict } from '../../src/table/types.ts';
import type { SegmentApi } from './api.ts';
import { listing } from './listing.ts';

/** How a table that notices vanished rows by scans is read, and how they are asked about. */
interface Scanned {
  readonly read: Reader<SegmentApi>;
  readonly confirm: (ctx: ReadContext<SegmentApi>, keys: readonly JsonObject[]) => AsyncGenerator<VanishedVerdict, void, void>;
}

/** Listings whose rows other tables' requests are made from. */
export const PARENTS = { sources: listing('/sources', 'sources'), destinations: listing('/destinations', 'destinations') };

/**
 * One paged listing of everything. Cursors are offsets: a row deleted while the pages are read draws another one past
 * the reader. So what a listing did not show is looked for once more before it counts as gone.
 */
export function whole(call: Call<SegmentApi>): Scanned {
  return {
    read: list(call),
    async *confirm(ctx, keys) {
      const listed = keysOf(await everyRow(ctx, call), keys);
      for (const key of keys) yield { key, gone: listed !== undefined && !listed.has(print(Object.values(key))) };
    },
  };
}

/**
 * One call per row of the parent's listing. When the parent is still listed, its missing rows are asked for once more:
 * the first listing may have lost a parent between two pages. Those of parents no longer listed are gone with them.
 *
 * @param name of the table itself.
 */
export function ofEach(
  name: string, parent: keyof typeof PARENTS, call: (parent: Row) => Call<SegmentApi>, options: Pick<ForEachOptions, 'key' | 'scope' | 'unreadOn'>,
): Scanned & { readonly parent: string } {
  return {
    parent,
    read: forEach<SegmentApi>(parent, call, { ...options, concurrency: 2 }),
    async *confirm(ctx, keys) {
      const missing = new Set(keys.map((key) => print(Object.values(key))));
      const parents = await everyRow(ctx, PARENTS[parent]);
      const kept = parents === undefined ? missing : new Set<string>();
      for (const row of new Map(parents?.map((one) => [options.key(one), one])).values()) {
        const below: string[] = [];
        for await (const key of ctx.liveKeys(name, options.scope(row))) if (missing.has(print(Object.values(key)))) below.push(print(Object.values(key)));
        if (below.length === 0) continue;
        for (const key of keysOf(await everyRow(ctx, call(row)), keys) ?? below) kept.add(key);
      }
      for (const key of keys) yield { key, gone: !kept.has(print(Object.values(key))) };
    },
  };
}

/** All rows of a listing; undefined when it was refused or is not as long as the vendor announced. */
async function everyRow(ctx: ReadContext<SegmentApi>, call: Call<SegmentApi>): Promise<readonly Row[] | undefined> {
  const rows: Row[] = [];
  let announced: number | undefined;
  try {
    for await (const step of walk((cursor) => call(ctx.api, { cursor }, ctx.signal), undefined)) {
      rows.push(...step.rows);
      announced = step.total ?? announced;
    }
  } catch (error) {
    if (statusOf(error) === 403 || statusOf(error) === 404) return undefined;
    throw error;
  }
  return announced === undefined || announced === rows.length ? rows : undefined;
}

/** The rows' keys in the form of `like`. */
function keysOf(rows: readonly Row[] | undefined, like: readonly JsonObject[]): ReadonlySet<string> | undefined {
  const fields = Object.keys(like[0] ?? {}).map((column) => column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
  return rows && new Set(rows.map((row) => print(fields.map((field) => row[field]))));
}

const print = (key: readonly unknown[]): string => JSON.stringify(key.map(String));
