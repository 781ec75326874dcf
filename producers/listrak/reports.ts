import { TributaryError } from '../../src/core/errors.ts';
import { asText, printed } from '../../src/sdk/readers/resume.ts';
import { halving } from '../../src/sdk/readers/halving.ts';
import { incrementalFanOut } from '../../src/sdk/readers/incremental-fan-out.ts';
import type { IncrementalFanOutOptions, ItemAsk, ItemPart, Items } from '../../src/sdk/readers/incremental-fan-out.ts';
import type { Item } from '../../src/sdk/readers/item-digest.ts';
import { resumePages } from '../../src/sdk/readers/resume-pages.ts';
import type { SoapArguments } from '../../src/sdk/soap/client.ts';
import type { Json, ReadContext, Reader, Row } from '../../src/core/types.ts';
import { countingRepairs } from './api.ts';
import type { ListrakApi } from './api.ts';
import { partFault } from './faults.ts';
import { DAY, HOUR } from '../../src/core/time.ts';

/** Lower bound of all times: the service did not exist before. */
export const EARLIEST = Date.UTC(2000, 0, 1);
/** The vendor does not say which zone its times are in. This covers the error of any zone, and events that arrive late. */
export const OVERLAP = 26 * HOUR;
/** Limit of pages of one report; no report has as many. */
const MOST_PAGES = 10_000;
/** Shorter windows are not halved, ms. */
const LEAST_WINDOW = DAY;
/** Error codes after which a shorter window may succeed. */
const SMALLER_HELPS: ReadonlySet<string> = new Set(['listrak:timeout', 'listrak:too_large']);

/** Operation of a report and the XML element of its rows. */
export interface Report {
  readonly operation: string;
  readonly row: string;
}

/** A report of events; `time` is the element with an event's time. */
export interface EventReport extends Report {
  readonly time: string;
}

export interface Limits {
  readonly maxTimeouts?: number;
}

/** The pages with rows of a report, from page `first` on. A report ends with an empty page, however that is written. */
export async function* pagesOf(
  api: ListrakApi,
  { operation, row }: Report,
  args: SoapArguments,
  signal: AbortSignal,
  first = 1,
  limits: Limits = {},
): AsyncGenerator<{ readonly page: number; readonly rows: readonly Row[] }, void, void> {
  let empty = 0;
  let before = '';
  for (let page = first; page < first + MOST_PAGES; page += 1) {
    const rows = await api.rows(operation, row, { ...args, Page: page }, { signal, ...(page === first ? limits : {}) });
    if (rows.length === 0) {
      if (empty >= api.maxEmptyPages) return;
      empty += 1;
      continue;
    }
    empty = 0;
    const fingerprint = rows.length < 2 ? '' : JSON.stringify([rows.length, rows[0], rows.at(-1)]);
    if (fingerprint !== '' && fingerprint === before) throw endless(operation, `page ${page} repeats the one before`);
    before = fingerprint;
    yield { page, rows };
  }
  throw endless(operation, `it has more than ${MOST_PAGES} pages`);
}

const endless = (operation: string, why: string): TributaryError =>
  new TributaryError(`Listrak's ${operation} does not end: ${why}.`, {
    kind: 'data',
    code: 'listrak:endless',
    remedy: 'It is read again in the next run; report it to the vendor if this persists.',
  });

/** Reads a window of time; a window that fails with one of {@link SMALLER_HELPS} is read in halves. */
export const inHalves = <T>(
  from: number,
  to: number,
  read: (from: number, to: number, limits: Limits) => AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> =>
  halving(
    from,
    to,
    { least: LEAST_WINDOW, smallerHelps: (error) => error instanceof TributaryError && SMALLER_HELPS.has(error.code ?? '') },
    (start, end, divisible) => read(start, end, divisible ? { maxTimeouts: 2 } : {}),
  );

export const range = (api: ListrakApi, from: number, to: number): { StartDate: string; EndDate: string } => ({
  StartDate: api.times.write(from),
  EndDate: api.times.write(to),
});

/** An id as a whole number from 1; NaN for anything else, which cannot be requested. */
export const idOf = (value: Json | undefined): number =>
  (typeof value === 'string' || typeof value === 'number') && /^[1-9][0-9]{0,14}$/.test(String(value)) ? Number(value) : Number.NaN;

/** The error for parents without a valid id: they are dead letters of their own table, and their rows are missing here. */
export function unnamedParents(count: number, table: string): TributaryError | undefined {
  if (count === 0) return undefined;
  return new TributaryError(`Listrak shows ${count} ${table} whose id is not a whole number, so their rows could not be read.`, {
    kind: 'data',
    code: 'listrak:parent_id',
    remedy: `All others were read, and nothing was deleted. These ${table} are dead letters of their own table; report them to the vendor.`,
  });
}

/** A message or a list, whose report is read with calls of its own. */
type Parent = Item & { readonly id: number };

/** The parents that can be requested, in the order of their ids. */
function itemsOf(table: string, found: readonly Parent[]): Items<Parent> {
  const items = found.filter(({ id }) => !Number.isNaN(id)).sort((a, b) => a.id - b.id);
  return { items, unusable: unnamedParents(found.length - items.length, table) };
}

/** The messages sent since the start date. */
async function messages(ctx: ReadContext<ListrakApi>, weightOf: (row: Row) => string = () => ''): Promise<Items<Parent>> {
  const found = (await ctx.parents('messages'))
    .map((row) => ({ id: idOf(row.MsgID), at: ctx.api.times.read(row.SendDate), weight: weightOf(row) }))
    .filter(({ at }) => ctx.since === undefined || at === null || at >= ctx.since);
  const { unlisted } = ctx.api;
  return {
    ...itemsOf('messages', found),
    incomplete:
      unlisted.length === 0
        ? undefined
        : `The messages of list ${unlisted.join(', ')} could not be listed, so their reports were not read. They are read again in the next run.`,
  };
}

const messageName = ({ id }: Item): string => `Message ${id}`;

/** Reads a report of each parent. */
const reportsOf = (
  options: Pick<IncrementalFanOutOptions<ListrakApi, Parent>, 'items' | 'name' | 'read' | 'incremental' | 'rereadFor'>,
): Reader<ListrakApi> =>
  countingRepairs(
    incrementalFanOut({
      ...options,
      overlap: OVERLAP,
      fullEvery: (api) => api.fullPassEvery,
      concurrency: (api) => api.concurrency,
      judge: partFault,
      nothingShown: 'Listrak no longer shows anything to read for this table. Check that the user still has access to its lists.',
    }),
  );

/** Compares two events of one address: positive when the first one wins. */
export type Newer = (a: Row, b: Row) => number;

/**
 * The events of each message. One address may have several, and the table is keyed by address: the newest event in the answer
 * wins in whatever order they come; the others are counted as `rows_folded`.
 */
export function eventsOf(report: EventReport, newer: Newer): Reader<ListrakApi> {
  return reportsOf({
    items: (ctx) => messages(ctx),
    name: messageName,
    incremental: true,
    rereadFor: () => 0,
    async *read(ctx, { id }, ask, signal) {
      const newest = new Map<string, Row>();
      const withoutAddress: Row[] = [];
      let folded = 0;
      let unreadable = 0;
      const pages = inHalves(ask.from ?? EARLIEST, ask.to, (from, to, limits) =>
        pagesOf(ctx.api, report, { MsgID: id, ...range(ctx.api, from, to) }, signal, 1, limits),
      );
      for await (const { rows } of pages) {
        for (const found of rows) {
          const row = { ...found, MsgID: id };
          if (ctx.api.times.isUnreadable(found[report.time])) unreadable += 1;
          const address = asText(found.EmailAddress) ?? '';
          if (address === '') {
            withoutAddress.push(row);
            continue;
          }
          const current = newest.get(address);
          if (current !== undefined) folded += 1;
          if (current === undefined || newer(row, current) >= 0) newest.set(address, row);
        }
      }
      yield { rows: [...newest.values(), ...withoutAddress], count: { rows_folded: folded, unreadable_times: unreadable } };
    },
  });
}

/**
 * The recipients of each message. The report has no dates, so a message is read again for some time after it was sent, and when
 * its number of recipients changes.
 */
export function recipientsOf(report: Report): Reader<ListrakApi> {
  return reportsOf({
    items: (ctx) => messages(ctx, (row) => printed(row.DeliverCount)),
    name: messageName,
    incremental: false,
    rereadFor: (api) => api.sendsLookback,
    read: (ctx, { id }, { after }, signal) => pageByPage(ctx, report, { MsgID: id, WSException: null }, { MsgID: id }, after, signal),
  });
}

/** The subscribers of each list. */
export function subscribersOf(report: Report): Reader<ListrakApi> {
  return reportsOf({
    items: async (ctx) => {
      const lists = await ctx.parents('lists');
      return itemsOf(
        'lists',
        lists.map((row) => ({ id: idOf(row.ListID), at: null, weight: '' })),
      );
    },
    name: ({ id }) => `List ${id}`,
    incremental: true,
    rereadFor: () => 0,
    read(ctx, { id }, { from = EARLIEST, to, after }, signal) {
      return inHalves(from, to, async function* read(start, end, limits) {
        const args = { ListID: id, ...range(ctx.api, start, end) };
        if (start === from && end === to) yield* pageByPage(ctx, report, args, { ListID: id }, after, signal, limits);
        // The position does not say to which half a page belongs, so a list interrupted in a half starts over.
        else
          for await (const { rows } of pagesOf(ctx.api, report, args, signal, 1, limits)) yield { rows: withParent(rows, { ListID: id }) };
      });
    },
  });
}

const withParent = (rows: readonly Row[], own: Row): readonly Row[] => rows.map((row) => ({ ...row, ...own }));

/** The pages of a report, after which an interrupted run can continue. */
async function* pageByPage(
  ctx: ReadContext<ListrakApi>,
  report: Report,
  args: SoapArguments,
  own: Row,
  after: ItemAsk['after'],
  signal: AbortSignal,
  limits: Limits = {},
): AsyncGenerator<ItemPart, void, void> {
  const pages = resumePages(
    (first) => pagesOf(ctx.api, report, args, signal, first, limits),
    after,
    () => ctx.count('cursors_lost'),
  );
  for await (const { rows, page } of pages) yield { rows: withParent(rows, own), page };
}
