import { createHash } from 'node:crypto';
import { TributaryError } from '../../src/core/errors.ts';
import { asText } from '../../src/sdk/readers/resume.ts';
import type { SoapArguments } from '../../src/sdk/soap/client.ts';
import type { ReadContext, Reader, Row } from '../../src/core/types.ts';
import type { ListrakApi } from './api.ts';
import { idOf } from './known.ts';
import type { Item } from './known.ts';
import { paginateItems } from './walk.ts';
import type { Ask, Part } from './walk.ts';

const DAY = 86_400_000;
/** Before it there was no such service. */
export const EARLIEST = Date.UTC(2000, 0, 1);
/** Nothing has so many pages. */
const MOST_PAGES = 10_000;
/** Shorter windows are not halved. */
const LEAST_WINDOW = DAY;
/** What a shorter stretch of time may cure. */
const SMALLER_HELPS: ReadonlySet<string> = new Set(['listrak:timeout', 'listrak:too_large']);

/** Operation and element of a report's rows. */
export interface Report {
  readonly operation: string;
  readonly row: string;
}

/** One of events, and the element that says when each was. */
export interface EventReport extends Report {
  readonly time: string;
}

interface Limits {
  readonly maxTimeouts?: number;
}

/** The pages of a report that have rows, from a page on. It ends with an empty one, however that is written. */
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
    const print = rows.length < 2 ? '' : JSON.stringify([rows.length, rows[0], rows.at(-1)]);
    if (print !== '' && print === before) throw endless(operation, `page ${page} repeats the one before`);
    before = print;
    yield { page, rows };
  }
  throw endless(operation, `it has more than ${MOST_PAGES} pages`);
}

const endless = (operation: string, why: string): TributaryError =>
  new TributaryError(`Listrak's ${operation} does not come to its end: ${why}.`, {
    kind: 'data',
    code: 'listrak:endless',
    remedy: 'It is asked for again with the next run; report it to the vendor if it stays.',
  });

/** Reads a stretch of time; what the vendor does not answer in time is asked for in halves. */
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

/** Which of two events of one address stays: positive when `a` does. */
export type Newer = (a: Row, b: Row) => number;

/** Messages sent since the start date. */
async function messages(ctx: ReadContext<ListrakApi>): Promise<readonly Item[]> {
  const rows = await ctx.parents('messages');
  return rows
    .map((row) => ({ id: idOf(row.MsgID), at: ctx.api.times.read(row.SendDate), weight: '' }))
    .filter(({ at }) => ctx.since === undefined || at === null || at >= ctx.since);
}

const unlisted = (api: ListrakApi): readonly string[] => api.unlisted;

const messageName = ({ id }: Item): string => `Message ${id}`;

/**
 * The events of each message. There may be many of one address, and the table is keyed by it: of all that one answer
 * holds the newest stays, whatever their order, and the others are counted.
 */
export function eventsOf(report: EventReport, newer: Newer): Reader<ListrakApi> {
  return paginateItems({
    items: messages,
    unlisted,
    name: messageName,
    parents: 'messages',
    follows: true,
    young: () => 0,
    async *read(ctx, { id }, ask, signal) {
      const newest = new Map<string, Row>();
      const unnamed: Row[] = [];
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
            unnamed.push(row);
            continue;
          }
          const standing = newest.get(address);
          if (standing !== undefined) folded += 1;
          if (standing === undefined || newer(row, standing) >= 0) newest.set(address, row);
        }
      }
      yield { rows: [...newest.values(), ...unnamed], count: { rows_folded: folded, unreadable_times: unreadable } };
    },
  });
}

export const range = (api: ListrakApi, from: number, to: number): { StartDate: string; EndDate: string } => ({
  StartDate: api.times.write(from),
  EndDate: api.times.write(to),
});

/** Everybody a message was sent to. The report has no dates: a message is read while it is young, and when its count of recipients changes. */
export function recipientsOf(report: Report): Reader<ListrakApi> {
  return paginateItems({
    async items(ctx) {
      const counts = new Map((await ctx.parents('messages')).map((row) => [idOf(row.MsgID), String(row.DeliverCount)]));
      return (await messages(ctx)).map((item) => ({ ...item, weight: counts.get(item.id) ?? '' }));
    },
    unlisted,
    name: messageName,
    parents: 'messages',
    follows: false,
    young: (api) => api.sendsLookback,
    read: (ctx, { id }, { after }, signal) => pageByPage(ctx, report, { MsgID: id, WSException: null }, { MsgID: id }, after, signal),
  });
}

/** Who subscribes to each list. */
export function subscribersOf(report: Report): Reader<ListrakApi> {
  return paginateItems({
    items: async (ctx) => (await ctx.parents('lists')).map((row) => ({ id: idOf(row.ListID), at: null, weight: '' })),
    name: ({ id }) => `List ${id}`,
    parents: 'lists',
    follows: true,
    young: () => 0,
    read(ctx, { id }, { from = EARLIEST, to, after }, signal) {
      return halving(from, to, async function* read(start, end, limits) {
        const args = { ListID: id, ...range(ctx.api, start, end) };
        if (start === from && end === to) yield* pageByPage(ctx, report, args, { ListID: id }, after, signal, limits);
        // Which half a page belongs to is not remembered: a list that is cut in one begins again.
        else for await (const { rows } of pagesOf(ctx.api, report, args, signal, 1, limits)) yield { rows: owned(rows, { ListID: id }) };
      });
    },
  });
}

const owned = (rows: readonly Row[], own: Row): readonly Row[] => rows.map((row) => ({ ...row, ...own }));

/** A cut report goes on after its last page if that is still the same, else from its beginning. */
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
    yield { rows: owned(found.rows, own), page: { page: found.page, print } };
  }
  if (same) return;
  ctx.count('cursors_lost');
  yield* pageByPage(ctx, report, args, own, undefined, signal, limits);
}
