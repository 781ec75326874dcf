import { cutText } from '../../src/core/cut.ts';
import { TributaryError } from '../../src/core/errors.ts';
import type { RateWindow } from '../../src/sdk/http/budget.ts';
import { statusOf } from '../../src/sdk/http/client.ts';
import { notOfApi } from '../../src/sdk/http/errors.ts';
import { parseListing } from '../../src/sdk/http/listing-elements.ts';
import type { RowsOfElements } from '../../src/sdk/http/listing-elements.ts';
import type { HttpAnswer, HttpClient, HttpFactory, Query, Verdict } from '../../src/sdk/http/client.ts';
import { listAt, nextAt, otherAnswer, unusable } from '../../src/sdk/answers.ts';
import type { Asked } from '../../src/sdk/answers.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { Json, JsonObject } from '../../src/core/types.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { ListingPage } from '../../src/sdk/readers/paginate.ts';
import { checkedRows, needsId } from '../../src/core/checked-rows.ts';
import { withKeyProof } from '../../src/sdk/http/known-key.ts';
import type { KlaviyoSettings } from './settings.ts';

export interface KlaviyoApi {
  readonly http: HttpClient;
  readonly predictive: boolean;
  readonly attributions: boolean;
  /** Rows per page of events; reduced when the vendor refuses the larger size. */
  eventPageSize: number;
}

const limits = (perSecond: number, perMinute: number): { windows: RateWindow[] } => ({
  windows: [
    { limit: perSecond, per: 1_000 },
    { limit: perMinute, per: 60_000 },
  ],
});

/** Rate limits per endpoint and account. Source: developers.klaviyo.com, "Rate limits, status codes, and errors". */
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

/** Largest answer, bytes. An event may have 5 MB; a larger page of events is requested again with fewer rows. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Klaviyo retires a revision two years after its date, and may then silently answer with another revision. */
const REVISION_YEARS = 2;

function retired(revision: string, now: number): TributaryError | undefined {
  const [, year = '', rest = ''] = /^(\d{4})(-\d{2}-\d{2})/.exec(revision) ?? [];
  const ends = Date.parse(`${Number(year) + REVISION_YEARS}${rest}`);
  // 29 February does not exist two years later. A text that is not a date is refused by the vendor itself.
  if (Number.isNaN(ends) || now < ends) return undefined;
  return new TributaryError(`Klaviyo has retired its API revision ${revision}: each is kept for ${REVISION_YEARS} years.`, {
    kind: 'config',
    reach: 'connection',
    code: 'klaviyo:revision',
    remedy: 'Remove the setting revision, or set it to a newer one.',
  });
}

export function connectKlaviyo(settings: KlaviyoSettings, http: HttpFactory, now: () => number): KlaviyoApi {
  const refused = retired(settings.revision, now());
  if (refused !== undefined) throw refused;
  return {
    http: withKeyProof(
      http({
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
        classify: (answer, at) => otherRevision(answer, settings.revision) ?? classify(answer, at),
        quota: (answer, now) => {
          const remaining = Number.parseInt(answer.headers['ratelimit-remaining'] ?? '', 10);
          const seconds = Number.parseInt(answer.headers['ratelimit-reset'] ?? '', 10);
          return Number.isFinite(remaining) && Number.isFinite(seconds) ? { remaining, resetAt: now + seconds * 1_000 } : undefined;
        },
        secrets: [settings.api_key],
      }),
      { vendor: 'klaviyo', path: '/api/accounts', bucket: 'accounts' },
    ),
    predictive: settings.predictive_analytics,
    attributions: settings.attributions,
    eventPageSize: 1_000,
  };
}

/**
 * An answer that names its revision must name the requested one. A header that names no revision is not Klaviyo's: gateways
 * write the revision of their own programs into it.
 */
function otherRevision({ status, headers }: HttpAnswer, asked: string): Verdict | undefined {
  const named = (headers['revision'] ?? '').split(',').map((one) => one.trim());
  const made = named.find((one) => /^\d{4}-\d{2}-\d{2}/.test(one));
  if (status >= 300 || made === undefined || named.includes(asked)) return undefined;
  return {
    kind: 'config',
    reach: 'connection',
    code: 'klaviyo:revision',
    message: `Klaviyo was asked for its API revision ${asked} and answered with ${cutText(made, 40)}.`,
    remedy: 'Set revision to one that Klaviyo still supports.',
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
  if (answer.status === 404 && !Array.isArray(asObject(answer.body)?.errors))
    return notOfApi({ title: 'Klaviyo', vendor: 'klaviyo', what: 'a request' });
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

const about = (path: string): Asked => ({ what: `GET ${path} of Klaviyo`, code: 'klaviyo:no_data' });

export interface ListRequest {
  readonly path: string;
  readonly endpoint: string;
  readonly bucket?: string;
  readonly query: Query;
  readonly cursor: Json | undefined;
  readonly signal: AbortSignal;
  /** Makes rows of the answer's elements. */
  readonly rows?: RowsOfElements | undefined;
}

/** One page of a JSON:API collection. The cursor is taken from the link to the next page; the link itself is never followed. */
export async function listPage(api: KlaviyoApi, request: ListRequest): Promise<ListingPage & { readonly included: readonly JsonObject[] }> {
  const { path, endpoint, bucket, signal, rows } = request;
  const query = { ...request.query, 'page[cursor]': asText(request.cursor) };
  const parse = rows && ((content: Buffer) => parseListing(content, 'data', rows));
  const { body } = await api.http.get(path, { endpoint, ...(bucket === undefined ? {} : { bucket }), query, signal, parse });
  const asked = about(path);
  // The last page has no `next` link. A missing `next` proves the end only together with the `self` link that every page has.
  const link = nextAt(body, { at: 'links.next', ends: ['absent', 'null'], beside: 'self' }, asked);
  const listed = listAt(body, 'data', asked);
  checkType(listed, path);
  return {
    rows: checkedRows(listed, needsId('id')),
    next: link === END ? END : cursorOf(String(link)),
    included: includedIn(body, path),
  };
}

/** Throws `data` when all resources of an answer are of another type than the one at that path. */
function checkType(resources: readonly Json[], path: string): void {
  const wanted = path.split('/')[2]?.replace(/s$/, '');
  let other: string | undefined;
  for (const resource of resources) {
    const type = asText(asObject(resource)?.type);
    if (type === wanted) return;
    other ??= type;
  }
  if (other !== undefined) throw otherAnswer(`GET ${path} of Klaviyo holds resources of the type ${cutText(other, 40)}`);
}

/** The included resources of an answer; the member is absent when there are none. */
export function includedIn(document: Json | undefined, path: string): readonly JsonObject[] {
  const included = asObject(document)?.included;
  if (included === undefined) return [];
  if (!Array.isArray(included)) throw unusable(about(path), 'holds no list at included');
  return (included as readonly Json[]).filter(isResource);
}

const isResource = (resource: Json): resource is JsonObject => asObject(resource) !== undefined;

function cursorOf(link: string): string {
  const cursor = new URLSearchParams(link.slice(link.indexOf('?') + 1)).get('page[cursor]');
  if (cursor === null || cursor === '') {
    throw new TributaryError('Klaviyo named a next page without a cursor.', {
      kind: 'data',
      code: 'klaviyo:no_cursor',
      remedy: 'The table is read again later. Report it to the vendor if this persists.',
    });
  }
  return cursor;
}

/** One resource and the whole answer that contained it. */
export interface Document {
  readonly whole: JsonObject;
  readonly resource: JsonObject;
}

/** The answer about one resource; undefined only when the vendor's API itself answers 404. */
export async function readDocument(
  api: KlaviyoApi,
  path: string,
  endpoint: string,
  query: Query,
  signal: AbortSignal,
): Promise<Document | undefined> {
  const body = await readFound(api, path, endpoint, query, signal);
  if (body === undefined) return undefined;
  const whole = asObject(body);
  const resource = asObject(whole?.data);
  if (whole === undefined || resource === undefined || asText(resource.id) === undefined) throw unusable(about(path), 'holds no resource');
  return { whole, resource };
}

/** The id that a to-one relationship points to; null when it points to nothing, undefined when its resource does not exist (404). */
export async function readRelated(
  api: KlaviyoApi,
  path: string,
  endpoint: string,
  signal: AbortSignal,
): Promise<string | null | undefined> {
  const body = await readFound(api, path, endpoint, {}, signal);
  if (body === undefined) return undefined;
  const data = asObject(body)?.data;
  if (data === null) return null;
  const id = asText(asObject(data)?.id);
  if (id === undefined) throw unusable(about(path), 'names neither a resource nor none');
  return id;
}

async function readFound(api: KlaviyoApi, path: string, endpoint: string, query: Query, signal: AbortSignal): Promise<Json | undefined> {
  try {
    return (await api.http.get(path, { endpoint, query, signal })).body;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
