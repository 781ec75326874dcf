import { orderedMap } from '../../src/sdk/concurrency/ordered-map.ts';
import { asText } from '../../src/sdk/readers/resume.ts';
import type { JsonObject, ReadContext } from '../../src/core/types.ts';
import type { VanishedVerdict } from '../../src/core/table.ts';
import { readOne } from './api.ts';
import type { KlaviyoApi } from './api.ts';

/**
 * Asks about each profile the listing of ids no longer showed. Neither merges nor deletes are announced: the old
 * id is gone, and after a merge its events name the profile that stayed. Either way its events have changed
 * (another profile, none, or redacted), so they are read again.
 */
export async function* confirmProfiles(
  ctx: ReadContext<KlaviyoApi>,
  keys: readonly JsonObject[],
): AsyncGenerator<VanishedVerdict, void, void> {
  yield* orderedMap(
    keys.values(),
    async function* one(key, signal) {
      yield await verdictOn(ctx, key, signal);
    },
    { signal: ctx.signal, concurrency: 5, depth: 1 },
  );
}

async function verdictOn(ctx: ReadContext<KlaviyoApi>, key: JsonObject, signal: AbortSignal): Promise<VanishedVerdict> {
  const id = String(key.id);
  const found = await readOne(ctx.api, `/api/profiles/${encodeURIComponent(id)}`, 'profile', { 'fields[profile]': 'updated' }, signal);
  if (found !== undefined && asText(found.id) === id) return { key, gone: false };
  const seen = await lookAtEvents(ctx, id, signal);
  const survivor = asText(found?.id) ?? seen.owner;
  if (survivor !== undefined && survivor !== id) {
    return { key, gone: true, marker: { _merged_into: survivor }, rereads: [{ table: 'event', work: { profile_id: survivor } }] };
  }
  const works: JsonObject[] = seen.ownerless ? await eventIds(ctx, id) : [{ profile_id: id }];
  return { key, gone: true, rereads: works.map((work) => ({ table: 'event', work })) };
}

/** Whom one of the events known to be this profile's belongs to now; `ownerless` when it names no profile any more. */
async function lookAtEvents(
  ctx: ReadContext<KlaviyoApi>,
  profileId: string,
  signal: AbortSignal,
): Promise<{ readonly owner?: string; readonly ownerless: boolean }> {
  for await (const event of ctx.liveKeys('event', { profile_id: profileId })) {
    const path = `/api/events/${encodeURIComponent(String(event.id))}/relationships/profile`;
    const owner = asText((await readOne(ctx.api, path, 'event_profile', {}, signal))?.id);
    return owner === undefined ? { ownerless: true } : { owner, ownerless: false };
  }
  return { ownerless: false };
}

/** Events in one piece of handed work: as many as the vendor lets be read singly in less than a minute. */
const EVENTS_AT_ONCE = 100;

/** All events known to be this profile's, by id: no filter finds them once they name no profile. */
async function eventIds(ctx: ReadContext<KlaviyoApi>, profileId: string): Promise<JsonObject[]> {
  const works: { event_ids: string[] }[] = [];
  for await (const event of ctx.liveKeys('event', { profile_id: profileId })) {
    const last = works.at(-1);
    if (last !== undefined && last.event_ids.length < EVENTS_AT_ONCE) last.event_ids.push(String(event.id));
    else works.push({ event_ids: [String(event.id)] });
  }
  return works;
}
