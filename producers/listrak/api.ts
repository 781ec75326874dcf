import type { HttpFactory } from '../../src/sdk/http/client.ts';
import { createLoginGuard } from '../../src/sdk/login-guard.ts';
import { createSoapClient, rowsOf } from '../../src/sdk/soap/client.ts';
import type { SoapArguments, SoapAsk } from '../../src/sdk/soap/client.ts';
import { DAY, parseSpan } from '../../src/core/time.ts';
import type { Reader, Row } from '../../src/core/types.ts';
import { classify, cooldownAfter, exceptionVerdict, faultVerdict } from './faults.ts';
import type { ListrakSettings } from './settings.ts';
import { timesIn } from './times.ts';
import type { Times } from './times.ts';
import { LISTRAK_NAMESPACE, listrakWsdl } from './wsdl.ts';

export interface ListrakApi {
  /** The rows of one answer; `row` is the name of their XML element. */
  rows(operation: string, row: string, args: SoapArguments, ask: SoapAsk): Promise<Row[]>;
  readonly times: Times;
  readonly testMessages: boolean;
  readonly concurrency: number;
  readonly maxEmptyPages: number;
  /** Lists whose messages could not be listed in the last run, so that the reports of these messages cannot be read either. */
  unlisted: readonly string[];
  /** Lengths of time, ms. */
  readonly window: number;
  readonly sendsLookback: number;
  readonly fullPassEvery: number;
  /** Returns and resets the number of forbidden character references that were replaced. */
  takeRepaired(): number;
}

/** Time-outs, ms. A window of messages comes in one answer of any length. */
const SLOW: Readonly<Record<string, number>> = { ReportListMessageActivity: 300_000 };

/** Opens Listrak's SOAP service. Source: Listrak's operation pages (IntegrationService.asmx, version 31). */
export function connectListrak(settings: ListrakSettings, http: HttpFactory, now: () => number): ListrakApi {
  const { username, password } = settings;
  const escaped = password
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
  let replaced = 0;
  const client = createSoapClient({
    http: http({
      title: 'Listrak',
      vendor: 'listrak',
      baseUrl: settings.base_url,
      classify,
      secrets: [password, escaped],
      maxBytes: 64 * 1024 * 1024,
      budget: { buckets: {}, concurrency: settings.concurrency },
    }),
    title: 'Listrak',
    vendor: 'listrak',
    path: '/v31/IntegrationService.asmx',
    wsdl: listrakWsdl,
    header: { content: { WSUser: { UserName: username, Password: password } }, namespace: LISTRAK_NAMESPACE },
    fault: faultVerdict,
    judge: exceptionVerdict,
    onRepaired: (_operation, count) => {
      replaced += count;
    },
  });
  const guarded = createLoginGuard({ concurrency: settings.concurrency, cooldownAfter, now });

  return {
    async rows(operation, row, args, ask) {
      const slow = SLOW[operation];
      const result = await guarded(
        () => client.call(operation, args, { ...ask, ...(slow === undefined ? {} : { timeoutMs: slow }) }),
        ask.signal,
      );
      return rowsOf(result, `${operation}Result`, row);
    },
    times: timesIn(settings.time_zone),
    testMessages: settings.include_test_messages,
    concurrency: settings.concurrency,
    maxEmptyPages: settings.max_empty_pages,
    unlisted: [],
    window: settings.window_days * DAY,
    sendsLookback: parseSpan(settings.sends_lookback) as number,
    fullPassEvery: parseSpan(settings.full_pass_every) as number,
    takeRepaired() {
      const count = replaced;
      replaced = 0;
      return count;
    },
  };
}

/** The reader that also counts the character references that were replaced (`characters_replaced`). */
export const countingRepairs = (read: Reader<ListrakApi>): Reader<ListrakApi> =>
  async function* counting(ctx) {
    for await (const page of read(ctx)) {
      const replaced = ctx.api.takeRepaired();
      if (replaced > 0) ctx.count('characters_replaced', replaced);
      yield page;
    }
  };
