import { orderedMap } from '../../src/sdk/concurrency/ordered-map.ts';
import { partFailure, throwUnreadable } from '../../src/sdk/readers/partial-failure.ts';
import type { PartFailure } from '../../src/sdk/readers/partial-failure.ts';
import { printed } from '../../src/sdk/readers/resume.ts';
import { slices } from '../../src/sdk/readers/slices.ts';
import type { ReadContext, Reader, Row } from '../../src/core/types.ts';
import { countingRepairs } from './api.ts';
import type { ListrakApi } from './api.ts';
import { partFault } from './faults.ts';
import { EARLIEST, idOf, inHalves, OVERLAP, range, unnamedParents } from './reports.ts';

/** Rows committed together. */
const SLICE = 2_500;

/**
 * The messages of all lists ("ReportListMessageActivity"). All windows are read in every run, because counters of old messages
 * keep growing. One id may appear several times with different send times; the newest wins. Each list and window is one call,
 * so an interrupted run starts over.
 */
export const readMessages: Reader<ListrakApi> = countingRepairs(async function* read(ctx) {
  const { api } = ctx;
  const listed = await ctx.parents('lists');
  const lists = listed.filter((list) => !Number.isNaN(idOf(list.ListID)));
  const unnamed = unnamedParents(listed.length - lists.length, 'lists');
  const id = ctx.newScan();
  const newest = new Map<string, Row>();
  const unread: { readonly list: Row; readonly failure: PartFailure }[] = [];
  const sent = (row: Row): number => api.times.read(row.SendDate) ?? Number.NEGATIVE_INFINITY;
  let folded = 0;

  const parts = orderedMap(lists.values(), (list, signal) => readList(ctx, list, signal), {
    signal: ctx.signal,
    concurrency: api.concurrency,
  });
  for await (const { list, rows = [], failure } of parts) {
    if (failure !== undefined) unread.push({ list, failure });
    for (const row of rows) {
      const key = printed(row.MsgID);
      const current = newest.get(key);
      if (current !== undefined) folded += 1;
      if (current === undefined || sent(row) >= sent(current)) newest.set(key, row);
    }
  }
  const last = unread.at(-1);
  if (last !== undefined && unread.length === lists.length) throw last.failure.error;
  api.unlisted = unread.map(({ list }) => String(list.ListID ?? null));
  if (folded > 0) ctx.count('rows_folded', folded);

  const warnings = unread.map(
    ({ list, failure: { error } }) =>
      `The messages of list ${printed(list.ListID)} could not be read and are read again in the next run: ${error.message}`,
  );
  const end = unread.length === 0 ? {} : { unread: unread.map(({ list }) => ({ list_id: list.ListID ?? null })) };
  for (const slice of slices([...newest.values()], SLICE)) {
    const page = { rows: slice.rows, position: { v: 1 } };
    if (!slice.last) yield { ...page, scan: { id } };
    else
      yield {
        ...page,
        // The messages of a list without a valid id are unknown, so nothing may be deleted.
        scan: unnamed === undefined ? { id, end } : { id },
        ...(warnings.length > 0 ? { warnings } : unnamed !== undefined || lists.length === 0 ? {} : { readTo: ctx.runStart }),
      };
  }
  if (unnamed !== undefined) throw unnamed;
  throwUnreadable(unread.map(({ failure }) => failure));
});

/** The messages of one list, window by window. */
async function* readList(
  { api, since, runStart }: ReadContext<ListrakApi>,
  list: Row,
  signal: AbortSignal,
): AsyncGenerator<{ list: Row; rows?: readonly Row[]; failure?: PartFailure }, void, void> {
  const made = api.times.read(list.CreateDate);
  const begin = since ?? (made === null ? EARLIEST : made - OVERLAP);
  try {
    for (let from = begin; from < runStart; from += api.window) {
      yield* inHalves(from, Math.min(from + api.window, runStart), async function* read(start, end, limits) {
        const args = { ListID: Number(list.ListID), ...range(api, start, end), IncludeTestMessages: api.testMessages, WSException: null };
        yield { list, rows: await api.rows('ReportListMessageActivity', 'WSMessageActivity', args, { signal, ...limits }) };
      });
    }
  } catch (error) {
    yield { list, failure: partFailure(error, partFault) };
  }
}
