import type { Answer } from '../kit/http-server.ts';
import type { Call, Context } from './context.ts';
import { document, invalid, notFound } from './errors.ts';
import { parseTime } from './filter.ts';
import { appendEvents, appendProfiles } from './growth.ts';
import { newMetric } from './metric-catalogue.ts';
import type { Mutations } from './mutations.ts';
import { findProfile } from './profile-endpoints.ts';
import { PROFILE_ATTRIBUTES, profileResource } from './profile-resource.ts';
import { isLive } from './world.ts';
import { DAY } from '../kit/durations.ts';

const YEAR = 365 * DAY;
const SINCE_1990 = Date.UTC(1990, 0, 1);

/** Duration of the vendor's asynchronous jobs, simulated ms. */
export interface JobDelays {
  merge: number;
  deletion: number;
}

function member(value: unknown, ...path: string[]): unknown {
  let at = value;
  for (const name of path) at = at !== null && typeof at === 'object' ? (at as Record<string, unknown>)[name] : undefined;
  return at;
}

function bodyOf(call: Call): unknown {
  try {
    return JSON.parse(call.body);
  } catch {
    throw invalid('The body is not JSON.', { pointer: '/data' });
  }
}

export function mergeProfile(context: Context, call: Call, change: Mutations, delays: JobDelays): Answer {
  const { world } = context;
  const body = bodyOf(call);
  const destination = String(member(body, 'data', 'id') ?? '');
  const sources = member(body, 'data', 'relationships', 'profiles', 'data');
  if (!Array.isArray(sources) || sources.length !== 1)
    throw invalid('Exactly one source profile is needed.', { pointer: '/data/relationships/profiles/data' });
  const source = String(member(sources[0], 'id') ?? '');
  if (source === destination) throw invalid('A profile cannot be merged into itself.', { pointer: '/data/id' });
  for (const id of [destination, source])
    if (!isLive(world.profiles, world.ids.profile.row(id))) throw notFound('A profile with that id does not exist.');
  change.mergeProfiles({ pairs: [{ source, destination }], delayMs: delays.merge });
  return document(JSON.stringify({ data: { type: 'profile', id: destination } }), 201);
}

export function requestDeletion(context: Context, call: Call, change: Mutations, delays: JobDelays): Answer {
  const profile = member(bodyOf(call), 'data', 'attributes', 'profile', 'data');
  const attributes = member(profile, 'attributes');
  const given = { ...(attributes as object), ...(member(profile, 'id') === undefined ? {} : { id: member(profile, 'id') }) };
  const names = Object.keys(given);
  if (names.length !== 1 || !['email', 'phone_number', 'id'].includes(names[0] as string)) {
    throw invalid('Exactly one of email, phone_number and id is needed.', { pointer: '/data/attributes/profile' });
  }
  const row = findProfile(context.world, given);
  if (row !== undefined) change.deleteProfiles({ ids: [context.world.ids.profile.of(row)], delayMs: delays.deletion });
  return { status: 202 };
}

/** Creates an event as the vendor does: times in seconds, at most a year ahead, once per unique id. */
export function createEvent(context: Context, call: Call): Answer {
  const { world } = context;
  const attributes = member(bodyOf(call), 'data', 'attributes');
  const name = member(attributes, 'metric', 'data', 'attributes', 'name');
  if (typeof name !== 'string' || name === '' || name.length >= 128)
    throw invalid('A metric name of less than 128 characters is needed.', { pointer: '/data/attributes/metric' });
  const given = member(attributes, 'time');
  const ms = given === undefined ? world.clock.now() : parseTime(String(given));
  if (ms === undefined || ms <= SINCE_1990 || ms > world.clock.now() + YEAR)
    throw invalid('The time must lie after 1990 and at most one year ahead.', { pointer: '/data/attributes/time' });

  const profileData = member(attributes, 'profile', 'data');
  const identifiers = {
    ...(member(profileData, 'attributes') as object),
    ...(member(profileData, 'id') === undefined ? {} : { id: member(profileData, 'id') }),
  };
  const profile = findProfile(world, identifiers) ?? upsertProfile(context, identifiers).row;
  let metric = world.metrics.findIndex((known) => !known.gone && known.name === name && known.integrationName === 'API');
  if (metric < 0) metric = world.metrics.push(newMetric(name, 1, 'object', Math.floor(world.clock.now() / 1000) * 1000)) - 1;

  const seconds = Math.floor(ms / 1000);
  const unique = String(member(attributes, 'unique_id') ?? seconds);
  const key = `${profile} ${metric} ${unique}`;
  if (world.events.uniqueKeys.has(key)) return { status: 202 };
  world.events.uniqueKeys.add(key);
  const value = member(attributes, 'value');
  const properties = {
    $event_id: unique,
    ...(value === undefined ? {} : { $value: value }),
    ...(member(attributes, 'properties') as object),
  };
  appendEvents(world, [
    {
      datetime: seconds,
      visibleAt: world.clock.now() + world.visibilityDelay(world.events.count),
      metric,
      profile,
      written: JSON.stringify(properties),
    },
  ]);
  return { status: 202 };
}

export function importProfile(context: Context, call: Call): Answer {
  const data = member(bodyOf(call), 'data');
  const identifiers = {
    ...(member(data, 'attributes') as object),
    ...(member(data, 'id') === undefined ? {} : { id: member(data, 'id') }),
  };
  const { row, created } = upsertProfile(context, identifiers);
  return document(`{"data":${profileResource(context.world, row, [])}}`, created ? 201 : 200);
}

function upsertProfile(context: Context, given: Record<string, unknown>): { row: number; created: boolean } {
  const { world } = context;
  const { profiles } = world;
  const found = findProfile(world, given);
  if (found === undefined && given['id'] !== undefined) throw notFound('A profile with that id does not exist.');
  if (found === undefined && !['email', 'phone_number', 'external_id'].some((name) => typeof given[name] === 'string')) {
    throw invalid('An identifier is needed: email, phone_number or external_id.', { pointer: '/data/attributes' });
  }
  const now = Math.floor(world.clock.now() / 1000) * 1000;
  const row = found ?? (appendProfiles(world, 1, now)[0] as number);
  // A new profile holds only what was written, not the generated values of its row number.
  const before =
    found === undefined
      ? Object.fromEntries(PROFILE_ATTRIBUTES.filter((name) => name !== 'created' && name !== 'updated').map((name) => [name, 'null']))
      : profiles.written.get(row);
  const after: Record<string, string> = { ...before };
  for (const name of PROFILE_ATTRIBUTES)
    if (name in given && name !== 'created' && name !== 'updated') after[name] = JSON.stringify(given[name]);
  profiles.written.set(row, after);
  profiles.byUpdated.move([row], () => {
    profiles.updated[row] = now;
    profiles.version[row] = (profiles.version[row] as number) + 1;
  });
  return { row, created: found === undefined };
}
