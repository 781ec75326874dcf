import { TributaryError } from '../../src/core/errors.ts';
import { unorderedMap } from '../../src/sdk/concurrency/unordered-map.ts';
import { asNumber, asObject, asText, pastTime, saved } from '../../src/sdk/readers/resume.ts';
import type { JsonObject, Page, Position, ReadContext, Row } from '../../src/core/types.ts';
import { concernsOne, failsTheRun } from './faults.ts';
import type { ListrakApi } from './api.ts';
import { digestOf, knownSince, unnamedParents } from './known.ts';
import type { Item } from './known.ts';
import { emptyProgress, resumed } from './progress.ts';
import type { PageMark, Progress } from './progress.ts';
import { HOUR } from '../../src/core/time.ts';

/** The vendor does not say which zone its times are in. This covers the error of any zone, and events that arrive late. */
export const OVERLAP = 26 * HOUR;
/** An interrupted run is finished up to its own end; if that is older than this, ms, another run follows at once. */
const STALE = HOUR;
/** So many consecutive items that cannot be read are not errors of single items: the run is aborted. */
const MAX_CONSECUTIVE_FAILURES = 10;
/** Rows committed together when an item comes as a whole. */
const SLICE = 5_000;
/** Items that may finish before an item begun earlier; each of them takes space in the position. */
const MAX_AHEAD = 24;

/** What to read of one item; with `after`, only what follows that page. */
export interface Ask {
  /** Epoch ms; undefined reads everything since the start date. */
  readonly from: number | undefined;
  readonly to: number;
  readonly after?: PageMark;
}

/** Rows of one item; with `page`, an interrupted run can resume after them. */
export interface Part {
  readonly rows: readonly Row[];
  readonly page?: PageMark;
  readonly count?: Readonly<Record<string, number>>;
}

export interface ItemsOptions<I extends Item> {
  readonly items: (ctx: ReadContext<ListrakApi>) => Promise<readonly I[]>;
  readonly name: (item: I) => string;
  /** The table whose rows are the items. */
  readonly parents: string;
  /** Lists whose items are missing because they could not be listed. */
  readonly unlisted?: (api: ListrakApi) => readonly string[];
  readonly read: (ctx: ReadContext<ListrakApi>, item: I, ask: Ask, signal: AbortSignal) => AsyncGenerator<Part, void, void>;
  /** Whether a known item may have rows newer than the last run; otherwise it is read only when it is new or has changed. */
  readonly incremental: boolean;
  /** For how long after it was sent an item is read again in each run, ms. */
  readonly rereadFor: (api: ListrakApi) => number;
}

/**
 * What the position keeps after a run: every item was read up to `to`, those in `behind`, which failed, only up to the time
 * given there. `full` is the end of the last complete run.
 */
interface Base {
  readonly to: number | undefined;
  readonly known: string;
  readonly behind: JsonObject;
  readonly full: number | undefined;
}

/**
 * Reads items, several at once, all up to the same time. The position stays small for any number of items: during a run
 * (`walk`) it holds how many items are finished and where the current ones are; after it the time, a checksum of the items, and
 * the items that failed. Everything is read again from the start date now and then (`fullPassEvery`).
 */
export function readItems<I extends Item>(options: ItemsOptions<I>): (ctx: ReadContext<ListrakApi>) => AsyncGenerator<Page, void, void> {
  return async function* read(ctx) {
    const found = await options.items(ctx);
    const items = found.filter(({ id }) => !Number.isNaN(id)).sort((a, b) => a.id - b.id);
    const invalidIds = found.length - items.length;
    const unlisted = options.unlisted?.(ctx.api) ?? [];
    const position = saved(ctx, 1);
    if (items.length === 0 && invalidIds > 0) throw unnamedParents(invalidIds, options.parents);
    if (items.length === 0 && position !== undefined) {
      // The user may have lost the right to see them for a while; the position is kept, so that they continue once they are
      // back.
      yield {
        rows: [],
        position,
        warnings: [`Listrak no longer shows anything to read for this table. Check that the user still has access to its lists.`],
      };
      return;
    }
    let base = baseOf(position, ctx.runStart);
    const interrupted = asObject(position?.walk);
    const interruptedTo = asNumber(interrupted?.to);
    if (interrupted !== undefined && interruptedTo !== undefined) {
      const progress = resumed(items, interrupted);
      // The run was interrupted after every item was tried and none could be read, so it starts over.
      const nothingRead =
        progress?.count() === items.length && interrupted.readable !== true && Object.keys(asObject(interrupted.behind) ?? {}).length > 0;
      yield* progress === undefined || nothingRead
        ? readAll(interruptedTo, interrupted.full === true, emptyProgress(items), {})
        : readAll(interruptedTo, interrupted.full === true, progress, interrupted);
      if (ctx.runStart - interruptedTo < STALE) return;
    }
    const full = ctx.rescan === true || base.full === undefined || base.full + ctx.api.fullPassEvery <= ctx.runStart;
    yield* readAll(ctx.runStart, full, emptyProgress(items), {});

    async function* readAll(to: number, isFull: boolean, progress: Progress, cursor: JsonObject): AsyncGenerator<Page, void, void> {
      const behind: Record<string, number> = { ...(asObject(cursor.behind) as Record<string, number> | undefined) };
      const planned = plans(ctx, items, base, to, isFull);
      let readable = cursor.readable === true;
      let committed = runPosition();
      let consecutiveFailures = 0;
      let newFailure: Error | undefined;
      let unreadable: Error | undefined;
      const todo = items.filter((item) => !progress.isOver(item));
      const parts = unorderedMap(todo.values(), (item, signal) => readOne(item, planned(item), progress.after(item), signal), {
        signal: ctx.signal,
        concurrency: ctx.api.concurrency,
        canStart: () => progress.ahead() < MAX_AHEAD,
      });
      for await (const { item, part, failed, over } of parts) {
        if (over) progress.finish(item);
        else progress.reached(item, part?.page);
        const warnings: string[] = [];
        if (failed !== undefined) {
          consecutiveFailures += 1;
          if (consecutiveFailures >= MAX_CONSECUTIVE_FAILURES) throw failed;
          const point = asNumber(base.behind[item.id]);
          // An item that failed before does not count as a new failure.
          if (point === undefined) newFailure = failed;
          behind[item.id] = point ?? (base.to !== undefined && !isNew(item) ? base.to : 0);
          ctx.count('items_left_out');
          if (failsTheRun(failed)) unreadable ??= failed;
          warnings.push(`${options.name(item)} could not be read and is read again in the next run: ${failed.message}`);
        } else if (over && planned(item) !== undefined) {
          consecutiveFailures = 0;
          readable = true;
        }
        for (const [what, by] of Object.entries(part?.count ?? {})) if (by > 0) ctx.count(what, by);
        const next = runPosition();
        yield* slices(part?.rows ?? [], committed, next, {
          ...(warnings.length === 0 ? {} : { warnings }),
          progress: progress.count() / items.length,
        });
        committed = next;
      }
      // The position must not move past an item that was not tried.
      if (progress.count() < items.length)
        throw new TributaryError(`Only ${progress.count()} of ${items.length} reports were read.`, { kind: 'internal' });
      const replaced = ctx.api.takeRepaired();
      if (replaced > 0) ctx.count('characters_replaced', replaced);
      if (newFailure !== undefined && !readable) {
        // Otherwise the next run would take all items for finished.
        yield { rows: [], position: positionOf(base) };
        throw newFailure;
      }
      const earliest = Object.values(behind).reduce((least, point) => Math.min(least, point), to);
      base = { to, known: digestOf(items, to - options.rereadFor(ctx.api)), behind, full: isFull ? to : base.full };
      yield {
        rows: [],
        position: positionOf(base),
        ...(earliest > 0 && unlisted.length === 0 && invalidIds === 0 && items.length > 0 ? { readTo: earliest } : {}),
        ...(unlisted.length === 0
          ? {}
          : {
              warnings: [
                `The messages of list ${unlisted.join(', ')} could not be listed, so their reports were not read. They are read again in the next run.`,
              ],
            }),
      };
      if (invalidIds > 0) throw unnamedParents(invalidIds, options.parents);
      if (unreadable !== undefined) throw unreadable;

      function isNew(item: I): boolean {
        return base.to === undefined || !knownSince(items, base.to - options.rereadFor(ctx.api), base.known)(item);
      }

      function runPosition(): Position {
        return {
          ...positionOf(base),
          walk: { to, ...(isFull ? { full: true } : {}), ...(readable ? { readable } : {}), ...progress.save(), behind },
        };
      }
    }

    async function* readOne(
      item: I,
      ask: Ask | undefined,
      after: Ask['after'],
      signal: AbortSignal,
    ): AsyncGenerator<{ item: I; part?: Part; failed?: TributaryError; over: boolean }, void, void> {
      if (ask === undefined) {
        yield { item, over: true };
        return;
      }
      let held: Part | undefined;
      try {
        for await (const part of options.read(ctx, item, after === undefined ? ask : { ...ask, after }, signal)) {
          if (held !== undefined) yield { item, part: held, over: false };
          held = part;
        }
        yield { item, ...(held === undefined ? {} : { part: held }), over: true };
      } catch (error) {
        if (!concernsOne(error)) throw error;
        yield { item, ...(held === undefined ? {} : { part: held }), failed: error, over: true };
      }
    }
  };

  /** What to read of each item; undefined for an item that needs no reading. */
  function plans(ctx: ReadContext<ListrakApi>, items: readonly I[], base: Base, to: number, isFull: boolean): (item: I) => Ask | undefined {
    const rereadFor = options.rereadFor(ctx.api);
    const last = base.to;
    if (isFull || last === undefined) return () => ({ from: ctx.since, to });
    const known = knownSince(items, last - rereadFor, base.known);
    return (item) => {
      const point = asNumber(base.behind[item.id]);
      if (point !== undefined) return { from: point === 0 || !options.incremental ? ctx.since : point - OVERLAP, to };
      if (!known(item)) return { from: ctx.since, to };
      return options.incremental ? { from: last - OVERLAP, to } : undefined;
    };
  }
}

/** What a wrong clock has dated later than `now` counts as never read. */
function baseOf(position: Position | undefined, now: number): Base {
  const to = pastTime(position?.to, now);
  return {
    to,
    known: asText(position?.known) ?? '',
    behind: asObject(position?.behind) ?? {},
    full: to === undefined ? undefined : pastTime(position?.full, now),
  };
}

function positionOf({ to, known, behind, full }: Base): Position {
  return {
    v: 1,
    ...(to === undefined ? {} : { to, known }),
    ...(Object.keys(behind).length === 0 ? {} : { behind }),
    ...(full === undefined ? {} : { full }),
  };
}

/** An item's rows in slices that are committed one by one; only the last slice moves the position. */
function* slices(rows: readonly Row[], before: Position, after: Position, lastPage: Partial<Page>): Generator<Page, void, void> {
  for (let at = 0; at + SLICE < rows.length; at += SLICE) yield { rows: rows.slice(at, at + SLICE), position: before };
  yield { rows: rows.slice(Math.max(0, Math.ceil(rows.length / SLICE) - 1) * SLICE), position: after, ...lastPage };
}
