import { createHash } from 'node:crypto';
import { TributaryError } from '../../core/errors.ts';
import { asObject, asText } from './resume.ts';
import type { Json } from '../../core/types.ts';
import { END } from './paginate.ts';
import type { FetchPage } from './paginate.ts';

/**
 * Reads several listings as one, in the given order. The cursor names the listing it belongs to. It is refused (`cursor_lost`)
 * when the set of listings has changed since, because a new listing may stand before it and would be skipped.
 */
export function concat<Api, Ask>(calls: ReadonlyMap<string, FetchPage<Api, Ask>>): FetchPage<Api, Ask> {
  const names = [...calls.keys()];
  const of = createHash('sha1').update(JSON.stringify(names)).digest('base64url');
  return async (api, ask, signal) => {
    const at = asObject(ask.cursor);
    const name = at === undefined ? names[0] : asText(at.part);
    if (name === undefined) return { rows: [], next: END };
    const call = calls.get(name);
    if (call === undefined || (at !== undefined && at.of !== of))
      throw new TributaryError(`The listing "${name}" is no longer read, or the list of listings has changed.`, {
        kind: 'data',
        code: 'cursor_lost',
      });
    const inner: Json | undefined = at?.cursor ?? undefined;
    const batch = await call(api, { ...ask, cursor: inner }, signal);
    const following = names[names.indexOf(name) + 1];
    if (batch.next !== END) return { ...batch, next: { part: name, of, cursor: batch.next } };
    return { ...batch, next: following === undefined ? END : { part: following, of } };
  };
}
