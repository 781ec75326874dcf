import { TributaryError } from '../../src/core/errors.ts';
import { DAY, HOUR, isoMillis } from '../../src/core/time.ts';
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

/** Time after the end of a bucket in which it may still grow, ms; the position stays before such buckets. */
const HORIZON = 8 * HOUR;
/** Period that is read again in every run, ms. */
const FRESH = DAY;
/** Empty buckets read before the position is saved. */
const EMPTY_PER_COMMIT = 24;

export interface EventSource extends Identity {
  readonly source: string;
  /** Whether rows are the counts of a bucket, or single interactions. */
  readonly counted: boolean;
  /** Fields of the documented key, which several rows may share. */
  readonly documented: readonly string[];
}

/** One pass over the buckets from a start to now. */
interface Pass {
  /** Start of the pass, and the run in which it began; both epoch ms. */
  readonly from: number;
  readonly began: number;
  /** A time in the current bucket, and the last visitor read in it. */
  at: number;
  after: string | undefined;
  /** Whether every bucket so far was complete when it was read. The position moves only over leading complete buckets. */
  ripe: boolean;
  /** Whether single interactions are read by the hour, because 24 hours at once were too heavy. */
  hourly: boolean;
}

/**
 * Reads bucket after bucket up to now. Rows arrive hours late and in no order, so the last day is read again in every run, and
 * `lookback_days` once a day. Counts are not part of a key, so reading a bucket again replaces its rows.
 */
export function readEvents(events: EventSource): Reader<PendoApi> {
  return async function* read(ctx) {
    const { period, lookback_days: lookbackDays, key_mode: keyMode } = ctx.api.settings;
    const daily = events.counted && period === 'day';
    const position = saved(ctx, 1);
    if (events.counted && position !== undefined && position.period !== period) throw periodChanged(asText(position.period) ?? '', period);
    // The position holds nothing about apps that were not read before, so a change of `app_ids` starts over.
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
        ? ['key_mode is seed: rows of this table overwrite one another, because its documented key is not unique.']
        : undefined;

    let pending: Row[] = [];
    let emptyBuckets = 0;
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
          if (part.after !== undefined) yield page(part.rows, passPosition());
          else pending = [...part.rows];
        }
        orderTries = 0;
      } catch (error) {
        if (isDisordered(error)) {
          // Some unread rows are before the last visitor, so the bucket is read from its start.
          [pass.after, last] = [undefined, false];
          if ((orderTries += 1) <= ORDER_TRIES) continue;
          yield page([], passPosition());
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
      emptyBuckets = pending.length === 0 ? emptyBuckets + 1 : 0;
      if (last) {
        if (pass.from <= pass.began - lookbackDays * DAY || pass.from === state.oldest)
          state.lookedBack = Math.max(state.lookedBack ?? 0, pass.began);
        yield { ...page(pending, endPosition()), readTo: pass.began - HORIZON, ...(warnings === undefined ? {} : { warnings }) };
      } else if (pending.length > 0 || emptyBuckets >= EMPTY_PER_COMMIT) {
        yield page(pending, passPosition());
        emptyBuckets = 0;
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
      // The vendor shows no visitor yet. That is not saved, so the next pass asks again.
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

    function endPosition(): Position {
      return {
        v: 1,
        period,
        apps,
        ...Object.fromEntries(Object.entries(state).filter((entry): entry is [string, number] => entry[1] !== undefined)),
      };
    }

    function passPosition(): Position {
      const { from, began, ripe, hourly, after } = pass;
      return { ...endPosition(), pass: { from, began, at: pass.at, ripe, hourly, ...(after === undefined ? {} : { after }) } };
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
  const interrupted: JsonObject | undefined = asObject(position?.pass);
  const at = asNumber(interrupted?.at);
  return at === undefined
    ? undefined
    : {
        from: asNumber(interrupted?.from) ?? at,
        began: asNumber(interrupted?.began) ?? at,
        at,
        after: asText(interrupted?.after),
        ripe: interrupted?.ripe === true,
        hourly: interrupted?.hourly === true,
      };
}

/** Time of the first visit of any visitor, epoch ms: there are no earlier events. Undefined when the vendor shows none. */
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
    `Pendo was asked for ${source} of the day or hour that contains ${isoMillis(asked)}, and answered with those of one that begins at ${isoMillis(answered)}.`,
    {
      kind: 'data',
      code: 'pendo:bucket',
      remedy: 'The position stays where it is. The next run asks again; report it to the vendor if this persists.',
    },
  );
}

function periodChanged(from: string, to: string): TributaryError {
  return new TributaryError(`The setting period was changed from ${from} to ${to}, but the topics hold counts by ${from}.`, {
    kind: 'config',
    remedy: `Set period back to ${from}, or read by ${to} in a connection of its own.`,
  });
}
