import { TributaryError } from '../../src/core/errors.ts';
import { DAY, HOUR } from '../../src/core/time.ts';
import { asNumber, asObject, asText, saved } from '../../src/sdk/readers/resume.ts';
import { overwritten } from '../../src/sdk/merge-rows.ts';
import { timeBuckets } from '../../src/sdk/readers/time-buckets.ts';
import type { ReadContext, Reader, Row } from '../../src/core/types.ts';
import { filter, limit, sort, source } from './aggregation.ts';
import { aggregated, isTooHeavy, PENDO } from './api.ts';
import type { PendoApi } from './api.ts';
import { readBucket } from './bucket.ts';
import { dayOfHours, days, hours } from './granularity.ts';
import type { Granularity } from './granularity.ts';
import { summed } from './rows.ts';
import type { Identity } from './rows.ts';

/** Time after the end of a bucket in which it may still grow, ms; the position stays before such buckets. */
const HORIZON = 8 * HOUR;
/** Period that is read again in every run, ms. */
const FRESH = DAY;

export interface EventSource extends Identity {
  readonly source: string;
  /** Whether rows are the counts of a bucket, or single interactions. */
  readonly counted: boolean;
  /** Fields of the documented key, which several rows may share. */
  readonly documented: readonly string[];
}

/**
 * Reads bucket after bucket up to now. Rows arrive hours late and in no order, so the last day is read again in every run, and
 * `lookback_days` once a day. Single interactions are read by the hour when 24 hours at once are too heavy. Counts are not part
 * of a key, so reading a bucket again replaces its rows.
 */
export function readEvents(events: EventSource): Reader<PendoApi> {
  const read = timeBuckets<PendoApi, Granularity>({
    ...PENDO,
    name: events.source,
    grains: ({ settings: { period } }) =>
      events.counted && period === 'day' ? { usual: days } : { usual: dayOfHours, finer: hours, startsFiner: period === 'hour' },
    async *read(ctx, { at, grain, after }) {
      const perVisitor = (rows: readonly Row[]): readonly Row[] => {
        const kept = summed(rows, events);
        if (kept.length < rows.length) ctx.count('key_collisions', rows.length - kept.length);
        return kept;
      };
      const asking = { source: events.source, series: grain.series(at), after, perVisitor };
      for await (const part of readBucket(ctx.api, asking, ctx.signal)) {
        const lost = ctx.api.settings.key_mode === 'seed' ? overwritten(part.rows, events.documented) : 0;
        if (lost > 0) ctx.count('keys_overwritten', lost);
        yield part;
      }
    },
    isTooHeavy,
    lateness: HORIZON,
    fresh: FRESH,
    lookback: ({ settings }) => settings.lookback_days * DAY,
    origin: firstVisit,
    selection: ({ appId }) => ({ apps: JSON.stringify(appId) }),
    noted: ({ settings: { period } }) => ({ period }),
    warnings: ({ settings }) =>
      settings.key_mode === 'seed'
        ? ['key_mode is seed: rows of this table overwrite one another, because its documented key is not unique.']
        : [],
  });
  return async function* samePeriod(ctx) {
    const { period } = ctx.api.settings;
    const position = saved(ctx, 1);
    if (events.counted && position !== undefined && position.period !== period) throw periodChanged(asText(position.period) ?? '', period);
    yield* read(ctx);
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

function periodChanged(from: string, to: string): TributaryError {
  return new TributaryError(`The setting period was changed from ${from} to ${to}, but the topics hold counts by ${from}.`, {
    kind: 'config',
    remedy: `Set period back to ${from}, or read by ${to} in a connection of its own.`,
  });
}
