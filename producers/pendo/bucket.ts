import { TributaryError } from '../../src/core/errors.ts';
import { asText } from '../../src/sdk/readers/resume.ts';
import type { Row } from '../../src/core/types.ts';
import { filter, limit, quoted, skip, sort, source } from './aggregation.ts';
import type { Stage, TimeSeries } from './aggregation.ts';
import { aggregate, aggregated, isTooHeavy } from './api.ts';
import type { PendoApi } from './api.ts';
import { disordered, watchOrder } from './order.ts';
import { weigh } from '../../src/record/raw-text.ts';

export interface Part {
  /** Rows of whole visitors. */
  readonly rows: readonly Row[];
  /** The last of these visitors; undefined at the end of the bucket. */
  readonly after: string | undefined;
}

export interface BucketAsk {
  readonly source: string;
  readonly series: TimeSeries;
  /** Continue after this visitor. */
  readonly after: string | undefined;
  /** Converts the rows of one visitor. */
  readonly perVisitor: (rows: readonly Row[]) => readonly Row[];
}

const ROWS_PER_PART = 5_000;
/** As many characters of JSON end a part, too: a row may have megabytes. */
const HEAVIEST_PART = 32 * 1024 * 1024;
/** Rows of one visitor are held together, so that there has to be an end to them. */
const HEAVIEST_VISITOR = 256 * 1024 * 1024;
/** About what arrives at once. */
const PIECE = 64 * 1024;
/** Smaller requests would take too many round trips. */
const LEAST_LIMIT = 500;

/**
 * Reads one bucket (a day or an hour), visitor by visitor. All its rows have the same time, so time cannot page it. An answer
 * may end within a visitor, and one with fewer rows than the limit may be incomplete. The bucket has ended when a second
 * request, which skips the rows received, returns none; otherwise reading continues after the last complete visitor. An answer
 * that is too heavy for the vendor is requested with a lower limit.
 *
 * @throws TributaryError `pendo:order` when rows are not in the requested order, because then the last visitor may be after
 * some unread rows.
 */
export async function* readBucket(api: PendoApi, ask: BucketAsk, signal: AbortSignal): AsyncGenerator<Part, void, void> {
  let after = ask.after;
  let usualLimit = api.settings.record_limit;
  let currentLimit = usualLimit;
  let ready: Row[] = [];
  /** Characters of JSON in the rows that are ready, and in the rows of the visitor being received. */
  let weight = 0;
  let visitorWeight = 0;
  /** Rows of an incomplete answer that held a single visitor. */
  let singleVisitorRows: number | undefined;
  /** Visitors whose rows were received incompletely and must be received again. */
  const unfinished = new Set<string>();
  const keep = (rows: readonly Row[]): void => {
    for (const row of ask.perVisitor(rows)) ready.push(row);
  };
  const afterVisitor = (visitor: string | undefined): readonly Stage[] => [
    source(ask.source, { appId: api.appId }, ask.series),
    sort('visitorId'),
    // Without a condition the answer includes rows without a visitor.
    ...(visitor === undefined ? [] : [filter(`visitorId > ${quoted(visitor)}`)]),
  ];

  for (;;) {
    const from = after;
    let bound = after;
    const answer = newAnswer(ask.source, unfinished);
    const pipeline = () => {
      bound = after;
      answer.begin(bound);
      visitorWeight = 0;
      return [...afterVisitor(bound), limit(currentLimit)];
    };
    try {
      for await (const batch of aggregate(api, ask.source, pipeline, signal, currentLimit > LEAST_LIMIT && currentLimit <= usualLimit)) {
        const batchWeight = weightOf(batch);
        let wholeVisitors = 0;
        for (const row of batch) {
          const whole = answer.take(row);
          if (whole === undefined) continue;
          keep(whole.rows);
          after = whole.visitor;
          wholeVisitors += 1;
        }
        weight += batchWeight;
        visitorWeight = wholeVisitors > 0 ? batchWeight : visitorWeight + batchWeight;
        if (visitorWeight > HEAVIEST_VISITOR) throw tooMuch(ask.source);
        if (ready.length >= ROWS_PER_PART || (ready.length > 0 && weight > HEAVIEST_PART)) {
          yield { rows: ready, after };
          ready = [];
          weight = 0;
        }
      }
    } catch (error) {
      // Only a single visitor needs more than the usual limit, and then a lower one would not help.
      if (!isTooHeavy(error) || currentLimit <= LEAST_LIMIT || currentLimit > usualLimit) throw error;
      usualLimit = Math.max(LEAST_LIMIT, Math.floor(Math.min(usualLimit, currentLimit) / 2));
      currentLimit = usualLimit;
      answer.abandon();
      continue;
    }
    const given = answer.count();
    if (unfinished.size > 0) throw disordered(ask.source);
    if (given === 0 || (given < currentLimit && !(await hasMore(bound, given)))) {
      keep(answer.lastRows());
      yield { rows: ready, after: undefined };
      return;
    }
    if (ready.length > 0) yield { rows: ready, after };
    ready = [];
    answer.abandon();
    if (after !== from) {
      [currentLimit, singleVisitorRows] = [usualLimit, undefined];
    } else if (given < currentLimit) {
      // The vendor may have more rows by now; the same number again means that it withholds some.
      if (singleVisitorRows === given) throw cutShort(ask.source, given);
      singleVisitorRows = given;
    } else {
      // One visitor fills the answer.
      currentLimit *= 2;
    }
  }

  /** Whether the vendor has rows after the first `rows` ones after that visitor. */
  async function hasMore(bound: string | undefined, rows: number): Promise<boolean> {
    const more = await aggregated(api, ask.source, [...afterVisitor(bound), skip(rows), limit(1)], signal, () => true);
    return more.length > 0;
  }
}

/** Only the first row of what comes at once may be longer than such a piece: it began in one before. */
function weightOf(batch: readonly Row[]): number {
  return batch.length === 0 ? 0 : weigh(batch[0]) + Math.min((batch.length - 1) * weigh(batch.at(-1)), PIECE);
}

function tooMuch(name: string): TributaryError {
  return new TributaryError(`Pendo's rows of ${name} of one visitor in one period take more than ${HEAVIEST_VISITOR} bytes.`, {
    kind: 'data',
    code: 'pendo:too_large',
    remedy: 'Set period to hour in a connection of its own, so that fewer rows belong together.',
  });
}

function cutShort(name: string, rows: number): TributaryError {
  return new TributaryError(`Pendo returned ${rows} rows of ${name} and has more rows of the same visitor, but does not return them.`, {
    kind: 'data',
    code: 'pendo:cut',
    remedy: 'Set period to hour in a connection of its own, so that fewer rows belong together; report it to the vendor if this persists.',
  });
}

interface Answer {
  /** An attempt begins after that visitor; the visitor an earlier attempt left incomplete must be received again. */
  begin(bound: string | undefined): void;
  /** Returns a visitor's rows as soon as the next visitor's rows begin. */
  take(row: Row): { visitor: string; rows: readonly Row[] } | undefined;
  /** Rows received in this attempt. */
  count(): number;
  /** Rows of the last visitor. */
  lastRows(): readonly Row[];
  /** The last visitor is incomplete and must be received again in another answer. */
  abandon(): void;
}

function newAnswer(name: string, unfinished: Set<string>): Answer {
  let visitor: string | undefined;
  let rows: Row[] = [];
  let received = 0;
  let inOrder = watchOrder(name);
  const before = new Set<string>();
  const abandon = (): void => {
    if (visitor !== undefined) unfinished.add(visitor);
  };
  return {
    begin(bound) {
      abandon();
      visitor = undefined;
      rows = [];
      received = 0;
      inOrder = watchOrder(name, bound === undefined ? [] : [bound]);
    },
    take(row) {
      received += 1;
      const id = asText(row.visitorId) ?? '';
      if (id === visitor) {
        rows.push(row);
        return undefined;
      }
      const whole = visitor === undefined ? undefined : { visitor, rows };
      if (whole !== undefined) before.add(whole.visitor);
      if (before.has(id)) throw disordered(name);
      inOrder([id]);
      unfinished.delete(id);
      visitor = id;
      rows = [row];
      return whole;
    },
    count: () => received,
    lastRows: () => rows,
    abandon,
  };
}
