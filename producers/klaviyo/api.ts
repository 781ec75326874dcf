import { TributaryError } from '../../src/core/errors.ts';
import type { RateWindow } from '../../src/sdk/http/budget.ts';
import { statusOf } from '../../src/sdk/http/client.ts';
import type { HttpAnswer, HttpClient, HttpFactory, Query, Verdict } from '../../src/sdk/http/client.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { Json, JsonObject, Row } from '../../src/core/types.ts';
import type { ListingPage } from '../../src/sdk/readers/paginate.ts';
import type { KlaviyoSettings } from './settings.ts';

export interface KlaviyoApi {
  readonly http: HttpClient;
  readonly predictive: boolean;
  readonly attributions: boolean;
  /** Rows asked for per page of events; smaller once a revision has refused the larger size. */
  eventPageSize: number;
}

const limits = (perSecond: number, perMinute: number): { windows: RateWindow[] } => ({
  windows: [
    { limit: perSecond, per: 1_000 },
    { limit: perMinute, per: 60_000 },
  ],
});

/** The vendor's limits per endpoint, counted per account. */
const BUCKETS = {
  profiles: limits(75, 750),
  profiles_predictive: limits(10, 150),
  profile: limits(75, 750),
  events: limits(350, 3_500),
  event: limits(10, 150),
  event_profile: limits(350, 3_500),
  metrics: limits(10, 150),
  accounts: limits(1, 15),
};

/** Of one answer. An event may have 5 MB, a page of events that is larger than this is asked for in smaller ones. */
const MOST_BYTES = 64 * 1024 * 1024;

export function connectKlaviyo(settings: KlaviyoSettings, http: HttpFactory): KlaviyoApi {
  return {
    http: http({
      title: 'Klaviyo',
      vendor: 'klaviyo',
      baseUrl: settings.base_url,
      headers: {
        authorization: `Klaviyo-API-Key ${settings.api_key}`,
        revision: settings.revision,
        accept: 'application/vnd.api+json',
      },
      timeoutMs: settings.predictive_analytics ? 300_000 : 120_000,
      maxBytes: MOST_BYTES,
      budget: { buckets: BUCKETS, concurrency: 12 },
      classify,
      quota: (answer, now) => {
        const remaining = Number.parseInt(answer.headers['ratelimit-remaining'] ?? '', 10);
        const seconds = Number.parseInt(answer.headers['ratelimit-reset'] ?? '', 10);
        return Number.isFinite(remaining) && Number.isFinite(seconds) ? { remaining, resetAt: now + seconds * 1_000 } : undefined;
      },
      secrets: [settings.api_key],
    }),
    predictive: settings.predictive_analytics,
    attributions: settings.attributions,
    eventPageSize: 1_000,
  };
}

function classify(answer: HttpAnswer, now: number): Verdict | undefined {
  const first = asObject((asObject(answer.body)?.errors as readonly Json[] | undefined)?.[0]);
  const detail = asText(first?.detail) ?? '';
  if (answer.status === 429 && answer.headers['retry-after'] === undefined) {
    const seconds = /available in ([0-9]+) second/i.exec(detail)?.[1];
    return seconds === undefined
      ? undefined
      : {
          kind: 'rate_limit',
          message: 'Klaviyo asks to wait.',
          retryAt: now + Math.max(1, Number(seconds)) * 1_000,
        };
  }
  const aboutKey = /authenticat|api[ -]key/i.test(`${asText(first?.code) ?? ''} ${detail}`);
  if (answer.status === 401 || (answer.status === 400 && aboutKey)) {
    return {
      kind: 'config',
      reach: 'connection',
      code: 'klaviyo:401',
      message: 'Klaviyo did not accept the API key.',
      remedy: 'Put a valid private key (it begins with pk_) into the setting api_key of this connection.',
      detail,
    };
  }
  if (answer.status === 403 && first !== undefined) {
    return {
      kind: 'config',
      message: `The Klaviyo API key lacks a scope${detail === '' ? '' : ` (${detail.replace(/\.$/, '')})`}.`,
      remedy: 'Give the key in the setting api_key the scopes profiles:read, events:read and metrics:read.',
      detail,
    };
  }
  if (answer.status === 410) {
    return {
      kind: 'config',
      reach: 'connection',
      message: 'Klaviyo has retired this API revision.',
      remedy: 'Set revision to a newer one.',
      detail,
    };
  }
  return undefined;
}

export interface ListRequest {
  readonly path: string;
  readonly endpoint: string;
  readonly bucket?: string;
  readonly query: Query;
  readonly cursor: Json | undefined;
  readonly signal: AbortSignal;
}

/** One page of a JSON:API collection. The next cursor is lifted out of the link; the link itself is never followed. */
export async function listPage(api: KlaviyoApi, request: ListRequest): Promise<ListingPage & { readonly included: readonly JsonObject[] }> {
  const { path, endpoint, bucket, signal } = request;
  const query = { ...request.query, 'page[cursor]': asText(request.cursor) };
  const { body } = await api.http.get(path, { endpoint, ...(bucket === undefined ? {} : { bucket }), query, signal });
  const document = asObject(body);
  if (!Array.isArray(document?.data)) {
    throw new TributaryError(`Klaviyo's answer to ${path} holds no list of rows.`, {
      kind: 'data',
      code: 'klaviyo:no_data',
      remedy: 'The table is read again later. If it stays, check base_url and revision in the settings.',
    });
  }
  return {
    // What is no resource has no key either; as a row it ends among the dead letters instead of nowhere.
    rows: (document.data as readonly Json[]).map((resource): Row => asObject(resource) ?? { value: resource }),
    next: cursorOf(asText(asObject(document.links)?.next)),
    included: Array.isArray(document.included) ? (document.included as readonly JsonObject[]) : [],
  };
}

function cursorOf(link: string | undefined): string | undefined {
  if (link === undefined || link === '') return undefined;
  const cursor = new URLSearchParams(link.slice(link.indexOf('?') + 1)).get('page[cursor]');
  if (cursor === null || cursor === '') {
    throw new TributaryError('Klaviyo named a next page without a cursor.', {
      kind: 'data',
      code: 'klaviyo:no_cursor',
      remedy: 'The table is read again later. Report it to the vendor if it stays.',
    });
  }
  return cursor;
}

/** The resource, or undefined when it does not exist. */
export async function readOne(
  api: KlaviyoApi,
  path: string,
  endpoint: string,
  query: Query,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  return asObject((await readDocument(api, path, endpoint, query, signal))?.data);
}

/** The whole answer about one resource, or undefined when it does not exist. */
export async function readDocument(
  api: KlaviyoApi,
  path: string,
  endpoint: string,
  query: Query,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  try {
    const { body } = await api.http.get(path, { endpoint, query, signal });
    return asObject(body);
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
