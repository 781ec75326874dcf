import { createHash } from 'node:crypto';
import { asNumber, asObject, asText } from './resume.ts';
import type { Json, JsonObject } from '../../core/types.ts';
import type { Item } from './item-digest.ts';

/** A page number, and in `print` a fingerprint that shows whether the page is still the same. */
export interface PageMark {
  readonly page: number;
  readonly print: string;
}

/**
 * How far a run has come, in a short form: the number of leading items that are finished, and for the few items begun after
 * them whether they are finished or the last page read.
 */
export interface Progress {
  isOver(item: Item): boolean;
  /** The last page read of an item; undefined when it is read from its start. */
  after(item: Item): PageMark | undefined;
  /** Records the last page read of an item; without a page an interrupted run reads the item from its start. */
  reached(item: Item, mark: PageMark | undefined): void;
  finish(item: Item): void;
  /** Number of finished items. */
  count(): number;
  /** Number of finished items after the first unfinished one. */
  ahead(): number;
  /** The progress for the position. */
  save(): JsonObject;
}

/** Continues from saved progress if its finished items are still the first ones; undefined otherwise. */
export function resumed(items: readonly Item[], saved: JsonObject): Progress | undefined {
  const done = asNumber(saved.done) ?? 0;
  if (done > items.length || orderOf(items.slice(0, done)).copy().digest('base64url') !== saved.before) return undefined;
  return progressOf(items, done, asObject(saved.open) ?? {});
}

export const emptyProgress = (items: readonly Item[]): Progress => progressOf(items, 0, {});

function progressOf(items: readonly Item[], first: number, open: JsonObject): Progress {
  const order = orderOf(items.slice(0, first));
  const begunBefore = items.slice(first).filter(({ id }) => open[id] !== undefined);
  const over = new Set(begunBefore.filter(({ id }) => open[id] === true).map(({ id }) => id));
  const marks = new Map(
    begunBefore.flatMap(({ id }) => {
      const mark = markOf(open[id]);
      return mark === undefined ? [] : [[id, mark] as const];
    }),
  );
  let done = first;
  const places = new Map(items.map(({ id }, place) => [id, place]));
  return {
    isOver: ({ id }) => over.has(id) || (places.get(id) ?? Infinity) < done,
    after: ({ id }) => marks.get(id),
    reached({ id }, mark) {
      if (mark === undefined) marks.delete(id);
      else marks.set(id, mark);
    },
    finish({ id }) {
      marks.delete(id);
      over.add(id);
      for (let next = items[done]; next !== undefined && over.delete(next.id); next = items[done]) {
        order.update(`${JSON.stringify(next.id)} `);
        done += 1;
      }
    },
    count: () => done + over.size,
    ahead: () => over.size,
    save: () => ({
      done,
      before: order.copy().digest('base64url'),
      ...(over.size + marks.size === 0
        ? {}
        : {
            open: Object.fromEntries<Json>([
              ...[...over].map((id) => [id, true] as const),
              ...[...marks].map(([id, mark]) => [id, { ...mark }] as const),
            ]),
          }),
    }),
  };
}

function orderOf(items: readonly Item[]): ReturnType<typeof createHash> {
  const order = createHash('sha1');
  for (const { id } of items) order.update(`${JSON.stringify(id)} `);
  return order;
}

function markOf(value: Json | undefined): PageMark | undefined {
  const page = asNumber(asObject(value)?.page);
  const print = asText(asObject(value)?.print);
  return page === undefined || print === undefined ? undefined : { page, print };
}
