import { TributaryError } from '../../src/core/errors.ts';
import { unorderedMap } from '../../src/sdk/concurrency/unordered-map.ts';
import { asNumber, asObject, asText, saved } from '../../src/sdk/readers/resume.ts';
import type { JsonObject, Page, Position, ReadContext, Row } from '../../src/core/types.ts';
import { concernsOne, failsTheRun } from './faults.ts';
import type { ListrakApi } from './api.ts';
import { digestOf, knownSince, unnamedParents } from './known.ts';
import type { Item } from './known.ts';
import { begun, resumed } from './progress.ts';
import type { PageMark, Progress } from './progress.ts';

const HOUR = 3_600_000;
/** The vendor does not say which zone its times are in; this covers the error of any zone, and events that come late. */
export const OVERLAP = 26 * HOUR;
/** What a cut walk has left is read up to its own end; beyond that age of it another walk follows at once. */
const STALE = HOUR;
/** So many items in a row that cannot be read are no matter of each alone. */
const HOPELESS = 10;
/** Rows committed together at least, of an item that comes whole. */
const SLICE = 5_000;
/** Items that may be over before one that was begun earlier; each of them takes room in the position. */
const AHEAD = 24;

/** What is to be read of one item; `after` goes on after that page, of which `print` tells whether it is still the same. */
export interface Ask {
  /** Epoch ms; undefined asks for everything since the start date. */
  readonly from: number | undefined;
  readonly to: number;
  readonly after?: PageMark;
}

/** Rows of one item; with `page` it can be gone on with after them, without it comes as a whole. */
export interface Part {
  readonly rows: readonly Row[];
  readonly page?: PageMark;
  readonly count?: Readonly<Record<string, number>>;
}

export interface WalkOptions<I extends Item> {
  readonly items: (ctx: ReadContext<ListrakApi>) => Promise<readonly I[]>;
  readonly name: (item: I) => string;
  /** Table whose rows the items are. */
  readonly parents: string;
  /** Lists whose items are not among them because they could not be listed. */
  readonly unlisted?: (api: ListrakApi) => readonly string[];
  readonly read: (ctx: ReadContext<ListrakApi>, item: I, ask: Ask, signal: AbortSignal) => AsyncGenerator<Part, void, void>;
  /** Whether a known item may have events that are newer than the last walk; else it is read only when it is new or differs. */
  readonly follows: boolean;
  /** Until how long after it was sent an item is read with each walk, ms. */
  readonly young: (api: ListrakApi) => number;
}

/** All that a walk remembers when it is over: every item was read up to `to`, those in `behind` only up to there. */
interface Base {
  readonly to: number | undefined;
  readonly known: string;
  readonly behind: JsonObject;
  readonly full: number | undefined;
}

/**
 * Reads items, several at once, all up to the same moment. The position stays small however many items there are:
 * while walking, how many of them are done and where those under way are; afterwards the moment, a checksum of the
 * items, and those that could not be read. Now and then everything is read from the start date again.
 */
export function paginateItems<I extends Item>(options: WalkOptions<I>): (ctx: ReadContext<ListrakApi>) => AsyncGenerator<Page, void, void> {
  return async function* read(ctx) {
    const found = await options.items(ctx);
    const items = found.filter(({ id }) => !Number.isNaN(id)).sort((a, b) => a.id - b.id);
    const unnamed = found.length - items.length;
    const unlisted = options.unlisted?.(ctx.api) ?? [];
    const position = saved(ctx, 1);
    if (items.length === 0 && unnamed > 0) throw unnamedParents(unnamed, options.parents);
    if (items.length === 0 && position !== undefined) {
      // Perhaps they are merely out of sight; they are gone on with once they are back.
      yield { rows: [], position, warnings: [`Listrak shows nothing to read here any more. Check that the user still sees its lists.`] };
      return;
    }
    let base = baseOf(position);
    const cut = asObject(position?.walk);
    const cutTo = asNumber(cut?.to);
    if (cut !== undefined && cutTo !== undefined) {
      const progress = resumed(items, cut);
      // Killed when all had been tried and none could be read: that was no walk.
      const vain = progress?.count() === items.length && cut.readable !== true && Object.keys(asObject(cut.behind) ?? {}).length > 0;
      yield* progress === undefined || vain
        ? walk(cutTo, cut.full === true, begun(items), {})
        : walk(cutTo, cut.full === true, progress, cut);
      if (ctx.runStart - cutTo < STALE) return;
    }
    const full = ctx.rescan === true || base.full === undefined || base.full + ctx.api.fullPassEvery <= ctx.runStart;
    yield* walk(ctx.runStart, full, begun(items), {});

    async function* walk(to: number, isFull: boolean, progress: Progress, cursor: JsonObject): AsyncGenerator<Page, void, void> {
      const behind: Record<string, number> = { ...(asObject(cursor.behind) as Record<string, number> | undefined) };
      const planned = plans(ctx, items, base, to, isFull);
      let readable = cursor.readable === true;
      let standing = inside();
      let failures = 0;
      let last: Error | undefined;
      let unread: Error | undefined;
      const todo = items.filter((item) => !progress.isOver(item));
      const parts = unorderedMap(todo.values(), (item, signal) => readOne(item, planned(item), progress.after(item), signal), {
        signal: ctx.signal,
        concurrency: ctx.api.concurrency,
        room: () => progress.ahead() < AHEAD,
      });
      for await (const { item, part, failed, over } of parts) {
        if (over) progress.finish(item);
        else progress.reach(item, part?.page);
        const warnings: string[] = [];
        if (failed !== undefined) {
          failures += 1;
          if (failures >= HOPELESS) throw failed;
          const point = asNumber(base.behind[item.id]);
          // Of one that was behind already that is no news.
          if (point === undefined) last = failed;
          behind[item.id] = point ?? (base.to !== undefined && !isNew(item) ? base.to : 0);
          ctx.count('items_left_out');
          if (failsTheRun(failed)) unread ??= failed;
          warnings.push(`${options.name(item)} could not be read and is asked for again with the next run: ${failed.message}`);
        } else if (over && planned(item) !== undefined) {
          failures = 0;
          readable = true;
        }
        for (const [what, by] of Object.entries(part?.count ?? {})) if (by > 0) ctx.count(what, by);
        const next = inside();
        yield* slices(part?.rows ?? [], standing, next, {
          ...(warnings.length === 0 ? {} : { warnings }),
          progress: progress.count() / items.length,
        });
        standing = next;
      }
      // No position may pass an item that was not tried, whatever went wrong.
      if (progress.count() < items.length)
        throw new TributaryError(`Only ${progress.count()} of ${items.length} reports were read.`, { kind: 'internal' });
      const replaced = ctx.api.takeRepaired();
      if (replaced > 0) ctx.count('characters_replaced', replaced);
      if (last !== undefined && !readable) {
        // Else the next run would find them all done.
        yield { rows: [], position: positionOf(base) };
        throw last;
      }
      const earliest = Object.values(behind).reduce((least, point) => Math.min(least, point), to);
      base = { to, known: digestOf(items, to - options.young(ctx.api)), behind, full: isFull ? to : base.full };
      yield {
        rows: [],
        position: positionOf(base),
        ...(earliest > 0 && unlisted.length === 0 && unnamed === 0 ? { readTo: earliest } : {}),
        ...(unlisted.length === 0
          ? {}
          : {
              warnings: [
                `The messages of list ${unlisted.join(', ')} could not be listed, so these of their reports were not read; they are asked for again with the next run.`,
              ],
            }),
      };
      if (unnamed > 0) throw unnamedParents(unnamed, options.parents);
      if (unread !== undefined) throw unread;

      function isNew(item: I): boolean {
        return base.to === undefined || !knownSince(items, base.to - options.young(ctx.api), base.known)(item);
      }

      function inside(): Position {
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

  /** What to ask of each item; undefined of one that needs no reading. */
  function plans(ctx: ReadContext<ListrakApi>, items: readonly I[], base: Base, to: number, isFull: boolean): (item: I) => Ask | undefined {
    const young = options.young(ctx.api);
    const last = base.to;
    if (isFull || last === undefined) return () => ({ from: ctx.since, to });
    const known = knownSince(items, last - young, base.known);
    return (item) => {
      const point = asNumber(base.behind[item.id]);
      if (point !== undefined) return { from: point === 0 || !options.follows ? ctx.since : point - OVERLAP, to };
      if (!known(item)) return { from: ctx.since, to };
      return options.follows ? { from: last - OVERLAP, to } : undefined;
    };
  }
}

function baseOf(position: Position | undefined): Base {
  return {
    to: asNumber(position?.to),
    known: asText(position?.known) ?? '',
    behind: asObject(position?.behind) ?? {},
    full: asNumber(position?.full),
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

/** An item's rows in pieces that are committed one by one; only the last of them moves the position. */
function* slices(rows: readonly Row[], before: Position, after: Position, rest: Partial<Page>): Generator<Page, void, void> {
  for (let at = 0; at + SLICE < rows.length; at += SLICE) yield { rows: rows.slice(at, at + SLICE), position: before };
  yield { rows: rows.slice(Math.max(0, Math.ceil(rows.length / SLICE) - 1) * SLICE), position: after, ...rest };
}
