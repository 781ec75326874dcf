import { orderedMap } from '../concurrency/ordered-map.ts';
import { asObject, pastTime, saved } from './resume.ts';
import type { Json, JsonObject, Page, ReadContext, Reader, Row } from '../../core/types.ts';
import { unusableParents } from './fan-out.ts';
import { partFailure, throwUnreadable } from './partial-failure.ts';
import type { JudgePart, PartFailure } from './partial-failure.ts';

export interface ItemWatermarksOptions<Api, I extends { readonly id: string }> {
  /** The items that may have new rows, and the number of those that cannot be requested. What is saved of all others is dropped. */
  readonly items: (ctx: ReadContext<Api>) => Promise<{ readonly items: readonly I[]; readonly unusable: number }>;
  /** Starts of an item's slices (epoch ms, ascending) that are to be read; `known` is the time up to which it was read before. */
  readonly slices: (ctx: ReadContext<Api>, item: I, known: number | undefined) => readonly number[];
  /** Length of a slice, ms. */
  readonly slice: number;
  /** The rows of these slices of an item, one call each. */
  readonly read: (ctx: ReadContext<Api>, item: I, slices: readonly number[], signal: AbortSignal) => Promise<readonly Row[]>;
  /** Calls per run. A historical run has no limit. */
  readonly maxCalls: (api: Api) => number;
  /** Items read at once. */
  readonly concurrency: number;
  /** Time until a row becomes visible at the vendor, ms. */
  readonly delay: number;
  /** Which errors concern one item only. Such an item is read again in the next run. */
  readonly judge: JudgePart;
  /** For warnings: what is read of the items, the items, and the setting of `maxCalls`. */
  readonly words: { readonly what: string; readonly items: string; readonly setting: string };
}

/** Slices of one item that are to be read. */
interface Task<I> {
  readonly item: I;
  readonly slices: readonly number[];
  /** Time up to which the item is complete afterwards, epoch ms. */
  readonly through: number;
}

/**
 * One call per item and slice of time, with a watermark for each item and a limit of calls per run. Items read the longest ago
 * come first, because those that always have new rows would otherwise use up all calls; what is left follows in the next runs.
 */
export function itemWatermarks<Api, I extends { readonly id: string }>(options: ItemWatermarksOptions<Api, I>): Reader<Api> {
  return async function* read(ctx) {
    const before = asObject(saved(ctx, 1)?.read) ?? {};
    const { items, unusable } = await options.items(ctx);
    const ids = new Set(items.map(({ id }) => id));
    // Only of these, so that the position stays small.
    const done = new Map<string, Json>(Object.entries(before).filter(([id]) => ids.has(id)));
    const maxCalls = options.maxCalls(ctx.api);
    const { tasks, left } = plan(ctx, items, before, ctx.mode === 'historical' ? Infinity : maxCalls);

    const parts = orderedMap(tasks.values(), (task, signal) => readOne(ctx, task, signal), {
      signal: ctx.signal,
      concurrency: options.concurrency,
    });
    const at = (): Page['position'] => ({ v: 1, read: Object.fromEntries(done) });
    const failed: { readonly id: string; readonly failure: PartFailure }[] = [];
    let count = 0;
    for await (const { task, rows, failure } of parts) {
      count += 1;
      if (failure !== undefined) {
        failed.push({ id: task.item.id, failure });
        continue;
      }
      done.set(task.item.id, task.through);
      yield { rows, position: at(), progress: count / tasks.length };
    }
    const [first] = failed;
    // All items failed, so the reason is not a single item.
    if (first !== undefined && count > 1 && failed.length === count) throw first.failure.error;
    const { what, items: those, setting } = options.words;
    const warnings: string[] = [];
    if (left > 0) warnings.push(`${left} ${those} are left for the next runs: ${setting} is ${maxCalls}.`);
    if (first !== undefined)
      warnings.push(
        `The ${what} of ${failed.length} ${those} could not be read and is read again in the next run. The first is ${first.id}: ${first.failure.error.message}`,
      );
    const complete = warnings.length === 0 && unusable === 0;
    yield {
      rows: [],
      position: at(),
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(complete ? { readTo: ctx.runStart - options.delay } : {}),
    };
    throwUnreadable(failed.map(({ failure }) => failure));
    if (unusable > 0) throw unusableParents(unusable);
  };

  async function* readOne(
    ctx: ReadContext<Api>,
    task: Task<I>,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly task: Task<I>; readonly rows: readonly Row[]; readonly failure?: PartFailure }, void, void> {
    try {
      yield { task, rows: await options.read(ctx, task.item, task.slices, signal) };
    } catch (error) {
      yield { task, rows: [], failure: partFailure(error, options.judge) };
    }
  }

  function plan(ctx: ReadContext<Api>, items: readonly I[], before: JsonObject, maxCalls: number): { tasks: Task<I>[]; left: number } {
    const tasks: Task<I>[] = [];
    let calls = 0;
    let left = 0;
    const readTo = ({ id }: I): number | undefined => pastTime(before[id], ctx.runStart);
    for (const item of [...items].sort((a, b) => (readTo(a) ?? 0) - (readTo(b) ?? 0))) {
      const known = readTo(item);
      const wanted = options.slices(ctx, item, known);
      const slices = wanted.slice(0, maxCalls - calls);
      const isCut = slices.length < wanted.length;
      if (isCut) left += 1;
      const last = slices.at(-1);
      if (last === undefined) continue;
      calls += slices.length;
      tasks.push({ item, slices, through: Math.max(known ?? 0, isCut ? last + options.slice : ctx.runStart) });
    }
    return { tasks, left };
  }
}

/** What is known of an item's activity; times in epoch ms. */
export interface Activity {
  readonly first: number;
  readonly last: number;
  /** Time up to which the item was read before. */
  readonly known: number | undefined;
}

export interface SliceRules {
  /** Length of a slice, ms; slices begin at whole multiples of it in UTC. */
  readonly slice: number;
  /** Time until an activity becomes visible, ms. */
  readonly lateness: number;
  /** Time for which the vendor keeps activities, ms. */
  readonly kept: number;
}

/**
 * Starts of the slices in which an item may have rows that were not read before. What is near `known` is read again, because
 * rows become visible late, and the slice after `last` is read too, because an activity may cross its border.
 */
export function activeSlices(
  { since, runStart }: Pick<ReadContext<unknown>, 'since' | 'runStart'>,
  { first, last, known }: Activity,
  { slice, lateness, kept }: SliceRules,
): readonly number[] {
  if (known !== undefined && last < known - lateness) return [];
  const oldest = runStart - kept;
  const from = Math.max(since ?? 0, oldest, known === undefined ? first : known - Math.max(slice, lateness));
  const to = Math.min(runStart, last + slice);
  const starts: number[] = [];
  // The vendor keeps nothing of the begin of the oldest slice, so that one is requested by the first time that is kept.
  for (let start = Math.floor(from / slice) * slice; start <= to; start += slice) starts.push(Math.max(start, oldest));
  return starts;
}
