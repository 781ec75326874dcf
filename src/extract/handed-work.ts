import type { JsonObject, ReadContext, Reader } from './types.ts';
import { walk } from './walk.ts';
import type { Call } from './walk.ts';

/** Does what other tables have handed over, one listing per piece of work; a cut piece is done again whole. */
export function handedWork<Api>(perWork: (work: JsonObject, ctx: ReadContext<Api>) => Call<Api>): Reader<Api> {
  return async function* read(ctx) {
    const position = ctx.position ?? { v: 1 };
    for (const work of ctx.handed) {
      const call = perWork(work, ctx);
      for await (const step of walk((cursor) => call(ctx.api, { cursor }, ctx.signal), undefined)) {
        const { more: _more, next: _next, page: _page, total: _total, ...rest } = step;
        yield { ...rest, position };
      }
      // On a page of its own: a consumer that fetches one page ahead still commits the last rows first.
      ctx.taken([work]);
      yield { rows: [], position };
    }
  };
}
