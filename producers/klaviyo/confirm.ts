import { cutText } from '../../src/core/cut.ts';
import { orderedMap } from '../../src/sdk/concurrency/ordered-map.ts';
import { idText } from '../../src/core/checked-rows.ts';
import { pathPart } from '../../src/sdk/http/url.ts';
import type { JsonObject, ReadContext } from '../../src/core/types.ts';
import type { Orphan, OrphanVerdict, VanishedVerdict } from '../../src/core/table.ts';
import { readDocument, readRelated } from './api.ts';
import type { KlaviyoApi } from './api.ts';

/**
 * Requests each profile that the listing of ids no longer showed. The vendor announces neither merges nor deletes: the old id
 * disappears, and after a merge its events name the surviving profile. In both cases its events have changed (another profile,
 * none, or redacted), so they are read again.
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
  if (idText(key.id) === undefined)
    return { key, gone: false, doubt: `the profile ${cutText(id, 40)} has an id nobody can be asked about` };
  const found = await readProfile(ctx, id, signal);
  if (found === id) return { key, gone: false };
  const seen = await lookAtEvents(ctx, id, signal);
  // After a merge the events name the survivor. Events that still name this profile contradict the answer about it.
  if (found !== undefined && seen.owner === id)
    return { key, gone: false, doubt: `Klaviyo showed another profile in place of ${cutText(id, 40)}, but its events still name it.` };
  const survivor = found ?? seen.owner;
  if (survivor !== undefined && survivor !== id) {
    return { key, gone: true, marker: { _merged_into: survivor }, rereads: [{ table: 'event', work: { profile_id: survivor } }] };
  }
  return { key, gone: true, rereads: seen.ownerless ? byIds(await eventsOf(ctx, id)) : byProfile(id) };
}

/**
 * Requests each profile that events name but the topic does not hold: it was deleted or merged before it was ever read. The
 * index holds only a hash of the name, so one of the events is read to find its current profile.
 */
export async function* confirmNamed(ctx: ReadContext<KlaviyoApi>, orphans: readonly Orphan[]): AsyncGenerator<OrphanVerdict, void, void> {
  yield* orderedMap(
    orphans.values(),
    async function* one(orphan, signal) {
      yield await verdictOnNamed(ctx, orphan, signal);
    },
    { signal: ctx.signal, concurrency: 5, depth: 1 },
  );
}

async function verdictOnNamed(ctx: ReadContext<KlaviyoApi>, orphan: Orphan, signal: AbortSignal): Promise<OrphanVerdict> {
  const owner = await ownerOf(ctx, orphan.example, signal);
  if (owner === undefined) return { orphan, rereads: byIds(orphan.keys()), gone: true };
  // Merged: after they are read again, the events no longer name the old profile.
  if (!orphan.isNamed({ profile_id: owner })) return { orphan, rereads: byProfile(owner), gone: false };
  const id = await readProfile(ctx, owner, signal);
  // It exists and will be read: it may be newer than the last changes that were read.
  if (id === owner) return { orphan, rereads: [], gone: false };
  return { orphan, rereads: byProfile(id ?? owner), gone: id === undefined };
}

/** The current profile of the events that belonged to this profile; `ownerless` when they name none any more. */
async function lookAtEvents(
  ctx: ReadContext<KlaviyoApi>,
  profileId: string,
  signal: AbortSignal,
): Promise<{ readonly owner?: string; readonly ownerless: boolean }> {
  for await (const event of ctx.liveKeys('event', { profile_id: profileId })) {
    const owner = await ownerOf(ctx, event, signal);
    return owner === undefined ? { ownerless: true } : { owner, ownerless: false };
  }
  return { ownerless: false };
}

/** The id of the profile found under this id; undefined when there is none. */
async function readProfile(ctx: ReadContext<KlaviyoApi>, id: string, signal: AbortSignal): Promise<string | undefined> {
  const found = await readDocument(ctx.api, `/api/profiles/${pathPart(id)}`, 'profile', { 'fields[profile]': 'updated' }, signal);
  return found === undefined ? undefined : String(found.resource.id);
}

/** The profile an event names now; undefined when it names none or the event does not exist. */
async function ownerOf(ctx: ReadContext<KlaviyoApi>, event: JsonObject, signal: AbortSignal): Promise<string | undefined> {
  const path = `/api/events/${pathPart(String(event.id))}/relationships/profile`;
  return (await readRelated(ctx.api, path, 'event_profile', signal)) ?? undefined;
}

/** Events in one outbox task: as many as the rate limit allows to read one by one in less than a minute. */
const EVENTS_AT_ONCE = 100;

type Rereads = OrphanVerdict['rereads'];

const byProfile = (id: string): Rereads => [{ table: 'event', work: { profile_id: id } }];

/** For events that no longer name a profile, so that no filter finds them. */
function byIds(events: Iterable<JsonObject>): Rereads {
  const works: string[][] = [];
  for (const event of events) {
    const last = works.at(-1);
    if (last !== undefined && last.length < EVENTS_AT_ONCE) last.push(String(event.id));
    else works.push([String(event.id)]);
  }
  return works.map((ids) => ({ table: 'event', work: { event_ids: ids } }));
}

/** Keys of all events known to belong to this profile. */
async function eventsOf(ctx: ReadContext<KlaviyoApi>, profileId: string): Promise<JsonObject[]> {
  const keys: JsonObject[] = [];
  for await (const key of ctx.liveKeys('event', { profile_id: profileId })) keys.push(key);
  return keys;
}
