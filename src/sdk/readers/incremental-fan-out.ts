import { TributaryError } from '../../core/errors.ts';
import { unorderedMap } from '../concurrency/unordered-map.ts';
import { asNumber, asObject, asText, pastTime, saved } from './resume.ts';
import type { JsonObject, Page, Position, ReadContext, Reader, Row } from '../../core/types.ts';
import { digestOf, knownSince } from './item-digest.ts';
import type { Item } from './item-digest.ts';
import { emptyProgress, resumed } from './item-progress.ts';
import type { PageMark, Progress } from './item-progress.ts';
import { partFailure, throwUnreadable } from './partial-failure.ts';
import type { JudgePart, PartFailure } from './partial-failure.ts';
import { slices } from './slices.ts';
import { HOUR } from '../../core/time.ts';

/** An interrupted run is finished up to its own end; if that is older than this, ms, another run follows at once. */
const STALE = HOUR;
/** So many consecutive items that cannot be read are not errors of single items: the run is aborted. */
const MAX_CONSECUTIVE_FAILURES = 10;
/** Rows committed together when an item comes as a whole. */
const SLICE = 5_000;
/** Items that may finish before an item begun earlier; each of them takes space in the position. */
const MAX_AHEAD = 24;

/** What to read of one item; with `after`, only what follows that page. */
export interface ItemAsk {
  /** Epoch ms; undefined reads everything since the start date. */
  readonly from: number | undefined;
  readonly to: number;
  readonly after?: PageMark;
}

/** Rows of one item; with `page`, an interrupted run can resume after them. */
export interface ItemPart {
  readonly rows: readonly Row[];
  readonly page?: PageMark;
  /** Metrics to add to, by name. */
  readonly count?: Readonly<Record<string, number>>;
}

export interface Items<I extends Item> {
  /** In an order that stays the same while items are added at the end, because an interrupted run goes on in it. */
  readonly items: readonly I[];
  /** Items that cannot be requested: all others are read, and then the run fails with this error. */
  readonly unusable?: TributaryError | undefined;
  /** Why the list is known to be incomplete, as a warning: then the run does not claim to have read everything. */
  readonly incomplete?: string | undefined;
}

export interface IncrementalFanOutOptions<Api, I extends Item> {
  readonly items: (ctx: ReadContext<Api>) => Promise<Items<I>>;
  /** Name of an item for people. */
  readonly name: (item: I) => string;
  readonly read: (ctx: ReadContext<Api>, item: I, ask: ItemAsk, signal: AbortSignal) => AsyncGenerator<ItemPart, void, void>;
  /** Whether a known item may have rows newer than the last run; otherwise it is read only when it is new or has changed. */
  readonly incremental: boolean;
  /** For how long after it came into being an item is read again in each run, ms. */
  readonly rereadFor: (api: Api) => number;
  /** How far before the last run an item is read again, ms. */
  readonly overlap: number;
  /** How often everything is read again from the start date, ms. */
  readonly fullEvery: (api: Api) => number;
  /** Items read at once. */
  readonly concurrency: (api: Api) => number;
  /** Which errors concern one item only. Such an item is read again in the next run, from where it was. */
  readonly judge: JudgePart;
  /** The warning when no item is shown any more. The position is kept for when they are back. */
  readonly nothingShown: string;
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
 * One listing per item that can be limited in time, several at once, all up to the same time. The position stays small for any
 * number of items: during a run (`walk`) it holds how many items are finished and where the current ones are; after it the time,
 * a checksum of the items, and the items that failed. An item that is new, has changed or failed before is read from its own
 * start. Everything is read again from the start date now and then (`fullEvery`), which finds what was added to the past.
 */
export function incrementalFanOut<Api, I extends Item>(options: IncrementalFanOutOptions<Api, I>): Reader<Api> {
  return async function* read(ctx) {
    const { items, unusable, incomplete } = await options.items(ctx);
    const position = saved(ctx, 1);
    if (items.length === 0 && unusable !== undefined) throw unusable;
    if (items.length === 0 && position !== undefined) {
      // The user may have lost the right to see them for a while.
      yield { rows: [], position, warnings: [options.nothingShown] };
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
    const full = ctx.rescan === true || base.full === undefined || base.full + options.fullEvery(ctx.api) <= ctx.runStart;
    yield* readAll(ctx.runStart, full, emptyProgress(items), {});

    async function* readAll(to: number, isFull: boolean, progress: Progress, cursor: JsonObject): AsyncGenerator<Page, void, void> {
      const behind = new Map(Object.entries((asObject(cursor.behind) ?? {}) as Readonly<Record<string, number>>));
      const isKnown = knownSince(items, (base.to ?? 0) - options.rereadFor(ctx.api), base.known);
      let readable = cursor.readable === true;
      let committed = runPosition();
      let consecutiveFailures = 0;
      let newFailure: Error | undefined;
      const failures: PartFailure[] = [];
      const todo = items.filter((item) => !progress.isOver(item));
      const parts = unorderedMap(todo.values(), (item, signal) => readOne(item, planned(item), progress.after(item), signal), {
        signal: ctx.signal,
        concurrency: options.concurrency(ctx.api),
        canStart: () => progress.ahead() < MAX_AHEAD,
      });
      for await (const { item, part, failed, over } of parts) {
        if (over) progress.finish(item);
        else progress.reached(item, part?.page);
        const warnings: string[] = [];
        if (failed !== undefined) {
          consecutiveFailures += 1;
          if (consecutiveFailures >= MAX_CONSECUTIVE_FAILURES) throw failed.error;
          const point = asNumber(base.behind[item.id]);
          // An item that failed before does not count as a new failure.
          if (point === undefined) newFailure = failed.error;
          behind.set(String(item.id), point ?? (base.to !== undefined && isKnown(item) ? base.to : 0));
          ctx.count('items_left_out');
          failures.push(failed);
          warnings.push(`${options.name(item)} could not be read and is read again in the next run: ${failed.error.message}`);
        } else if (over && planned(item) !== undefined) {
          consecutiveFailures = 0;
          readable = true;
        }
        for (const [what, by] of Object.entries(part?.count ?? {})) if (by > 0) ctx.count(what, by);
        const next = runPosition();
        // Rows of one item are committed slice by slice; only the last slice moves the position.
        for (const { rows, last } of slices(part?.rows ?? [], SLICE))
          yield last
            ? { rows, position: next, ...(warnings.length === 0 ? {} : { warnings }), progress: progress.count() / items.length }
            : { rows, position: committed };
        committed = next;
      }
      // The position must not move past an item that was not tried.
      if (progress.count() < items.length)
        throw new TributaryError(`Only ${progress.count()} of ${items.length} items were read.`, { kind: 'internal' });
      if (newFailure !== undefined && !readable) {
        // Otherwise the next run would take all items for finished.
        yield { rows: [], position: positionOf(base) };
        throw newFailure;
      }
      const earliest = [...behind.values()].reduce((least, point) => Math.min(least, point), to);
      base = {
        to,
        known: digestOf(items, to - options.rereadFor(ctx.api)),
        behind: Object.fromEntries(behind),
        full: isFull ? to : base.full,
      };
      yield {
        rows: [],
        position: positionOf(base),
        ...(earliest > 0 && incomplete === undefined && unusable === undefined && items.length > 0 ? { readTo: earliest } : {}),
        ...(incomplete === undefined ? {} : { warnings: [incomplete] }),
      };
      if (unusable !== undefined) throw unusable;
      throwUnreadable(failures);

      /** What to read of an item; undefined when it needs no reading. */
      function planned(item: I): ItemAsk | undefined {
        if (isFull || base.to === undefined) return { from: ctx.since, to };
        const point = asNumber(base.behind[item.id]);
        if (point !== undefined) return { from: point === 0 || !options.incremental ? ctx.since : point - options.overlap, to };
        if (!isKnown(item)) return { from: ctx.since, to };
        return options.incremental ? { from: base.to - options.overlap, to } : undefined;
      }

      function runPosition(): Position {
        return {
          ...positionOf(base),
          walk: {
            to,
            ...(isFull ? { full: true } : {}),
            ...(readable ? { readable } : {}),
            ...progress.save(),
            behind: Object.fromEntries(behind),
          },
        };
      }
    }

    async function* readOne(
      item: I,
      ask: ItemAsk | undefined,
      after: PageMark | undefined,
      signal: AbortSignal,
    ): AsyncGenerator<{ item: I; part?: ItemPart; failed?: PartFailure; over: boolean }, void, void> {
      if (ask === undefined) {
        yield { item, over: true };
        return;
      }
      let held: ItemPart | undefined;
      try {
        for await (const part of options.read(ctx, item, after === undefined ? ask : { ...ask, after }, signal)) {
          if (held !== undefined) yield { item, part: held, over: false };
          held = part;
        }
        yield { item, ...(held === undefined ? {} : { part: held }), over: true };
      } catch (error) {
        const failed = partFailure(error, options.judge);
        yield { item, ...(held === undefined ? {} : { part: held }), failed, over: true };
      }
    }
  };
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
