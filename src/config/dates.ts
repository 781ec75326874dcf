import { DAY } from '../core/time.ts';

/** History ranges that a connection may set. */
export const historyRanges = ['30d', '90d', '1y', 'all'] as const;
export type HistoryRange = (typeof historyRanges)[number];

/** Where a connection's history begins: a range counted back from the first run, or a fixed day. */
export type HistoryStart = { readonly range: HistoryRange } | { readonly from: number };

const rangeDays: Readonly<Record<HistoryRange, number | undefined>> = { '30d': 30, '90d': 90, '1y': 365, all: undefined };

/** Oldest event time to read, epoch ms; undefined means all. */
export function historySince(start: HistoryStart, now: number): number | undefined {
  if ('from' in start) return start.from;
  const days = rangeDays[start.range];
  return days === undefined ? undefined : now - days * DAY;
}

/** Epoch ms of `MM/DD/YYYY`, `YYYY-MM-DD` (both midnight UTC) or an ISO time with zone; undefined for anything else. */
export function parseStartDate(text: string): number | undefined {
  const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  if (american) return utcDay(Number(american[3]), Number(american[1]), Number(american[2]));
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (iso) return utcDay(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  const time = Date.parse(text);
  // `Date.parse` reads 31 February as a day in March, so the day is checked separately.
  return Number.isNaN(time) || utcDay(year, month, day) === undefined ? undefined : time;
}

function utcDay(year: number, month: number, day: number): number | undefined {
  const date = new Date(Date.UTC(year, month - 1, day));
  const same = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return same ? date.getTime() : undefined;
}
