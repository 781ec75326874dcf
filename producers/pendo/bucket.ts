import { TributaryError } from '../../src/core/errors.ts';
import { asText } from '../../src/sdk/readers/resume.ts';
import type { Row } from '../../src/core/types.ts';
import { filter, limit, quoted, sort, source } from './aggregation.ts';
import type { TimeSeries } from './aggregation.ts';
import { aggregate, isTooHeavy } from './api.ts';
import type { PendoApi } from './api.ts';

export interface Part {
  /** Rows of whole visitors. */
  readonly rows: readonly Row[];
  /** The last of these visitors. */
  readonly after: string | undefined;
}

export interface BucketAsk {
  readonly source: string;
  readonly series: TimeSeries;
  /** Read on behind this visitor. */
  readonly after: string | undefined;
  /** What becomes of a visitor's rows. */
  readonly perVisitor: (rows: readonly Row[]) => readonly Row[];
}

const ROWS_PER_PART = 5_000;
/** Fewer would take for ever. */
const LEAST_LIMIT = 500;

/**
 * One bucket, visitor by visitor. All its rows share one time, so time cannot page it. An answer that is full or
 * breaks off may end within a visitor: reading goes on behind the last one that is whole. An answer too heavy
 * for the vendor is asked for in smaller pieces.
 */
export async function* readBucket(api: PendoApi, ask: BucketAsk, signal: AbortSignal): AsyncGenerator<Part, void, void> {
  let after = ask.after;
  let most = api.settings.record_limit;
  let asked = most;
  let ready: Row[] = [];
  const keep = (rows: readonly Row[]): void => {
    for (const row of ask.perVisitor(rows)) ready.push(row);
  };

  for (;;) {
    const from = after;
    const answer = newAnswer();
    const pipeline = () => {
      answer.begin();
      return [
        source(ask.source, { appId: api.appId }, ask.series),
        sort('visitorId'),
        // The first answer has no bound, so that rows without a visitor are in it.
        ...(after === undefined ? [] : [filter(`visitorId > ${quoted(after)}`)]),
        limit(asked),
      ];
    };
    try {
      for await (const batch of aggregate(api, ask.source, pipeline, signal, asked > LEAST_LIMIT && asked <= most)) {
        for (const row of batch) {
          const whole = answer.take(row);
          if (whole === undefined) continue;
          keep(whole.rows);
          after = whole.visitor;
        }
        if (ready.length >= ROWS_PER_PART) {
          yield { rows: ready, after };
          ready = [];
        }
      }
    } catch (error) {
      // More than the usual is asked for only when one visitor needs it; less would not help then.
      if (!isTooHeavy(error) || asked <= LEAST_LIMIT || asked > most) throw error;
      most = Math.max(LEAST_LIMIT, Math.floor(Math.min(most, asked) / 2));
      asked = most;
      continue;
    }
    if (answer.count() < asked) {
      keep(answer.rest().rows);
      const { visitor } = answer.rest();
      // Whether the vendor gives as much as that nobody knows: ask what lies behind.
      const proved = asked <= api.settings.record_limit || visitor === undefined;
      yield { rows: ready, after: proved ? undefined : visitor };
      if (proved) return;
      after = visitor;
    } else if (ready.length > 0) {
      yield { rows: ready, after };
    }
    ready = [];
    // One visitor fills the answer alone.
    asked = after === from ? asked * 2 : most;
  }
}

interface Answer {
  /** A try begins: what an earlier one left unfinished is forgotten. */
  begin(): void;
  /** Gives a visitor's rows once the next visitor's begin. */
  take(row: Row): { visitor: string; rows: readonly Row[] } | undefined;
  /** Rows taken in this try. */
  count(): number;
  /** The last visitor and its rows. */
  rest(): { visitor: string | undefined; rows: readonly Row[] };
}

function newAnswer(): Answer {
  let visitor: string | undefined;
  let rows: Row[] = [];
  let taken = 0;
  const before = new Set<string>();
  return {
    begin() {
      visitor = undefined;
      rows = [];
      taken = 0;
    },
    take(row) {
      taken += 1;
      const id = asText(row.visitorId) ?? '';
      if (id === visitor) {
        rows.push(row);
        return undefined;
      }
      const whole = visitor === undefined ? undefined : { visitor, rows };
      if (whole !== undefined) before.add(whole.visitor);
      if (before.has(id)) {
        throw new TributaryError("Pendo's answer is not in the order that was asked for.", {
          kind: 'data',
          code: 'pendo:order',
          remedy: 'The table is read again later. Report it to the vendor if it stays.',
        });
      }
      visitor = id;
      rows = [row];
      return whole;
    },
    count: () => taken,
    rest: () => ({ visitor, rows }),
  };
}
