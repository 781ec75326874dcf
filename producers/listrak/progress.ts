import { createHash } from 'node:crypto';
import { asNumber, asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { Json, JsonObject } from '../../src/core/types.ts';
import type { Item } from './known.ts';

/** A page, and what tells whether it is still the same. */
export interface PageMark {
  readonly page: number;
  readonly print: string;
}

/**
 * How far a walk has come, item by item: so many of the first ones are over, and of the few beyond them that were
 * begun, which are over and after which page the others are.
 */
export interface Progress {
  isOver(item: Item): boolean;
  /** The page an item has been read up to; undefined from its beginning. */
  after(item: Item): PageMark | undefined;
  /** The item has been read up to this page; without one it begins again when the walk is cut. */
  reach(item: Item, mark: PageMark | undefined): void;
  finish(item: Item): void;
  /** Items over. */
  count(): number;
  /** Items over although one before them is not. */
  ahead(): number;
  /** All of it, as short as can be. */
  save(): JsonObject;
}

/** Goes on with what was saved, as long as the items that were over are still the first ones; undefined when they are not. */
export function resumed(items: readonly Item[], saved: JsonObject): Progress | undefined {
  const done = asNumber(saved.done) ?? 0;
  if (done > items.length || orderOf(items.slice(0, done)).copy().digest('base64url') !== saved.before) return undefined;
  return progressOf(items, done, asObject(saved.open) ?? {});
}

export const begun = (items: readonly Item[]): Progress => progressOf(items, 0, {});

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
    reach({ id }, mark) {
      if (mark === undefined) marks.delete(id);
      else marks.set(id, mark);
    },
    finish({ id }) {
      marks.delete(id);
      over.add(id);
      for (let next = items[done]; next !== undefined && over.delete(next.id); next = items[done]) {
        order.update(`${next.id} `);
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
  for (const { id } of items) order.update(`${id} `);
  return order;
}

function markOf(value: Json | undefined): PageMark | undefined {
  const page = asNumber(asObject(value)?.page);
  const print = asText(asObject(value)?.print);
  return page === undefined || print === undefined ? undefined : { page, print };
}
