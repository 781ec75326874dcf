import { cutText } from '../../src/core/cut.ts';
import { TributaryError } from '../../src/core/errors.ts';
import type { HttpAnswer, HttpClient, HttpFactory, Verdict } from '../../src/sdk/http/client.ts';
import { checkedRows } from '../../src/core/checked-rows.ts';
import { vendorText } from '../../src/sdk/http/errors.ts';
import { withKeyProof } from '../../src/sdk/http/known-key.ts';
import type { Row } from '../../src/core/types.ts';
import type { Stage } from './aggregation.ts';
import type { PendoSettings } from './settings.ts';
import { SECOND } from '../../src/core/time.ts';

export interface PendoApi {
  readonly http: HttpClient;
  readonly settings: PendoSettings;
  /** Value of the source parameter `appId`. */
  readonly appId: string | readonly number[];
}

const HOSTS = {
  us: 'https://app.pendo.io',
  us1: 'https://us1.app.pendo.io',
  eu: 'https://app.eu.pendo.io',
  jp: 'https://app.jpn.pendo.io',
  au: 'https://app.au.pendo.io',
} as const;

/** Name for people and prefix of error codes. */
export const PENDO = { title: 'Pendo', vendor: 'pendo' } as const;

const AGGREGATION = '/api/v1/aggregation';
/** The vendor ends an aggregation after five minutes and an answer at 4 GB. */
const LONGEST = 300 * SECOND;
/** Time-out of a request, ms. After an aggregation of up to five minutes its answer still has to be transferred. */
const TIMEOUT = 2 * LONGEST;
const LARGEST = 4 * 1024 ** 3;
/** Pause after a refusal that names no time, ms. */
const UNNAMED_WAIT = 30 * SECOND;

/** Opens Pendo's Engage API. Source: the Pendo Engage API collection, overview and status table. */
export function connectPendo(settings: PendoSettings, http: HttpFactory): PendoApi {
  const perSecond = settings.requests_per_second;
  return {
    http: withKeyProof(
      http({
        ...PENDO,
        baseUrl: settings.base_url ?? HOSTS[settings.region ?? (settings.integration_key.endsWith('.eu') ? 'eu' : 'us')],
        headers: { 'x-pendo-integration-key': settings.integration_key, accept: 'application/json', 'content-type': 'application/json' },
        maxBytes: LARGEST,
        // The vendor also limits requests in flight: one aggregation, four requests for visitor history.
        budget: {
          buckets: {
            default: { windows: [{ limit: perSecond, per: SECOND }] },
            history: { windows: [{ limit: 4 * perSecond, per: SECOND }] },
          },
          concurrency: 8,
        },
        classify,
        secrets: [settings.integration_key],
      }),
      { vendor: 'pendo', path: '/api/v1/metadata/schema/account', bucket: 'default' },
    ),
    settings,
    appId: settings.app_ids.length === 0 ? 'expandAppIds("*")' : settings.app_ids,
  };
}

/** Error code of an aggregation that exceeded the vendor's limits. */
const TOO_HEAVY = 'pendo:too_heavy';
/** Attempts after which a gateway time-out (504) counts as too heavy a request. */
const GATEWAY_TRIES = 4;

function classify(answer: HttpAnswer, now: number): Verdict | undefined {
  const { status, text } = answer;
  if (status >= 200 && status < 300) return undefined;
  const words =
    answer.body === undefined ? (/^\s*</.test(text.slice(0, 200)) ? '' : cutText(text, 2_000)) : (vendorText(answer.body) ?? '');
  const said = cutText(words.trim(), 200).replace(/\.$/, '');
  const because = said === '' ? '' : ` (${said})`;
  const verdict = (kind: Verdict['kind'], message: string, remedy: string, more: Partial<Verdict> = {}): Verdict => ({
    kind,
    message,
    remedy,
    detail: said,
    ...more,
  });
  if (status === 408 || /memory limit/i.test(text))
    return verdict(
      'data',
      `Pendo stopped an aggregation that exceeded its limits${because}.`,
      'Lower record_limit, or name fewer apps in app_ids. The table is read again later.',
      { code: TOO_HEAVY },
    );
  switch (status) {
    case 400:
      if (/missing jzb/i.test(text))
        return verdict(
          'config',
          'Pendo does not know this key in this region.',
          'Set region to where the subscription is hosted, and put its key into integration_key.',
          { reach: 'connection', code: 'pendo:key_refused' },
        );
      if (said === '') return undefined;
      return verdict('data', `Pendo refused the request${because}.`, 'If every request ends like this, check the setting region.');
    case 401:
      return verdict(
        'config',
        'Pendo did not accept the integration key.',
        'Put a valid integration key into the setting integration_key, and set region to where the subscription is hosted.',
        { reach: 'connection' },
      );
    case 403:
      if (/html/i.test(answer.headers['content-type'] ?? '')) return undefined;
      return verdict(
        'config',
        `Pendo does not let this key read this${because}.`,
        'Either the setting integration_key holds no valid key of this region, or the key lacks access. An admin can grant it; aggregations need Allow Write Access.',
      );
    case 429:
      if (answer.headers['retry-after'] !== undefined) return undefined;
      return { kind: 'rate_limit', message: 'Pendo asks to wait.', retryAt: now + UNNAMED_WAIT };
    case 504:
      return { kind: 'transient', tries: GATEWAY_TRIES, remedy: 'The request is repeated, with fewer rows where that may help.' };
    default:
      return undefined;
  }
}

/** Whether a request for fewer rows may succeed. */
export const isTooHeavy = (error: unknown): boolean =>
  error instanceof TributaryError && [TOO_HEAVY, 'pendo:timeout', 'pendo:504'].includes(error.code ?? '');

/**
 * Yields the rows of an aggregation as they arrive; `pipeline` is called before each attempt. With `reducible`, an answer that
 * exceeds the time-out is an error, because the caller can request fewer rows; otherwise the request is repeated without a
 * limit.
 */
export async function* aggregate(
  api: PendoApi,
  name: string,
  pipeline: () => readonly Stage[],
  signal: AbortSignal,
  reducible = false,
): AsyncGenerator<readonly Row[], void, void> {
  const answered = api.http.stream(AGGREGATION, {
    endpoint: name,
    bucket: 'default',
    list: 'results',
    signal,
    timeoutMs: TIMEOUT,
    ...(reducible ? { maxTimeouts: 1 } : {}),
    body: () => ({ response: { mimeType: 'application/json' }, request: { requestId: name, name, pipeline: pipeline() } }),
  });
  for await (const listed of answered) yield checkedRows(listed);
}

/** All rows of a small aggregation, each reduced by `keep`. */
export async function aggregated<T = Row>(
  api: PendoApi,
  name: string,
  pipeline: readonly Stage[],
  signal: AbortSignal,
  keep: (row: Row) => T,
): Promise<readonly T[]> {
  let rows: T[] = [];
  const restarted = (): readonly Stage[] => {
    rows = [];
    return pipeline;
  };
  for await (const batch of aggregate(api, name, restarted, signal)) for (const row of batch) rows.push(keep(row));
  return rows;
}
