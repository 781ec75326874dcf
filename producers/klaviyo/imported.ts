import type { JsonObject } from '../../src/core/types.ts';
import { isoSeconds, SECOND } from '../../src/core/time.ts';
import type { SentEvent } from '../../src/sdk/imports.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import { listPage, type KlaviyoApi, type ListRequest } from './api.ts';

const PER_REQUEST = 50;

/** Reads the profiles of these addresses ("Get Profiles") and counts those updated at `since` (epoch ms) or later. */
export async function arrived(api: KlaviyoApi, emails: readonly string[], since: number, signal: AbortSignal): Promise<number> {
  const found = new Set<string>();
  for await (const { email, attributes } of profilesOf(api, emails, signal)) {
    if (Date.parse(asText(attributes?.updated) ?? '') >= since) found.add(email);
  }
  return found.size;
}

/**
 * Looks for each event by its sender's id (`$event_id`) among the events of its profile in the same second ("Get Events"), and
 * counts those found.
 */
export async function eventsArrived(api: KlaviyoApi, events: readonly SentEvent[], signal: AbortSignal): Promise<number> {
  const ids = new Map<string, string>();
  for await (const { email, id } of profilesOf(api, [...new Set(events.map((event) => event.email))], signal)) ids.set(email, id);
  let count = 0;
  for (const { email, at, uniqueId } of events) {
    const id = ids.get(email.toLowerCase());
    if (id === undefined) continue;
    const second = Math.floor(at / SECOND) * SECOND;
    const filter = [
      `equals(profile_id,${JSON.stringify(id)})`,
      `greater-or-equal(datetime,${isoSeconds(second)})`,
      `less-than(datetime,${isoSeconds(second + SECOND)})`,
    ].join(',');
    const request = { path: '/api/events', endpoint: 'events', bucket: 'events', query: { filter, 'page[size]': 200 }, signal };
    for await (const row of everyRow(api, request)) {
      const properties = asObject(asObject(row.attributes)?.event_properties);
      if (asText(properties?.$event_id) !== uniqueId) continue;
      count += 1;
      break;
    }
  }
  return count;
}

interface FoundProfile {
  /** In lower case. */
  readonly email: string;
  readonly id: string;
  readonly attributes: JsonObject | undefined;
}

async function* profilesOf(api: KlaviyoApi, emails: readonly string[], signal: AbortSignal): AsyncGenerator<FoundProfile> {
  for (let at = 0; at < emails.length; at += PER_REQUEST) {
    const asked = emails.slice(at, at + PER_REQUEST).map((email) => JSON.stringify(email));
    const query = { filter: `any(email,[${asked.join(',')}])`, 'fields[profile]': 'email,updated', 'page[size]': 100 };
    for await (const row of everyRow(api, { path: '/api/profiles', endpoint: 'profiles', bucket: 'profiles', query, signal })) {
      const attributes = asObject(row.attributes);
      const [email, id] = [asText(attributes?.email), asText(row.id)];
      if (email !== undefined && id !== undefined) yield { email: email.toLowerCase(), id, attributes };
    }
  }
}

async function* everyRow(api: KlaviyoApi, request: Omit<ListRequest, 'cursor'>): AsyncGenerator<JsonObject> {
  let cursor: string | undefined;
  do {
    const { rows, next } = await listPage(api, { ...request, cursor });
    yield* rows;
    cursor = next === END ? undefined : String(next);
  } while (cursor !== undefined);
}
