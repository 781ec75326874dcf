import { CursorLost, asNumber, asText, fromSavedCursor, saved } from './resume.ts';
import type { Json, Page, Position, Reader, Row } from '../../core/types.ts';
import { checkTimes } from '../answers.ts';
import { paginate } from './paginate.ts';
import type { FetchPage } from './paginate.ts';
import { DAY } from '../../core/time.ts';

export interface MonthAsk {
  /** First day of the calendar month, `YYYY-MM-01`. */
  readonly month: string;
}

export interface MonthlyOptions<Api> {
  readonly call: FetchPage<Api, MonthAsk>;
  /** The row's instant, epoch ms; null when it has none. */
  readonly by: (row: Row) => number | null;
  /** What the rows of one series have in common; series and instant together are unique. */
  readonly series: (row: Row) => string;
  /**
   * Days after the end of a month in which the vendor may still correct it. A month is read again until a run after these days
   * has read it.
   */
  readonly closingDays: number;
  /** Months that are read when all history is requested, the current month included. */
  readonly mostMonths: number;
}

/**
 * A report by calendar months (UTC), in ascending order up to the current month, which is read again in each run. The first
 * month is read whole. An interrupted run resumes from its cursor in a month that was over by then; the current month starts
 * over, because its rows shift. A row at or after the end of its month may appear again in the report of the next month, and
 * then the later report is right: such rows are held until that month has been read.
 */
export function monthly<Api>(options: MonthlyOptions<Api>): Reader<Api> {
  return async function* read(ctx) {
    const position = saved(ctx, 1);
    let high = asNumber(position?.high);
    const running = monthOf(ctx.runStart);
    const resumeMonth = asText(position?.month);
    const cursor: Json | undefined = position?.cursor;
    const through = asText(position?.through);
    /** The earliest month that may not be final yet. */
    let open = [
      asText(position?.open) ?? running,
      new Date(ctx.runStart).getUTCDate() <= options.closingDays ? monthAfter(running, -1) : running,
    ].sort()[0] as string;

    const first = firstMonth();
    const wanted: string[] = [];
    for (let month = first; month <= running; month = monthAfter(month)) wanted.push(month);
    /** Rows beyond the end of their month, by series and instant. */
    let held = new Map<string, Row>();

    for (const [index, month] of wanted.entries()) {
      if (month === resumeMonth && cursor !== undefined) {
        try {
          yield* run(month, index, cursor);
          continue;
        } catch (error) {
          if (!(error instanceof CursorLost)) throw error;
          ctx.count('cursors_lost');
        }
      }
      yield* run(month, index, undefined);
    }

    function firstMonth(): string {
      if (resumeMonth !== undefined) return resumeMonth;
      if (through === undefined) {
        const earliest = monthAfter(running, 1 - options.mostMonths);
        return ctx.since === undefined ? earliest : monthOf(ctx.since);
      }
      const known = [through, ...(high === undefined ? [] : [monthOf(high)])].sort()[0] as string;
      const wantedFrom = ctx.since === undefined ? known : monthOf(ctx.since);
      return known < wantedFrom && wantedFrom <= running ? wantedFrom : known;
    }

    async function* run(month: string, index: number, from: Json | undefined): AsyncGenerator<Page, void, void> {
      const end = startOf(monthAfter(month));
      const last = month === running;
      const heldBefore = held;
      const instants = new Map<string, number>();
      held = new Map();
      const steps = paginate((at) => options.call(ctx.api, { month, cursor: at }, ctx.signal), from);
      let read = from === undefined ? 0 : (asNumber(position?.read) ?? 0);
      for await (const step of fromSavedCursor(steps, from)) {
        // A report may hold days next to its month, because the vendor's days are those of another time zone.
        checkTimes(step.rows, options.by, { from: startOf(month) - DAY, to: end + DAY });
        const rows: Row[] = [];
        for (const row of step.rows) {
          const at = options.by(row);
          if (at === null) {
            rows.push(row);
            continue;
          }
          const series = options.series(row);
          if (heldBefore.delete(`${series} ${at}`)) ctx.count('rows_of_two_months');
          if (at >= end && !last) {
            held.set(`${series} ${at}`, row);
            continue;
          }
          countDay(instants, series, at);
          if (at <= ctx.runStart) high = Math.max(high ?? at, at);
          rows.push(row);
        }
        read += step.rows.length;
        const { more, next, page: _page, total, ...rest } = step;
        const warnings = [...(rest.warnings ?? [])];
        if (!more) {
          rows.push(...heldBefore.values());
          heldBefore.clear();
          if (total !== undefined && total !== read) {
            warnings.push(`The vendor announced ${total} rows for the month of ${month} and showed ${read}; the next run reads it again.`);
            if (month < open) open = month;
          }
        }
        const share = more ? (total === undefined || total === 0 ? 0 : Math.min(1, read / total)) : 1;
        yield {
          ...rest,
          rows,
          ...(warnings.length === 0 ? {} : { warnings }),
          position: after(month, read, more ? (next as Json) : undefined, heldBefore.size > 0 ? wanted[index - 1] : undefined),
          progress: (index + share) / wanted.length,
          ...(!more && last ? { readTo: ctx.runStart } : {}),
        };
      }
    }

    /** While rows are held, an interrupted run starts again at the month they came from. */
    function after(month: string, read: number, next: Json | undefined, waitingSince: string | undefined): Position {
      const mark = high === undefined ? {} : { high };
      const cut = { v: 1, ...mark, ...(through === undefined ? {} : { through }), open };
      if (waitingSince !== undefined) return { ...cut, month: waitingSince };
      if (next !== undefined) return { ...cut, month, ...(held.size === 0 && month !== running ? { cursor: next, read } : {}) };
      if (month === running) return { v: 1, ...mark, through: open };
      return { ...cut, month: held.size > 0 ? month : monthAfter(month) };
    }

    /** Counts rows of one series on the same day: an instant that moves within the day would give a row a new key in each run. */
    function countDay(instants: Map<string, number>, series: string, at: number): void {
      const day = `${series} ${Math.floor(at / DAY)}`;
      const before = instants.get(day);
      if (before !== undefined && before !== at) ctx.count('rows_of_one_day');
      instants.set(day, at);
    }
  };
}

/** `YYYY-MM-01` of an instant. */
function monthOf(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 7)}-01`;
}

function startOf(month: string): number {
  return Date.parse(`${month}T00:00:00Z`);
}

function monthAfter(month: string, by = 1): string {
  const start = new Date(startOf(month));
  return monthOf(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + by, 1));
}
