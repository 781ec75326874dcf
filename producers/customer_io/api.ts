import { cutText } from '../../src/core/cut.ts';
import type { HttpAnswer, HttpClient, HttpFactory, Verdict } from '../../src/sdk/http/client.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import { retryAfter } from '../../src/sdk/http/retry.ts';
import type { Json } from '../../src/core/types.ts';
import { withKeyProof } from '../../src/sdk/http/known-key.ts';
import type { CustomerIoSettings } from './settings.ts';

export interface CustomerIoApi {
  readonly http: HttpClient;
  readonly now: () => number;
}

const HOSTS = { us: 'https://api.customer.io/v1', eu: 'https://api-eu.customer.io/v1' } as const;

/** Longest pause kept for one refusal, ms; after it the request is repeated. */
const LONGEST_WAIT = 300_000;

/** Requests in flight at once: enough to use the whole budget when each takes a second. */
export const CONCURRENCY = 10;

/** Opens Customer.io's App API. Source: docs.customer.io, page "App API". */
export function connectCustomerIo(settings: CustomerIoSettings, http: HttpFactory, now: () => number): CustomerIoApi {
  return {
    now,
    http: withKeyProof(
      http({
        title: 'Customer.io',
        vendor: 'customer_io',
        baseUrl: settings.base_url ?? HOSTS[settings.region],
        headers: { authorization: `Bearer ${settings.access_token}`, accept: 'application/json' },
        timeoutMs: 60_000,
        budget: {
          buckets: { default: { windows: [{ limit: settings.requests_per_second, per: 1_000, slack: 15 }] } },
          concurrency: CONCURRENCY,
        },
        classify,
        secrets: [settings.access_token],
      }),
      { vendor: 'customer_io', path: '/workspaces' },
    ),
  };
}

function classify(answer: HttpAnswer, now: number): Verdict | undefined {
  const said = vendorText(answer.body);
  const because = said === undefined ? '' : ` (${said})`;
  // The raw text contains the reference number of the request, which the vendor's support asks for.
  const detail = cutText(answer.text, 500);
  switch (answer.status) {
    case 401:
      return {
        kind: 'config',
        reach: 'connection',
        detail,
        message: `Customer.io did not accept the key${because}.`,
        remedy:
          "Put an App API key (not a Track or CDP key) into the setting access_token, set region to where the workspace is hosted, and let the account's IP allowlist admit this machine.",
      };
    case 403:
      return said === undefined
        ? undefined
        : {
            kind: 'config',
            detail,
            message: `The key's scope or the plan does not allow this${because}.`,
            remedy:
              'Give the key in the setting access_token the scope to read this, or exclude the table. It is tried again with its next run.',
          };
    case 404:
      // The API's own "not found" is JSON; an answer without JSON comes from a server in front of it.
      return answer.body !== undefined
        ? undefined
        : {
            kind: 'config',
            message: 'Customer.io does not know this path.',
            remedy: 'If base_url is set, it has to end with the version: https://host/v1.',
            detail,
          };
    case 429: {
      const at = retryAfter(answer.headers, now);
      return at === undefined
        ? {
            kind: 'rate_limit',
            detail,
            message: `Customer.io asks to wait and does not say how long, as it does when the day's quota is used up${because}.`,
          }
        : { kind: 'rate_limit', detail, message: 'Customer.io asks to wait.', retryAt: Math.min(at, now + LONGEST_WAIT) };
    }
    default:
      return undefined;
  }
}

/** The vendor's message without the reference number of the request. */
function vendorText(body: Json | undefined): string | undefined {
  const document = asObject(body);
  const first = Array.isArray(document?.errors) ? asObject((document.errors as readonly Json[])[0]) : undefined;
  const text = asText(first?.detail) ?? asText(asObject(document?.meta)?.error) ?? asText(document?.error) ?? asText(document?.message);
  return text
    ?.replace(/ ?\(reference [^()]*\)/g, '')
    .replace(/\.$/, '')
    .trim();
}
