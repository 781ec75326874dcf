import { orderedMap } from '../../src/sdk/concurrency/ordered-map.ts';
import { printed } from '../../src/sdk/readers/resume.ts';
import type { TributaryError } from '../../src/core/errors.ts';
import type { JsonObject, Page, ReadContext, Row } from '../../src/core/types.ts';
import type { ListrakApi } from './api.ts';
import { concernsOne, failsTheRun } from './faults.ts';
import { idOf, unnamedParents } from './known.ts';
import { EARLIEST, halving, range } from './reports.ts';
import { OVERLAP } from './read-items.ts';

/** Rows committed together. */
const SLICE = 2_500;

/**
 * The messages of all lists ("ReportListMessageActivity"). All windows are read in every run, because counters of old messages
 * keep growing. One id may appear several times with different send times; the newest wins. Each list and window is one call,
 * so an interrupted run starts over.
 */
export async function* readMessages(ctx: ReadContext<ListrakApi>): AsyncGenerator<Page, void, void> {
  const { api } = ctx;
  const listed = await ctx.parents('lists');
  const lists = listed.filter((list) => !Number.isNaN(idOf(list.ListID)));
  const invalidIds = listed.length - lists.length;
  const id = ctx.newScan();
  const newest = new Map<string, Row>();
  const unread: JsonObject[] = [];
  const warnings: string[] = [];
  const sent = (row: Row): number => api.times.read(row.SendDate) ?? Number.NEGATIVE_INFINITY;
  let folded = 0;
  let lastError: Error | undefined;
  let unreadable: Error | undefined;

  for await (const { list, rows = [], failed } of orderedMap(lists.values(), readList, {
    signal: ctx.signal,
    concurrency: api.concurrency,
  })) {
    if (failed !== undefined) {
      lastError = failed;
      if (failsTheRun(failed)) unreadable ??= failed;
      unread.push({ list_id: list.ListID ?? null });
      warnings.push(`The messages of list ${printed(list.ListID)} could not be read and are read again in the next run: ${failed.message}`);
    }
    for (const row of rows) {
      const key = printed(row.MsgID);
      const current = newest.get(key);
      if (current !== undefined) folded += 1;
      if (current === undefined || sent(row) >= sent(current)) newest.set(key, row);
    }
  }
  if (lastError !== undefined && unread.length === lists.length) throw lastError;
  api.unlisted = unread.map((scope) => String(scope.list_id));
  if (folded > 0) ctx.count('rows_folded', folded);
  const replaced = api.takeRepaired();
  if (replaced > 0) ctx.count('characters_replaced', replaced);

  const rows = [...newest.values()];
  for (let at = 0; at + SLICE < rows.length; at += SLICE) yield { rows: rows.slice(at, at + SLICE), position: { v: 1 }, scan: { id } };
  yield {
    rows: rows.slice(Math.max(0, Math.ceil(rows.length / SLICE) - 1) * SLICE),
    position: { v: 1 },
    // The messages of a list without a valid id are unknown, so nothing may be deleted.
    scan: invalidIds > 0 ? { id } : { id, end: unread.length === 0 ? {} : { unread } },
    ...(warnings.length > 0 ? { warnings } : invalidIds > 0 || lists.length === 0 ? {} : { readTo: ctx.runStart }),
  };
  if (invalidIds > 0) throw unnamedParents(invalidIds, 'lists');
  if (unreadable !== undefined) throw unreadable;

  async function* readList(
    list: Row,
    signal: AbortSignal,
  ): AsyncGenerator<{ list: Row; rows?: readonly Row[]; failed?: TributaryError }, void, void> {
    const made = api.times.read(list.CreateDate);
    const begin = ctx.since ?? (made === null ? EARLIEST : made - OVERLAP);
    const end = ctx.runStart;
    try {
      for (let from = begin; from < end; from += api.window) {
        for await (const rows of halving(from, Math.min(from + api.window, end), (a, b, limits) => ask(list, a, b, limits, signal)))
          yield { list, rows };
      }
    } catch (error) {
      if (!concernsOne(error)) throw error;
      yield { list, failed: error };
    }
  }

  async function* ask(
    list: Row,
    from: number,
    to: number,
    limits: { readonly maxTimeouts?: number },
    signal: AbortSignal,
  ): AsyncGenerator<readonly Row[], void, void> {
    const args = { ListID: Number(list.ListID), ...range(api, from, to), IncludeTestMessages: api.testMessages, WSException: null };
    yield await api.rows('ReportListMessageActivity', 'WSMessageActivity', args, { signal, ...limits });
  }
}
