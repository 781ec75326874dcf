import type { JsonObject, ReadContext, Reader } from '../../core/types.ts';
import { paginate } from './paginate.ts';
import type { FetchPage } from './paginate.ts';

/** Runs the outbox tasks that other tables left for this one, one listing per task. An interrupted task is repeated as a whole. */
export function outboxTasks<Api>(perTask: (task: JsonObject, ctx: ReadContext<Api>) => FetchPage<Api>): Reader<Api> {
  return async function* read(ctx) {
    const position = ctx.position ?? { v: 1 };
    for (const task of ctx.outbox) {
      const call = perTask(task, ctx);
      for await (const step of paginate((cursor) => call(ctx.api, { cursor }, ctx.signal), undefined)) {
        const { more: _more, next: _next, page: _page, total: _total, ...rest } = step;
        yield { ...rest, position };
      }
      // On a page of its own, because a consumer that prefetches one page must commit the last rows first.
      ctx.complete([task]);
      yield { rows: [], position };
    }
  };
}
