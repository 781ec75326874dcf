import { TributaryError } from '../../src/core/errors.ts';
import { asText } from '../../src/sdk/readers/resume.ts';
import type { Row } from '../../src/core/types.ts';
import { filter, limit, quoted, skip, sort, source } from './aggregation.ts';
import type { Stage, TimeSeries } from './aggregation.ts';
import { aggregate, aggregated, isTooHeavy } from './api.ts';
import type { PendoApi } from './api.ts';
import { disordered, watchOrder } from './order.ts';

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
 * One bucket, visitor by visitor. All its rows share one time, so time cannot page it. However an answer ends, it may do
 * so within a visitor, and a short one may have been cut. The bucket has ended when the vendor, asked what follows the
 * rows it gave, gives none; else reading goes on behind the last visitor that is whole. An answer too heavy for the
 * vendor is asked for in smaller pieces.
 *
 * @throws TributaryError `pendo:order` when rows are not in the order asked for: then what was read leads behind some of them.
 */
export async function* readBucket(api: PendoApi, ask: BucketAsk, signal: AbortSignal): AsyncGenerator<Part, void, void> {
  let after = ask.after;
  let most = api.settings.record_limit;
  let asked = most;
  let ready: Row[] = [];
  /** Rows of an answer that was short, held one visitor and was not all. */
  let alone: number | undefined;
  /** Visitors whose rows were given and have to be given again. */
  const owed = new Set<string>();
  const keep = (rows: readonly Row[]): void => {
    for (const row of ask.perVisitor(rows)) ready.push(row);
  };
  const behind = (visitor: string | undefined): readonly Stage[] => [
    source(ask.source, { appId: api.appId }, ask.series),
    sort('visitorId'),
    // Without a bound rows without a visitor are there, too.
    ...(visitor === undefined ? [] : [filter(`visitorId > ${quoted(visitor)}`)]),
  ];

  for (;;) {
    const from = after;
    let bound = after;
    const answer = newAnswer(ask.source, owed);
    const pipeline = () => {
      bound = after;
      answer.begin(bound);
      return [...behind(bound), limit(asked)];
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
      answer.owe();
      continue;
    }
    const given = answer.count();
    if (owed.size > 0) throw disordered(ask.source);
    if (given === 0 || (given < asked && !(await follows(bound, given)))) {
      keep(answer.rest());
      yield { rows: ready, after: undefined };
      return;
    }
    if (ready.length > 0) yield { rows: ready, after };
    ready = [];
    answer.owe();
    if (after !== from) {
      [asked, alone] = [most, undefined];
    } else if (given < asked) {
      // Perhaps more came while that was asked.
      if (alone === given) throw cutShort(ask.source, given);
      alone = given;
    } else {
      // One visitor fills the answer.
      asked *= 2;
    }
  }

  /** Whether the vendor has anything behind the first rows of that bound. */
  async function follows(bound: string | undefined, rows: number): Promise<boolean> {
    const more = await aggregated(api, ask.source, [...behind(bound), skip(rows), limit(1)], signal, () => true);
    return more.length > 0;
  }
}

function cutShort(name: string, rows: number): TributaryError {
  return new TributaryError(`Pendo gave ${rows} rows of ${name} and has more of the same visitor, which it does not give.`, {
    kind: 'data',
    code: 'pendo:cut',
    remedy: 'Set period to hour in a connection of its own, so that fewer rows belong together; report it to the vendor if it stays.',
  });
}

interface Answer {
  /** A try begins, behind that visitor: what an earlier one left unfinished has to come again. */
  begin(bound: string | undefined): void;
  /** Gives a visitor's rows once the next visitor's begin. */
  take(row: Row): { visitor: string; rows: readonly Row[] } | undefined;
  /** Rows taken in this try. */
  count(): number;
  /** Rows of the last visitor. */
  rest(): readonly Row[];
  /** What is unfinished is left to another answer. */
  owe(): void;
}

function newAnswer(name: string, owed: Set<string>): Answer {
  let visitor: string | undefined;
  let rows: Row[] = [];
  let taken = 0;
  let inOrder = watchOrder(name);
  const before = new Set<string>();
  const owe = (): void => {
    if (visitor !== undefined) owed.add(visitor);
  };
  return {
    begin(bound) {
      owe();
      visitor = undefined;
      rows = [];
      taken = 0;
      inOrder = watchOrder(name, bound === undefined ? [] : [bound]);
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
      if (before.has(id)) throw disordered(name);
      inOrder([id]);
      owed.delete(id);
      visitor = id;
      rows = [row];
      return whole;
    },
    count: () => taken,
    rest: () => rows,
    owe,
  };
}
