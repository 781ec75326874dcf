import { TributaryError } from '../../src/core/errors.ts';
import type { HttpAnswer, HttpClient, HttpFactory, Verdict } from '../../src/sdk/http/client.ts';
import { checkedRows } from '../../src/core/checked-rows.ts';
import { vendorText } from '../../src/sdk/http/errors.ts';
import { withKeyProof } from '../../src/sdk/http/known-key.ts';
import type { Row } from '../../src/core/types.ts';
import type { Stage } from './aggregation.ts';
import type { PendoSettings } from './settings.ts';

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

const SECOND = 1_000;
const AGGREGATION = '/api/v1/aggregation';
/** The vendor ends an aggregation after five minutes, and an answer at four gigabytes. */
const LONGEST = 300 * SECOND;
/** What it took five minutes to find still has to come over the line. */
const PATIENCE = 2 * LONGEST;
const LARGEST = 4 * 1024 ** 3;
/** How long to keep away when a refusal does not say. */
const UNNAMED_WAIT = 30 * SECOND;

export function connectPendo(settings: PendoSettings, http: HttpFactory): PendoApi {
  const perSecond = settings.requests_per_second;
  return {
    http: withKeyProof(
      http({
        title: 'Pendo',
        vendor: 'pendo',
        baseUrl: settings.base_url ?? HOSTS[settings.region ?? (settings.integration_key.endsWith('.eu') ? 'eu' : 'us')],
        headers: { 'x-pendo-integration-key': settings.integration_key, accept: 'application/json', 'content-type': 'application/json' },
        maxBytes: LARGEST,
        // What is under way counts as well: one aggregation at a time, four requests for history.
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

/** The aggregation was too much for the vendor. */
const TOO_HEAVY = 'pendo:too_heavy';
/** Tries after which a gateway that did not wait for the answer is taken at its word. */
const GATEWAY_TRIES = 4;

function classify(answer: HttpAnswer, now: number): Verdict | undefined {
  const { status, text } = answer;
  if (status >= 200 && status < 300) return undefined;
  const words =
    answer.body === undefined ? (/^\s*</.test(text.slice(0, 200)) ? '' : text.slice(0, 2_000)) : (vendorText(answer.body) ?? '');
  const said = words.trim().slice(0, 200).replace(/\.$/, '');
  const because = said === '' ? '' : ` (${said})`;
  const heavy: Verdict = {
    kind: 'data',
    code: TOO_HEAVY,
    message: `Pendo gave up an aggregation that was too much for it${because}.`,
    remedy: 'Lower record_limit, or app_ids; the table is read again later.',
    detail: said,
  };
  if (status === 408 || /memory limit/i.test(text)) return heavy;
  switch (status) {
    case 400:
      if (/missing jzb/i.test(text)) {
        return {
          kind: 'config',
          reach: 'connection',
          code: 'pendo:key_refused',
          message: 'Pendo does not know this key in this region.',
          remedy: 'Set region to where the subscription is hosted, and put its key into integration_key.',
          detail: said,
        };
      }
      return said === ''
        ? undefined
        : {
            kind: 'data',
            message: `Pendo refused the request${because}.`,
            remedy: 'If every request ends like this, check the setting region.',
            detail: said,
          };
    case 401:
      return {
        kind: 'config',
        reach: 'connection',
        message: 'Pendo did not accept the integration key.',
        remedy: 'Put a valid integration key into the setting integration_key, and set region to where the subscription is hosted.',
        detail: said,
      };
    case 403:
      return /html/i.test(answer.headers['content-type'] ?? '')
        ? undefined
        : {
            kind: 'config',
            message: `Pendo does not let this key read this${because}.`,
            remedy:
              'Either the setting integration_key holds no valid key of this region, or the key lacks access: an admin can grant it, for aggregations with Allow Write Access.',
            detail: said,
          };
    case 429:
      return answer.headers['retry-after'] === undefined
        ? { kind: 'rate_limit', message: 'Pendo asks to wait.', retryAt: now + UNNAMED_WAIT }
        : undefined;
    case 504:
      return { kind: 'transient', tries: GATEWAY_TRIES, remedy: 'The request is repeated, for less where that may help.' };
    default:
      return undefined;
  }
}

/** Whether asking for less may help. */
export const isTooHeavy = (error: unknown): boolean =>
  error instanceof TributaryError && [TOO_HEAVY, 'pendo:timeout', 'pendo:504'].includes(error.code ?? '');

/**
 * Rows of an aggregation as they arrive; `pipeline` is asked for anew before each try. `reducible`: an answer that does
 * not come in time is given up, since less can be asked for; otherwise it is asked for again and again.
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
    timeoutMs: PATIENCE,
    ...(reducible ? { maxTimeouts: 1 } : {}),
    body: () => ({ response: { mimeType: 'application/json' }, request: { requestId: name, name, pipeline: pipeline() } }),
  });
  for await (const listed of answered) yield checkedRows(listed);
}

/** All rows of a small aggregation, each as small as `keep` makes it. */
export async function aggregated<T = Row>(
  api: PendoApi,
  name: string,
  pipeline: readonly Stage[],
  signal: AbortSignal,
  keep: (row: Row) => T,
): Promise<readonly T[]> {
  let rows: T[] = [];
  const whole = (): readonly Stage[] => {
    rows = [];
    return pipeline;
  };
  for await (const batch of aggregate(api, name, whole, signal)) for (const row of batch) rows.push(keep(row));
  return rows;
}
