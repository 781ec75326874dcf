import { incremental } from '../../../src/sdk/readers/incremental.ts';
import type { IncrementalAsk } from '../../../src/sdk/readers/incremental.ts';
import { fullScan } from '../../../src/sdk/readers/full-scan.ts';
import { phases } from '../../../src/sdk/readers/phases.ts';
import { asNumber, contextWith } from '../../../src/sdk/readers/resume.ts';
import type { Reader, Row } from '../../../src/core/types.ts';
import { END } from '../../../src/sdk/readers/paginate.ts';
import type { FetchPage } from '../../../src/sdk/readers/paginate.ts';
import { table } from '../../../src/sdk/define.ts';
import { json, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import type { CustomerIoApi } from '../api.ts';
import { time, withPerson } from '../columns.ts';
import { listing } from '../listing.ts';
import type { CustomerIoSettings } from '../settings.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const instant = (row: Row): number | null => {
  const seconds = asNumber(row.timestamp);
  return seconds === undefined ? null : seconds * SECOND;
};

// Without "deleted" the activities of people who are gone may be left out.
const page = listing('/activities', 'activities', { query: () => ({ limit: 100, deleted: true }) });

/** Newest first, as far as a page that holds nothing as late as what is wanted. */
const newest: FetchPage<CustomerIoApi, IncrementalAsk> = async (api, ask, signal) => {
  const batch = await page(api, ask, signal);
  const { after } = ask;
  const over =
    after !== undefined && batch.rows.length > 0 && batch.rows.every((row) => (instant(row) ?? Number.POSITIVE_INFINITY) < after);
  return over ? { ...batch, next: END } : batch;
};

const backTo = (overlap: number): Reader<CustomerIoApi> =>
  incremental<CustomerIoApi>({ call: newest, by: instant, overlap, delay: 0, limitedHistory: true, unordered: true });

/** What has come since. Runs each minute, so reading further back would take the whole allowance of a busy workspace. */
const recent = backTo(10 * MINUTE);

const sixHours = backTo(6 * HOUR);

/** What arrived up to six hours late. The first time there is nothing to catch up with. */
const late: Reader<CustomerIoApi> = (ctx) =>
  sixHours(ctx.position === undefined ? contextWith(ctx, { position: { v: 1, at: ctx.runStart - HOUR } }) : ctx);

/** The whole log: what arrived late, with an old time, lies behind pages that end the other way of reading. */
const everything = fullScan(page);

function read(whole: boolean): Reader<CustomerIoApi> {
  const reader = whole
    ? phases({ everything: { read: everything } })
    : phases({
        recent: { read: recent },
        late: { read: late, every: HOUR, notAtFirst: true },
        everything: { read: everything, every: DAY, notAtFirst: true },
      });
  return async function* wanted(ctx) {
    const { since } = ctx;
    for await (const found of reader(ctx)) {
      yield since === undefined ? found : { ...found, rows: found.rows.filter((row) => (instant(row) ?? since) >= since) };
    }
  };
}

export const activities = (settings: CustomerIoSettings): TableDefinition =>
  table({
    name: 'activities',
    docs: 'Customer.io App API: List activities',
    documentedKey: ['id'],
    key: ['id'],
    method: 'incremental',
    replicationKey: 'timestamp',
    fields: {
      id: text('Activity id'),
      type: text('What happened'),
      timestamp: time('When it happened'),
      customer_id: text('Whom it is about; customer_id in table customers'),
      customer_cio_id: text('Whom it is about; id in table customers'),
      customer_email: text('Their e-mail address'),
      delivery_id: text('Delivery it is about; id in table messages'),
      delivery_type: text('Channel of that delivery'),
      name: text('Name of an event or a screen'),
      url: text('Address of a page'),
      data: json('Whatever else belongs to it'),
    },
    shape: withPerson,
    read: read(settings.full_reread.includes('activities')),
    // The vendor keeps 30 days; what leaves its log stays in the topic.
    deletes: 'none',
    partitions: 3,
    schedule: '* * * * *',
  });
