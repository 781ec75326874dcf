import type { Answer, HttpClient, HttpFactory, Verdict } from '../../src/extract/http.ts';
import { asNumber, asObject, asText } from '../../src/extract/resume.ts';
import { retryAfter } from '../../src/extract/retry.ts';
import type { Json, JsonObject } from '../../src/extract/types.ts';
import type { SegmentSettings } from './settings.ts';

export interface SegmentApi {
  readonly http: HttpClient;
  readonly pageSize: number;
  readonly deliveryMetrics: SegmentSettings['delivery_metrics'];
  readonly now: () => number;
}

const HOSTS = { us: 'https://api.segmentapis.com', eu: 'https://eu1.api.segmentapis.com' } as const;

export function connectSegment(settings: SegmentSettings, http: HttpFactory, now: () => number): SegmentApi {
  return {
    http: http({
      title: 'Segment',
      vendor: 'segment',
      baseUrl: settings.base_url ?? HOSTS[settings.region],
      // Without a version each endpoint answers in its most mature one.
      headers: { authorization: `Bearer ${settings.api_token}`, accept: 'application/json' },
      timeoutMs: 60_000,
      budget: { buckets: { default: { windows: [{ limit: settings.requests_per_minute, per: 60_000 }] } }, concurrency: 2 },
      classify,
      quota: (answer, at) => {
        const remaining = Number.parseInt(answer.headers['x-ratelimit-remaining'] ?? '', 10);
        const resetAt = windowEnd(answer.headers, at);
        return Number.isFinite(remaining) && resetAt !== undefined ? { remaining, resetAt } : undefined;
      },
      secrets: [settings.api_token],
    }),
    pageSize: settings.page_size,
    deliveryMetrics: settings.delivery_metrics,
    now,
  };
}

function classify(answer: Answer, now: number): Verdict | undefined {
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
        kind: 'config', reach: 'connection', message: `Segment did not accept the token${because}.`,
        remedy: 'Put a valid Public API token into the setting api_token, and set region to where the workspace is hosted: a token works in its own region only.',
      };
    case 403:
      return first === undefined ? undefined : {
        kind: 'config', message: `The workspace's plan or the token's role does not allow this${because}.`,
        remedy: 'Have the feature enabled or use a token with the role Workspace Owner; the table is tried again later. Or exclude it.',
      };
    default:
      return undefined;
  }
}

function waitUntil(error: JsonObject | undefined, headers: Answer['headers'], now: number): number | undefined {
  const wait = asNumber(asObject(error?.data)?.msBeforeNext);
  return wait === undefined ? retryAfter(headers['retry-after'], now) ?? windowEnd(headers, now) : now + Math.max(0, wait);
}

/** When the vendor's window ends. It names a moment of its own clock, so the answer's own date is what to count from. */
function windowEnd(headers: Answer['headers'], now: number): number | undefined {
  const reset = Date.parse(headers['x-ratelimit-reset'] ?? '');
  if (Number.isNaN(reset)) return undefined;
  const sent = Date.parse(headers['date'] ?? '');
  return now + Math.max(0, reset - (Number.isNaN(sent) ? now : sent));
}
