import { createHash } from 'node:crypto';
import { TributaryError } from '../../core/errors.ts';
import { asObject, asText } from './resume.ts';
import type { Json } from '../../core/types.ts';
import { END } from './paginate.ts';
import type { FetchPage } from './paginate.ts';

/**
 * Several listings read as one, in the order given; the cursor says which one it belongs to. Among other listings than
 * those it came from it is lost: one that is new may stand before its place.
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
      throw new TributaryError(`The listing "${name}" is no longer read, or not among the same others.`, {
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
