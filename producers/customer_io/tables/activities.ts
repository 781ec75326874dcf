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
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';

const instant = (row: Row): number | null => {
  const seconds = asNumber(row.timestamp);
  return seconds === undefined ? null : seconds * SECOND;
};

// Without `deleted`, the vendor may leave out activities of deleted people.
const page = listing('/activities', 'activities', { query: () => ({ limit: 100, deleted: true }) });

/** Newest first; ends at the first page on which every activity is older than `after`. */
const newest: FetchPage<CustomerIoApi, IncrementalAsk> = async (api, ask, signal) => {
  const batch = await page(api, ask, signal);
  const { after } = ask;
  const over =
    after !== undefined && batch.rows.length > 0 && batch.rows.every((row) => (instant(row) ?? Number.POSITIVE_INFINITY) < after);
  return over ? { ...batch, next: END } : batch;
};

const backTo = (overlap: number): Reader<CustomerIoApi> =>
  incremental<CustomerIoApi>({ call: newest, by: instant, overlap, delay: 0, limitedHistory: true, unordered: true });

/** New activities. Runs every minute, so it reads only ten minutes back: more would use up the request limit of a busy workspace. */
const recent = backTo(10 * MINUTE);

const sixHours = backTo(6 * HOUR);

/** Activities that arrived up to six hours late. The first run starts as if they had been read up to an hour ago. */
const late: Reader<CustomerIoApi> = (ctx) =>
  sixHours(ctx.position === undefined ? contextWith(ctx, { position: { v: 1, at: ctx.runStart - HOUR } }) : ctx);

/** The whole log, for activities with an old time that arrived late: the other phases end before the pages that hold them. */
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
