import { TributaryError } from '../../core/errors.ts';
import type { Row } from '../../core/types.ts';
import { weigh } from '../../record/raw-text.ts';
import { disordered, watchOrder } from './sort-order.ts';
import type { Listed } from './sort-order.ts';

/** A request for rows that are sorted by group: `limit` rows after the first `skip` ones of the groups after `after`. */
export interface GroupAsk {
  /** Undefined also for rows without a group. */
  readonly after: string | undefined;
  readonly skip: number;
  readonly limit: number;
}

export interface KeysetGroupsOptions extends Listed {
  /** Yields the rows of one answer as they arrive; see `KeysetOptions.stream`. */
  readonly stream: (next: () => GroupAsk, reducible: boolean) => AsyncGenerator<readonly Row[], void, void>;
  readonly groupOf: (row: Row) => string;
  /** Continue after this group. */
  readonly after: string | undefined;
  /** Converts the rows of one group. */
  readonly perGroup: (rows: readonly Row[]) => readonly Row[];
  /** Rows per request, unless one group has more. */
  readonly limit: number;
  /** Whether a request for fewer rows may succeed after this error. */
  readonly isTooHeavy: (error: unknown) => boolean;
  /** A group and what its rows are limited to, for people: `visitor`, `in one period`. */
  readonly group: string;
  readonly within: string;
  /** What makes groups smaller: one sentence without its full stop. */
  readonly smaller: string;
}

/** Rows of whole groups. */
export interface GroupsPart {
  readonly rows: readonly Row[];
  /** The last of these groups; undefined at the end. */
  readonly after: string | undefined;
}

const ROWS_PER_PART = 5_000;
/** As many characters of JSON end a part, too: a row may have megabytes. */
const HEAVIEST_PART = 32 * 1024 * 1024;
/** Rows of one group are held together, so that there has to be an end to them. */
const HEAVIEST_GROUP = 256 * 1024 * 1024;
/** About what arrives at once. */
const PIECE = 64 * 1024;
/** Smaller requests would take too many round trips. */
const LEAST_LIMIT = 500;

/**
 * Keyset pagination by a key that many rows share: reads rows group by group and yields whole groups only. An answer may end
 * within a group, and one with fewer rows than the limit may be incomplete. The listing has ended when a second request, which
 * skips the rows received, returns none; otherwise reading continues after the last complete group. An answer that is too heavy
 * for the vendor is requested with a lower limit, and one that a single group fills with a higher one.
 *
 * @throws TributaryError `<vendor>:order` when rows are not in the requested order, because then the last group may be after
 * some unread rows.
 */
export async function* keysetGroups(options: KeysetGroupsOptions): AsyncGenerator<GroupsPart, void, void> {
  let after = options.after;
  let usualLimit = options.limit;
  let currentLimit = usualLimit;
  let ready: Row[] = [];
  /** Characters of JSON in the rows that are ready, and in the rows of the group being received. */
  let weight = 0;
  let groupWeight = 0;
  /** Rows of an incomplete answer that held a single group. */
  let singleGroupRows: number | undefined;
  /** Groups whose rows were received incompletely and must be received again. */
  const unfinished = new Set<string>();
  const keep = (rows: readonly Row[]): void => {
    for (const row of options.perGroup(rows)) ready.push(row);
  };

  for (;;) {
    const from = after;
    let bound = after;
    const answer = newAnswer(options, unfinished);
    const next = (): GroupAsk => {
      bound = after;
      answer.begin(bound);
      groupWeight = 0;
      return { after: bound, skip: 0, limit: currentLimit };
    };
    try {
      for await (const batch of options.stream(next, currentLimit > LEAST_LIMIT && currentLimit <= usualLimit)) {
        const batchWeight = weightOf(batch);
        let wholeGroups = 0;
        for (const row of batch) {
          const whole = answer.take(row);
          if (whole === undefined) continue;
          keep(whole.rows);
          after = whole.group;
          wholeGroups += 1;
        }
        weight += batchWeight;
        groupWeight = wholeGroups > 0 ? batchWeight : groupWeight + batchWeight;
        if (groupWeight > HEAVIEST_GROUP) throw tooMuch(options);
        if (ready.length >= ROWS_PER_PART || (ready.length > 0 && weight > HEAVIEST_PART)) {
          yield { rows: ready, after };
          ready = [];
          weight = 0;
        }
      }
    } catch (error) {
      // Only a single group needs more than the usual limit, and then a lower one would not help.
      if (!options.isTooHeavy(error) || currentLimit <= LEAST_LIMIT || currentLimit > usualLimit) throw error;
      usualLimit = Math.max(LEAST_LIMIT, Math.floor(Math.min(usualLimit, currentLimit) / 2));
      currentLimit = usualLimit;
      answer.abandon();
      continue;
    }
    const given = answer.count();
    if (unfinished.size > 0) throw disordered(options);
    if (given === 0 || (given < currentLimit && !(await hasMore(bound, given)))) {
      keep(answer.lastRows());
      yield { rows: ready, after: undefined };
      return;
    }
    if (ready.length > 0) yield { rows: ready, after };
    ready = [];
    answer.abandon();
    if (after !== from) {
      [currentLimit, singleGroupRows] = [usualLimit, undefined];
    } else if (given < currentLimit) {
      // The vendor may have more rows by now; the same number again means that it withholds some.
      if (singleGroupRows === given) throw cutShort(options, given);
      singleGroupRows = given;
    } else {
      // One group fills the answer.
      currentLimit *= 2;
    }
  }

  /** Whether the vendor has rows after the first `rows` ones after that group. */
  async function hasMore(bound: string | undefined, rows: number): Promise<boolean> {
    let more = false;
    const next = (): GroupAsk => {
      more = false;
      return { after: bound, skip: rows, limit: 1 };
    };
    for await (const batch of options.stream(next, false)) more ||= batch.length > 0;
    return more;
  }
}

/** Only the first row of what comes at once may be longer than such a piece: it began in one before. */
function weightOf(batch: readonly Row[]): number {
  return batch.length === 0 ? 0 : weigh(batch[0]) + Math.min((batch.length - 1) * weigh(batch.at(-1)), PIECE);
}

function tooMuch({ title, vendor, name, group, within, smaller }: KeysetGroupsOptions): TributaryError {
  return new TributaryError(`${title}'s rows of ${name} of one ${group} ${within} take more than ${HEAVIEST_GROUP} bytes.`, {
    kind: 'data',
    code: `${vendor}:too_large`,
    remedy: `${smaller}.`,
  });
}

function cutShort({ title, vendor, name, group, smaller }: KeysetGroupsOptions, rows: number): TributaryError {
  return new TributaryError(`${title} returned ${rows} rows of ${name} and has more rows of the same ${group}, but does not return them.`, {
    kind: 'data',
    code: `${vendor}:cut`,
    remedy: `${smaller}; report it to the vendor if this persists.`,
  });
}

interface Answer {
  /** An attempt begins after that group; the group an earlier attempt left incomplete must be received again. */
  begin(bound: string | undefined): void;
  /** Returns a group's rows as soon as the next group's rows begin. */
  take(row: Row): { readonly group: string; readonly rows: readonly Row[] } | undefined;
  /** Rows received in this attempt. */
  count(): number;
  /** Rows of the last group. */
  lastRows(): readonly Row[];
  /** The last group is incomplete and must be received again in another answer. */
  abandon(): void;
}

function newAnswer(options: KeysetGroupsOptions, unfinished: Set<string>): Answer {
  let group: string | undefined;
  let rows: Row[] = [];
  let received = 0;
  let inOrder = watchOrder(options);
  const before = new Set<string>();
  const abandon = (): void => {
    if (group !== undefined) unfinished.add(group);
  };
  return {
    begin(bound) {
      abandon();
      group = undefined;
      rows = [];
      received = 0;
      inOrder = watchOrder(options, bound === undefined ? [] : [bound]);
    },
    take(row) {
      received += 1;
      const id = options.groupOf(row);
      if (id === group) {
        rows.push(row);
        return undefined;
      }
      const whole = group === undefined ? undefined : { group, rows };
      if (whole !== undefined) before.add(whole.group);
      if (before.has(id)) throw disordered(options);
      inOrder([id]);
      unfinished.delete(id);
      group = id;
      rows = [row];
      return whole;
    },
    count: () => received,
    lastRows: () => rows,
    abandon,
  };
}
