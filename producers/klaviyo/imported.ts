import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import { listPage, type KlaviyoApi } from './api.ts';

const PER_REQUEST = 50;

/** Reads the profiles of these addresses back ("Get Profiles") and counts those that were written since. */
export async function arrived(api: KlaviyoApi, emails: readonly string[], since: number, signal: AbortSignal): Promise<number> {
  const found = new Set<string>();
  for (let at = 0; at < emails.length; at += PER_REQUEST) {
    const asked = emails.slice(at, at + PER_REQUEST).map((email) => JSON.stringify(email));
    const query = { filter: `any(email,[${asked.join(',')}])`, 'fields[profile]': 'email,updated', 'page[size]': 100 };
    let cursor: string | undefined;
    do {
      const { rows, next } = await listPage(api, {
        path: '/api/profiles',
        endpoint: 'profiles',
        bucket: 'profiles',
        query,
        cursor,
        signal,
      });
      for (const row of rows) {
        const attributes = asObject(row.attributes);
        const email = asText(attributes?.email);
        if (email !== undefined && Date.parse(asText(attributes?.updated) ?? '') >= since) found.add(email.toLowerCase());
      }
      cursor = next === END ? undefined : String(next);
    } while (cursor !== undefined);
  }
  return found.size;
}
