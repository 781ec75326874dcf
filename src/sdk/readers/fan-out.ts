import { createHash } from 'node:crypto';
import { TributaryError } from '../../core/errors.ts';
import { faultOfRow } from '../../core/checked-rows.ts';
import { orderedMap } from '../concurrency/ordered-map.ts';
import { statusOf } from '../http/errors.ts';
import { CursorLost, asNumber, asObject, asText, fromSavedCursor, saved } from './resume.ts';
import type { Json, JsonObject, Page, ReadContext, Reader, Row } from '../../core/types.ts';
import { paginate } from './paginate.ts';
import type { FetchPage, Step } from './paginate.ts';

export interface FanOutOptions {
  /** Identifies a parent; parents with the same key are read once. */
  readonly key: (parent: Row) => string;
  /** Values of the table's `scope` columns for the rows of this parent. */
  readonly scope: (parent: Row) => JsonObject;
  /**
   * HTTP statuses that skip the parent (its rows stay as they are) instead of failing the run. When all parents are refused and
   * one of them with 403, the key may not read the table, and the run fails.
   */
  readonly unreadOn?: readonly number[];
  /** Parents read at once. Default 1. */
  readonly concurrency?: number;
}

interface Part {
  readonly parent: { readonly key: string; readonly row: Row };
  readonly step?: Step;
  readonly refused?: string;
  readonly error?: unknown;
}

/**
 * One listing per row of another table; all listings together are one scan. An interrupted run resumes at the parent it was in
 * if the parents before it are still the same; otherwise it starts over. A resumed run that finds no rows at all also starts
 * over, because an empty remainder does not show whether the vendor lists anything. A parent that cannot be used fails the run
 * after everything else has been read: its rows are unknown, so nothing is deleted.
 */
export function fanOut<Api>(
  parents: string | ((ctx: ReadContext<Api>) => Promise<readonly Row[]>),
  perParent: (parent: Row) => FetchPage<Api>,
  options: FanOutOptions,
): Reader<Api> {
  return async function* read(ctx) {
    const rows = typeof parents === 'string' ? await ctx.parents(parents) : await parents(ctx);
    // A parent nested too deeply for its own topic can still be requested.
    const usable = rows.filter((row) => faultOfRow(row)?.reason !== 'bad_shape');
    const sorted = [...new Map(usable.map((row) => [options.key(row), row]))]
      .map(([key, row]) => ({ key, row }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const position = saved(ctx, 1);
    const id = asText(position?.scan);
    const index = asNumber(position?.done) ?? 0;
    const intact =
      id !== undefined &&
      ctx.scanIntact(id) &&
      index <= sorted.length &&
      position?.before === digest(sorted.slice(0, index)) &&
      (position?.cursor === undefined || position?.parent === sorted[index]?.key);
    if (intact) {
      const unread = (Array.isArray(position?.unread) ? position.unread : []).map((scope) => asObject(scope as Json) ?? {});
      try {
        yield* scan(id, index, position?.cursor, unread);
        return;
      } catch (error) {
        if (!(error instanceof CursorLost)) throw error;
        ctx.count('cursors_lost');
        yield* scan(id, index, undefined, unread);
        return;
      }
    }
    yield* scan(ctx.newScan(), 0, undefined, []);

    async function* scan(
      scanId: string,
      from: number,
      cursor: Json | undefined,
      unreadBefore: readonly JsonObject[],
    ): AsyncGenerator<Page, void, void> {
      const unread = [...unreadBefore];
      const resumed = from > 0 || cursor !== undefined;
      let done = from;
      let forbidden: unknown;
      let read = 0;
      const unusableCount = rows.length - usable.length;
      if (sorted.length === from) {
        yield { rows: [], position: { v: 1 }, scan: unusableCount > 0 ? { id: scanId } : { id: scanId, end: ending(unread) } };
        if (unusableCount > 0) throw unusableParents(unusableCount);
        return;
      }
      const todo = sorted.slice(from).map((parent, offset) => ({ parent, cursor: offset === 0 ? cursor : undefined }));
      const parts = orderedMap(todo.values(), (item, signal) => readParent(item.parent, item.cursor, signal), {
        signal: ctx.signal,
        concurrency: options.concurrency ?? 1,
      });
      for await (const { parent, step, refused, error } of parts) {
        const more = step?.more === true;
        if (!more) done += 1;
        if (refused !== undefined) unread.push(options.scope(parent.row));
        const last = done === sorted.length;
        if (statusOf(error) === 403) forbidden = error;
        if (last && unread.length === done && forbidden !== undefined) {
          // The position goes back to the start; otherwise the next run would resume after the refused parents.
          yield { rows: [], position: { v: 1 }, scan: { id: scanId } };
          throw forbidden;
        }
        read += (step?.rows.length ?? 0) + (step?.seen?.length ?? 0);
        if (last && resumed && read === 0) {
          yield* scan(ctx.newScan(), 0, undefined, []);
          return;
        }
        const warnings = [...(step?.warnings ?? []), ...(refused === undefined ? [] : [refused])];
        yield {
          rows: step?.rows ?? [],
          ...(step?.seen === undefined ? {} : { seen: step.seen }),
          ...(warnings.length === 0 ? {} : { warnings }),
          position: last
            ? { v: 1 }
            : {
                v: 1,
                scan: scanId,
                done,
                before: digest(sorted.slice(0, done)),
                unread,
                ...(more ? { parent: parent.key, cursor: step.next as Json } : {}),
              },
          progress: done / sorted.length,
          scan: last && unusableCount === 0 ? { id: scanId, end: ending(unread) } : { id: scanId },
        };
      }
      if (unusableCount > 0) throw unusableParents(unusableCount);
    }

    async function* readParent(parent: Part['parent'], cursor: Json | undefined, signal: AbortSignal): AsyncGenerator<Part, void, void> {
      const call = perParent(parent.row);
      const steps = paginate((at) => call(ctx.api, { cursor: at }, signal), cursor);
      try {
        let read = 0;
        let announced: number | undefined;
        let doubt: string | undefined;
        for await (const step of fromSavedCursor(steps, cursor)) {
          doubt ??= step.doubt;
          read += step.rows.length + (step.seen?.length ?? 0);
          announced = step.total ?? announced;
          if (!step.more && cursor === undefined && announced !== undefined && announced !== read)
            doubt ??= `The vendor announced ${announced} rows and showed ${read}.`;
          yield {
            parent,
            step,
            ...(step.more || doubt === undefined ? {} : { refused: `${parent.key}: ${doubt} None of its rows are deleted.` }),
          };
        }
      } catch (error) {
        const status = statusOf(error);
        if (status === undefined || options.unreadOn?.includes(status) !== true) throw error;
        yield { parent, error, refused: `${parent.key} could not be read: ${error instanceof Error ? error.message : String(error)}` };
      }
    }
  };
}

export function unusableParents(count: number): TributaryError {
  return new TributaryError(`${count} parent rows of this table cannot be used, so their rows could not be read.`, {
    kind: 'data',
    code: 'unusable_parent',
    remedy:
      'Everything else was read, and nothing was deleted. The rows are among the dead letters of their own table; report them to the vendor.',
  });
}

function ending(unread: readonly JsonObject[]): { unread?: readonly JsonObject[] } {
  return unread.length === 0 ? {} : { unread };
}

/** Lists of parents are equal when their keys are. */
function digest(parents: readonly { readonly key: string }[]): string {
  const hash = createHash('sha1');
  for (const parent of parents) hash.update(JSON.stringify(parent.key));
  return hash.digest('base64url');
}
