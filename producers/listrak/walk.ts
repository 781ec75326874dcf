import type { TributaryError } from '../../src/errors.ts';
import { inOrder } from '../../src/extract/in-order.ts';
import { asNumber, asObject, asText, saved } from '../../src/extract/resume.ts';
import type { JsonObject, Page, Position, ReadContext, Row } from '../../src/extract/types.ts';
import { concernsOne } from './faults.ts';
import type { ListrakApi } from './api.ts';
import { createOrder, digestOf, knownSince } from './known.ts';
import type { Item } from './known.ts';

const HOUR = 3_600_000;
/** The vendor does not say which zone its times are in; this covers the error of any zone, and events that come late. */
export const OVERLAP = 26 * HOUR;
/** What a cut walk has left is read up to its own end; beyond that age of it another walk follows at once. */
const STALE = HOUR;
/** So many items in a row that cannot be read are no matter of each alone. */
const HOPELESS = 10;
/** Rows committed together at least, of an item that comes whole. */
const SLICE = 5_000;

/** What is to be read of one item; `after` goes on after that page, of which `print` tells whether it is still the same. */
export interface Ask {
  /** Epoch ms; undefined asks for everything since the start date. */
  readonly from: number | undefined;
  readonly to: number;
  readonly after?: { readonly page: number; readonly print: string };
}

/** Rows of one item; with `page` it can be gone on with after them, without it comes as a whole. */
export interface Part {
  readonly rows: readonly Row[];
  readonly page?: { readonly page: number; readonly print: string };
  readonly count?: Readonly<Record<string, number>>;
}

export interface WalkOptions<I extends Item> {
  readonly items: (ctx: ReadContext<ListrakApi>) => Promise<readonly I[]>;
  readonly name: (item: I) => string;
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
 * Reads items one after the other, several at once, all up to the same moment. The position stays small however many
 * items there are: while walking, how many of them are done; afterwards the moment, a checksum of the items, and
 * those that could not be read. Now and then everything is read from the start date again.
 */
export function walkItems<I extends Item>(options: WalkOptions<I>): (ctx: ReadContext<ListrakApi>) => AsyncGenerator<Page, void, void> {
  return async function* read(ctx) {
    const items = [...await options.items(ctx)].sort((a, b) => a.id - b.id);
    const position = saved(ctx, 1);
    let base = baseOf(position);
    const cut = asObject(position?.walk);
    const cutTo = asNumber(cut?.to);
    if (cut !== undefined && cutTo !== undefined) {
      const done = asNumber(cut.done) ?? 0;
      const same = done <= items.length && createOrder(items.slice(0, done)).digest() === cut.before;
      yield* walk(cutTo, cut.full === true, same ? done : 0, same ? cut : {});
      if (ctx.runStart - cutTo < STALE) return;
    }
    const full = ctx.rescan === true || base.full === undefined || base.full + ctx.api.fullPassEvery <= ctx.runStart;
    yield* walk(ctx.runStart, full, 0, {});

    async function* walk(to: number, isFull: boolean, from: number, cursor: JsonObject): AsyncGenerator<Page, void, void> {
      const behind: Record<string, number> = { ...(asObject(cursor.behind) as Record<string, number> | undefined) };
      const planned = plans(ctx, items, base, to, isFull);
      const after = resumeOf(cursor);
      const read = createOrder(items.slice(0, from));
      let standing: Position = from === 0 && after === undefined ? positionOf(base) : (ctx.position ?? positionOf(base));
      let done = from;
      let failures = 0;
      let succeeded = false;
      let last: Error | undefined;
      const todo = items.slice(from).map((item, offset) => ({ item, after: offset === 0 ? after : undefined }));
      const parts = inOrder(todo.values(), ({ item, after: at }, signal) => readOne(item, planned(item), at, signal), { signal: ctx.signal, concurrency: ctx.api.concurrency, depth: 1 });
      for await (const { item, part, failed, over } of parts) {
        if (over) {
          done += 1;
          read.add(item);
        }
        const warnings: string[] = [];
        if (failed !== undefined) {
          failures += 1;
          last = failed;
          if (failures >= HOPELESS) throw failed;
          behind[item.id] = asNumber(base.behind[item.id]) ?? (base.to !== undefined && !isNew(item) ? base.to : 0);
          ctx.count('items_left_out');
          warnings.push(`${options.name(item)} could not be read and is asked for again with the next run: ${failed.message}`);
        } else if (over && planned(item) !== undefined) {
          failures = 0;
          succeeded = true;
        }
        for (const [what, by] of Object.entries(part?.count ?? {})) if (by > 0) ctx.count(what, by);
        const next = inside(over ? undefined : part?.page);
        yield* slices(part?.rows ?? [], standing, next, { ...(warnings.length === 0 ? {} : { warnings }), progress: done / items.length });
        standing = next;
      }
      if (last !== undefined && !succeeded) throw last;
      const replaced = ctx.api.takeRepaired();
      if (replaced > 0) ctx.count('characters_replaced', replaced);
      const earliest = Object.values(behind).reduce((least, point) => Math.min(least, point), to);
      base = { to, known: digestOf(items, to - options.young(ctx.api)), behind, full: isFull ? to : base.full };
      yield { rows: [], position: positionOf(base), ...(earliest > 0 ? { readTo: earliest } : {}) };

      function isNew(item: I): boolean {
        return base.to === undefined || !knownSince(items, base.to - options.young(ctx.api), base.known)(item);
      }

      function inside(page: Part['page']): Position {
        return {
          ...positionOf(base),
          walk: { to, ...(isFull ? { full: true } : {}), done, before: read.digest(), behind, ...(page === undefined ? {} : { page: page.page, print: page.print }) },
        };
      }
    }

    async function* readOne(item: I, ask: Ask | undefined, after: Ask['after'], signal: AbortSignal): AsyncGenerator<{ item: I; part?: Part; failed?: TributaryError; over: boolean }, void, void> {
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
  return { to: asNumber(position?.to), known: asText(position?.known) ?? '', behind: asObject(position?.behind) ?? {}, full: asNumber(position?.full) };
}

function positionOf({ to, known, behind, full }: Base): Position {
  return { v: 1, ...(to === undefined ? {} : { to, known }), ...(Object.keys(behind).length === 0 ? {} : { behind }), ...(full === undefined ? {} : { full }) };
}

function resumeOf(cursor: JsonObject): Ask['after'] {
  const page = asNumber(cursor.page);
  const print = asText(cursor.print);
  return page === undefined || print === undefined ? undefined : { page, print };
}

/** An item's rows in pieces that are committed one by one; only the last of them moves the position. */
function* slices(rows: readonly Row[], before: Position, after: Position, rest: Partial<Page>): Generator<Page, void, void> {
  for (let at = 0; at + SLICE < rows.length; at += SLICE) yield { rows: rows.slice(at, at + SLICE), position: before };
  yield { rows: rows.slice(Math.max(0, Math.ceil(rows.length / SLICE) - 1) * SLICE), position: after, ...rest };
}
