import { createHash } from 'node:crypto';
import { TributaryError } from '../../src/core/errors.ts';
import { asText, printed } from '../../src/sdk/readers/resume.ts';
import type { SoapArguments } from '../../src/sdk/soap/client.ts';
import type { ReadContext, Reader, Row } from '../../src/core/types.ts';
import type { ListrakApi } from './api.ts';
import { idOf } from './known.ts';
import type { Item } from './known.ts';
import { readItems } from './read-items.ts';
import type { Ask, Part } from './read-items.ts';
import { DAY } from '../../src/core/time.ts';

/** Lower bound of all times: the service did not exist before. */
export const EARLIEST = Date.UTC(2000, 0, 1);
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

interface Limits {
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
export async function* halving<T>(
  from: number,
  to: number,
  read: (from: number, to: number, limits: Limits) => AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> {
  const divisible = to - from > LEAST_WINDOW;
  let begun = false;
  try {
    for await (const value of read(from, to, divisible ? { maxTimeouts: 2 } : {})) {
      begun = true;
      yield value;
    }
    return;
  } catch (error) {
    if (begun || !divisible || !(error instanceof TributaryError) || !SMALLER_HELPS.has(error.code ?? '')) throw error;
  }
  const middle = Math.floor((from + to) / 2_000) * 1_000;
  yield* halving(from, middle, read);
  yield* halving(middle, to, read);
}

/** Compares two events of one address: positive when the first one wins. */
export type Newer = (a: Row, b: Row) => number;

/** The messages sent since the start date. */
async function messages(ctx: ReadContext<ListrakApi>): Promise<readonly Item[]> {
  const rows = await ctx.parents('messages');
  return rows
    .map((row) => ({ id: idOf(row.MsgID), at: ctx.api.times.read(row.SendDate), weight: '' }))
    .filter(({ at }) => ctx.since === undefined || at === null || at >= ctx.since);
}

const unlisted = (api: ListrakApi): readonly string[] => api.unlisted;

const messageName = ({ id }: Item): string => `Message ${id}`;

/**
 * The events of each message. One address may have several, and the table is keyed by address: the newest event in the answer
 * wins in whatever order they come; the others are counted as `rows_folded`.
 */
export function eventsOf(report: EventReport, newer: Newer): Reader<ListrakApi> {
  return readItems({
    items: messages,
    unlisted,
    name: messageName,
    parents: 'messages',
    incremental: true,
    rereadFor: () => 0,
    async *read(ctx, { id }, ask, signal) {
      const newest = new Map<string, Row>();
      const withoutAddress: Row[] = [];
      let folded = 0;
      let unreadable = 0;
      const pages = halving(ask.from ?? EARLIEST, ask.to, (from, to, limits) =>
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

export const range = (api: ListrakApi, from: number, to: number): { StartDate: string; EndDate: string } => ({
  StartDate: api.times.write(from),
  EndDate: api.times.write(to),
});

/**
 * The recipients of each message. The report has no dates, so a message is read again for some time after it was sent, and when
 * its number of recipients changes.
 */
export function recipientsOf(report: Report): Reader<ListrakApi> {
  return readItems({
    async items(ctx) {
      const counts = new Map((await ctx.parents('messages')).map((row) => [idOf(row.MsgID), printed(row.DeliverCount)]));
      return (await messages(ctx)).map((item) => ({ ...item, weight: counts.get(item.id) ?? '' }));
    },
    unlisted,
    name: messageName,
    parents: 'messages',
    incremental: false,
    rereadFor: (api) => api.sendsLookback,
    read: (ctx, { id }, { after }, signal) => pageByPage(ctx, report, { MsgID: id, WSException: null }, { MsgID: id }, after, signal),
  });
}

/** The subscribers of each list. */
export function subscribersOf(report: Report): Reader<ListrakApi> {
  return readItems({
    items: async (ctx) => (await ctx.parents('lists')).map((row) => ({ id: idOf(row.ListID), at: null, weight: '' })),
    name: ({ id }) => `List ${id}`,
    parents: 'lists',
    incremental: true,
    rereadFor: () => 0,
    read(ctx, { id }, { from = EARLIEST, to, after }, signal) {
      return halving(from, to, async function* read(start, end, limits) {
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

/** An interrupted report continues after its last page if that page is unchanged, otherwise from the start. */
async function* pageByPage(
  ctx: ReadContext<ListrakApi>,
  report: Report,
  args: SoapArguments,
  own: Row,
  after: Ask['after'],
  signal: AbortSignal,
  limits: Limits = {},
): AsyncGenerator<Part, void, void> {
  let same = after === undefined;
  for await (const found of pagesOf(ctx.api, report, args, signal, after?.page, limits)) {
    const print = createHash('sha1').update(JSON.stringify(found.rows)).digest('base64url');
    if (!same) {
      if (found.page !== after?.page || print !== after.print) break;
      same = true;
      continue;
    }
    yield { rows: withParent(found.rows, own), page: { page: found.page, print } };
  }
  if (same) return;
  ctx.count('cursors_lost');
  yield* pageByPage(ctx, report, args, own, undefined, signal, limits);
}
