import { TributaryError } from '../../src/core/errors.ts';
import { isoMillis } from '../../src/core/time.ts';
import { asNumber, asObject, asText, saved } from '../../src/sdk/readers/resume.ts';
import type { JsonObject, Page, Position, ReadContext, Reader, Row } from '../../src/core/types.ts';
import { filter, limit, sort, source } from './aggregation.ts';
import { aggregated, isTooHeavy } from './api.ts';
import type { PendoApi } from './api.ts';
import { readBucket } from './bucket.ts';
import { isDisordered, ORDER_TRIES } from './order.ts';
import { dayOfHours, days, hours } from './granularity.ts';
import { overwritten, summed } from './rows.ts';
import type { Identity } from './rows.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A bucket may still grow for so long after its end; the position stays before it. */
const HORIZON = 8 * HOUR;
/** Read again in every run. */
const FRESH = DAY;
/** Empty buckets read before the position is saved. */
const QUIET = 24;

export interface EventSource extends Identity {
  readonly source: string;
  /** Whether rows are counts of a bucket, or single interactions. */
  readonly counted: boolean;
  /** Fields of the documented key, which may be the same for several rows. */
  readonly documented: readonly string[];
}

/** One pass over the buckets from an instant to now. */
interface Pass {
  /** Where it began, and when. */
  readonly from: number;
  readonly began: number;
  /** An instant in the bucket it has come to, and the last visitor read there. */
  at: number;
  after: string | undefined;
  /** Whether nothing more was expected in any bucket when it was read: those after one that was not settle nothing. */
  ripe: boolean;
  /** Whether what is no count is asked for by the hour instead of by 24. */
  hourly: boolean;
}

/**
 * Bucket after bucket up to now. Rows come hours late and in no order, so the last day is read again in every run and
 * the whole look-back once a day. Counts are no part of a key: reading a bucket again replaces its rows.
 */
export function readEvents(events: EventSource): Reader<PendoApi> {
  return async function* read(ctx) {
    const { period, lookback_days: lookbackDays, key_mode: keyMode } = ctx.api.settings;
    const daily = events.counted && period === 'day';
    const position = saved(ctx, 1);
    if (events.counted && position !== undefined && position.period !== period) throw periodChanged(asText(position.period) ?? '', period);
    // Of apps that were not asked for before nothing has been read.
    const apps = JSON.stringify(ctx.api.appId);
    const known = position?.apps === apps ? position : undefined;
    const state = {
      settled: asNumber(known?.settled),
      day: asNumber(position?.day),
      oldest: asNumber(position?.oldest),
      lookedBack: asNumber(known?.lookedBack),
    };
    const pass = savedPass(known) ?? (await newPass());
    let granularity = daily ? days : pass.hourly ? hours : dayOfHours;
    const warnings =
      keyMode === 'seed'
        ? ['key_mode is seed: rows of this table overwrite one another, since its documented key does not tell them apart.']
        : undefined;

    let pending: Row[] = [];
    let quiet = 0;
    let orderTries = 0;
    for (let last = false; !last;) {
      last = pass.at >= ctx.runStart;
      if (last) pass.at = ctx.runStart;
      let start: number | undefined;
      const asking = { source: events.source, series: granularity.series(pass.at), after: pass.after, perVisitor };
      try {
        for await (const part of readBucket(ctx.api, asking, ctx.signal)) {
          const [first] = part.rows;
          const begin = first === undefined ? undefined : granularity.startOf(first);
          if (begin !== undefined && (pass.at < begin || pass.at >= begin + granularity.longest))
            throw otherBucket(events.source, pass.at, begin);
          start ??= begin;
          pass.ripe &&= (start ?? pass.at) + granularity.longest + HORIZON <= ctx.runStart;
          pass.after = part.after;
          if (part.after !== undefined) yield page(part.rows, at());
          else pending = [...part.rows];
        }
        orderTries = 0;
      } catch (error) {
        if (isDisordered(error)) {
          // Some of its rows are behind what was read: it counts from its beginning.
          [pass.after, last] = [undefined, false];
          if ((orderTries += 1) <= ORDER_TRIES) continue;
          yield page([], at());
          throw error;
        }
        if (granularity !== dayOfHours || !isTooHeavy(error)) throw error;
        [granularity, pass.hourly, pass.after, last] = [hours, true, undefined, false];
        continue;
      }
      if (start !== undefined && granularity === days) state.day = Math.max(state.day ?? start, start);
      if (pass.ripe) state.settled = Math.max(state.settled ?? -Infinity, start ?? pass.at);
      last ||= granularity.holds(ctx.runStart, pass.at, start);
      if (!last) pass.at = granularity.next(pass.at, start, state.day);
      quiet = pending.length === 0 ? quiet + 1 : 0;
      if (last) {
        if (pass.from <= pass.began - lookbackDays * DAY || pass.from === state.oldest)
          state.lookedBack = Math.max(state.lookedBack ?? 0, pass.began);
        yield { ...page(pending, resting()), readTo: pass.began - HORIZON, ...(warnings === undefined ? {} : { warnings }) };
      } else if (pending.length > 0 || quiet >= QUIET) {
        yield page(pending, at());
        quiet = 0;
      }
      pending = [];
    }

    function perVisitor(rows: readonly Row[]): readonly Row[] {
      const kept = summed(rows, events);
      if (kept.length < rows.length) ctx.count('key_collisions', rows.length - kept.length);
      return kept;
    }

    async function newPass(): Promise<Pass> {
      const wanted = ctx.since ?? (state.oldest === undefined ? await firstVisit(ctx) : undefined);
      const deeper = wanted !== undefined && (state.oldest === undefined || wanted < state.oldest - DAY);
      if (deeper) state.oldest = wanted;
      // Nobody has been there yet, as far as the vendor tells: that is no fact to keep, the next pass asks again.
      const oldest = state.oldest ?? ctx.runStart - FRESH;
      const due = state.lookedBack === undefined || state.lookedBack + DAY <= ctx.runStart;
      const back = Math.min(state.settled ?? oldest, ctx.runStart - (due ? Math.max(FRESH, lookbackDays * DAY) : FRESH));
      const from = deeper ? oldest : Math.max(oldest, back);
      return {
        from,
        began: ctx.runStart,
        at: (daily ? days : hours).begin(Math.min(from, ctx.runStart), state.day),
        after: undefined,
        ripe: true,
        hourly: period === 'hour',
      };
    }

    function resting(): Position {
      return {
        v: 1,
        period,
        apps,
        ...Object.fromEntries(Object.entries(state).filter((entry): entry is [string, number] => entry[1] !== undefined)),
      };
    }

    function at(): Position {
      const { from, began, ripe, hourly, after } = pass;
      return { ...resting(), pass: { from, began, at: pass.at, ripe, hourly, ...(after === undefined ? {} : { after }) } };
    }

    function page(rows: readonly Row[], where: Position): Page {
      const lost = keyMode === 'seed' ? overwritten(rows, events.documented) : 0;
      if (lost > 0) ctx.count('keys_overwritten', lost);
      const share = (pass.at - pass.from) / Math.max(1, ctx.runStart - pass.from);
      return { rows, position: where, progress: Math.min(1, Math.max(0, share)) };
    }
  };
}

function savedPass(position: Position | undefined): Pass | undefined {
  const cut: JsonObject | undefined = asObject(position?.pass);
  const at = asNumber(cut?.at);
  return at === undefined
    ? undefined
    : {
        from: asNumber(cut?.from) ?? at,
        began: asNumber(cut?.began) ?? at,
        at,
        after: asText(cut?.after),
        ripe: cut?.ripe === true,
        hourly: cut?.hourly === true,
      };
}

/** Nothing happened before the first visit of anybody; undefined when the vendor shows none. */
async function firstVisit(ctx: ReadContext<PendoApi>): Promise<number | undefined> {
  const field = 'metadata.auto.firstvisit';
  const first = [source('visitors', { identified: false }), filter(`${field} >= 1`), sort(field), limit(1)];
  const [visit] = await aggregated(ctx.api, 'first_visit', first, ctx.signal, (row) =>
    asNumber(asObject(asObject(row.metadata)?.auto)?.firstvisit),
  );
  return visit;
}

function otherBucket(source: string, asked: number, answered: number): TributaryError {
  return new TributaryError(
    `Pendo was asked for ${source} of the day or hour with ${isoMillis(asked)}, and answered those of one that begins at ${isoMillis(answered)}.`,
    {
      kind: 'data',
      code: 'pendo:bucket',
      remedy: 'The position stays where it is. The next run asks again; report it to the vendor if it stays.',
    },
  );
}

function periodChanged(from: string, to: string): TributaryError {
  return new TributaryError(`The setting period was changed from ${from} to ${to}, but the topics hold counts by ${from}.`, {
    kind: 'config',
    remedy: `Set period back to ${from}, or read by ${to} in a connection of its own.`,
  });
}
