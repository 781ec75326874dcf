import type { JsonObject, ReadContext, Reader } from '../../core/types.ts';
import { paginate } from './paginate.ts';
import type { FetchPage } from './paginate.ts';

/** Does what other tables have handed over, one listing per piece of work; a cut piece is done again whole. */
export function outboxTasks<Api>(perWork: (work: JsonObject, ctx: ReadContext<Api>) => FetchPage<Api>): Reader<Api> {
  return async function* read(ctx) {
    const position = ctx.position ?? { v: 1 };
    for (const work of ctx.outbox) {
      const call = perWork(work, ctx);
      for await (const step of paginate((cursor) => call(ctx.api, { cursor }, ctx.signal), undefined)) {
        const { more: _more, next: _next, page: _page, total: _total, ...rest } = step;
        yield { ...rest, position };
      }
      // On a page of its own: a consumer that fetches one page ahead still commits the last rows first.
      ctx.complete([work]);
      yield { rows: [], position };
    }
  };
}
