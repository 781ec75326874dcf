import { TributaryError } from '../../src/core/errors.ts';
import { statusOf } from '../../src/sdk/http/client.ts';
import type { HttpAnswer, HttpClient, HttpFactory, Verdict } from '../../src/sdk/http/client.ts';
import { asNumber, asObject, asText } from '../../src/sdk/readers/resume.ts';
import { retryAfter, untilDate } from '../../src/sdk/http/retry.ts';
import type { Json, JsonObject } from '../../src/core/types.ts';
import { withKeyProof } from '../../src/sdk/http/known-key.ts';
import type { SegmentSettings } from './settings.ts';

export interface SegmentApi {
  readonly http: HttpClient;
  readonly pageSize: number;
  readonly deliveryMetrics: SegmentSettings['delivery_metrics'];
  readonly now: () => number;
}

/**
 * Share of the limit for alpha endpoints, whose stricter limits are unpublished: 60 of 150, as low as the published ones of
 * related endpoints.
 */
const ALPHA_SHARE = 0.4;

const HOSTS = { us: 'https://api.segmentapis.com', eu: 'https://eu1.api.segmentapis.com' } as const;

/** Opens Segment's Public API. Sources: docs.segmentapis.com, pages "Authentication", "Rate-Limits" and "Error-Handling". */
export function connectSegment(settings: SegmentSettings, http: HttpFactory, now: () => number): SegmentApi {
  return {
    http: withKeyProof(
      http({
        title: 'Segment',
        vendor: 'segment',
        baseUrl: settings.base_url ?? HOSTS[settings.region],
        // Without a version header each endpoint answers in its most stable version.
        headers: { authorization: `Bearer ${settings.api_token}`, accept: 'application/json' },
        timeoutMs: 60_000,
        budget: {
          buckets: {
            default: { windows: [{ limit: settings.requests_per_minute, per: 60_000 }] },
            alpha: { windows: [{ limit: Math.ceil(settings.requests_per_minute * ALPHA_SHARE), per: 60_000 }], within: 'default' },
          },
          concurrency: 2,
        },
        classify,
        quota: (answer, at) => {
          const remaining = Number.parseInt(answer.headers['x-ratelimit-remaining'] ?? '', 10);
          const resetAt = windowEnd(answer.headers, at);
          return Number.isFinite(remaining) && resetAt !== undefined ? { remaining, resetAt } : undefined;
        },
        secrets: [settings.api_token],
      }),
      { vendor: 'segment', path: '/' },
    ),
    pageSize: settings.page_size,
    deliveryMetrics: settings.delivery_metrics,
    now,
  };
}

/**
 * The workspace the token belongs to.
 * @throws TributaryError `config` for the whole connection when the token is refused, with 401 or with 403.
 */
export async function readWorkspace(api: SegmentApi, signal: AbortSignal): Promise<JsonObject | undefined> {
  try {
    const { body } = await api.http.get('/', { endpoint: '/', signal, maxTries: 3 });
    return asObject(asObject(asObject(body)?.data)?.workspace);
  } catch (error) {
    if (!(error instanceof TributaryError) || statusOf(error) !== 403) throw error;
    throw new TributaryError(error.message, {
      kind: 'config',
      reach: 'connection',
      code: 'segment:key_refused',
      cause: error,
      remedy: 'Use a Public API token in the setting api_token, and set region to where the workspace is hosted.',
    });
  }
}

/** Throws the error a failed request really means: a 403 may concern one table or the token as a whole. */
export async function explained(api: SegmentApi, error: unknown, signal: AbortSignal): Promise<never> {
  if (statusOf(error) !== 403) throw error;
  await readWorkspace(api, signal).catch((probeError: unknown) => {
    if (probeError instanceof TributaryError && probeError.reach === 'connection') throw probeError;
  });
  throw error;
}

function classify(answer: HttpAnswer, now: number): Verdict | undefined {
  const first = asObject((asObject(answer.body)?.errors as readonly Json[] | undefined)?.[0]);
  const said = asText(first?.message)?.replace(/\.$/, '');
  const because = said === undefined ? '' : ` (${said})`;
  switch (answer.status) {
    case 429: {
      const retryAt = waitUntil(first, answer.headers, now);
      return { kind: 'rate_limit', message: 'Segment asks to wait.', ...(retryAt === undefined ? {} : { retryAt }) };
    }
    case 401:
      return {
        kind: 'config',
        reach: 'connection',
        message: `Segment did not accept the token${because}.`,
        remedy:
          'Put a valid Public API token into the setting api_token, and set region to where the workspace is hosted: a token works in its own region only.',
      };
    case 403:
      return first === undefined
        ? undefined
        : {
            kind: 'config',
            message: `The workspace's plan or the token's role does not allow this${because}.`,
            remedy: 'Have the feature enabled or use a token with the role Workspace Owner; the table is tried again later. Or exclude it.',
          };
    default:
      return undefined;
  }
}

function waitUntil(error: JsonObject | undefined, headers: HttpAnswer['headers'], now: number): number | undefined {
  const wait = asNumber(asObject(error?.data)?.msBeforeNext) ?? 0;
  const told = wait > 0 ? now + wait : (retryAfter(headers, now) ?? windowEnd(headers, now));
  // A time that is not in the future would repeat the request at once, again and again.
  return told === undefined || told <= now ? undefined : told;
}

/** End of the vendor's window. */
function windowEnd(headers: HttpAnswer['headers'], now: number): number | undefined {
  const left = untilDate(headers['x-ratelimit-reset'], now, headers['date']);
  return Number.isNaN(left) ? undefined : now + Math.max(0, left);
}
