import { TributaryError } from '../errors.ts';
import { asObject, asText } from './resume.ts';
import type { Json } from './types.ts';
import type { Call } from './walk.ts';

/** Several listings read as one, in the order given; the cursor says which one it belongs to. */
export function chain<Api, Ask>(calls: ReadonlyMap<string, Call<Api, Ask>>): Call<Api, Ask> {
  const names = [...calls.keys()];
  return async (api, ask, signal) => {
    const at = asObject(ask.cursor);
    const name = at === undefined ? names[0] : asText(at.part);
    if (name === undefined) return { rows: [] };
    const call = calls.get(name);
    if (call === undefined) throw new TributaryError(`The listing "${name}" is no longer read.`, { kind: 'data', code: 'cursor_lost' });
    const inner: Json | undefined = at?.cursor ?? undefined;
    const batch = await call(api, { ...ask, cursor: inner }, signal);
    const following = names[names.indexOf(name) + 1];
    if (batch.next !== undefined && batch.next !== null && batch.next !== '') return { ...batch, next: { part: name, cursor: batch.next } };
    return { ...batch, next: following === undefined ? undefined : { part: following } };
  };
}
