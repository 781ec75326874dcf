import { asObject, contextWith } from '../../../src/sdk/readers/resume.ts';
import type { Reader } from '../../../src/core/types.ts';
import { windows } from '../../../src/sdk/readers/windows.ts';
import type { WindowAsk } from '../../../src/sdk/readers/windows.ts';
import { END } from '../../../src/sdk/readers/paginate.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, integer, json, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { CONCURRENCY } from '../api.ts';
import type { CustomerIoApi } from '../api.ts';
import { deduplicateId, lastChange, time, withPerson } from '../columns.ts';
import { listing, rowsIn } from '../listing.ts';
import type { CustomerIoSettings } from '../settings.ts';
import { DAY, HOUR, instantOf, SECOND } from '../../../src/core/time.ts';

/** Lower bound: the vendor did not exist before, so there are no earlier deliveries. */
const FIRST_DAY = Date.UTC(2012, 0, 1);
/** The API silently cuts longer ranges to six months. */
const PROBE = 180 * DAY;

const page = listing<WindowAsk>('/messages', 'messages', {
  query: ({ from, to }) => ({
    limit: 1_000,
    start_ts: Math.ceil((from ?? 0) / SECOND),
    end_ts: Math.ceil(to / SECOND) - 1,
    get_tracked_responses: true,
  }),
});

/** Start of the half year with the first delivery. The API lists the newest first and at most six months at once. */
async function origin(api: CustomerIoApi, signal: AbortSignal): Promise<number> {
  for (let from = FIRST_DAY; from < api.now(); from += PROBE) {
    const query = { limit: 1, start_ts: from / SECOND, end_ts: (from + PROBE) / SECOND - 1 };
    const { body } = await api.http.get('/messages', { endpoint: '/messages', query, signal });
    if (rowsIn(body, 'messages', '/messages').length > 0) return from;
  }
  return Number.POSITIVE_INFINITY;
}

/** Deliveries by creation time, which never changes. Opens, clicks and conversions are found by reading them again. */
const read = (lookback: number): Reader<CustomerIoApi> =>
  windows<CustomerIoApi>({
    // There is nothing before the origin, and a window without a start would return six months.
    call: async (api, ask, signal) => (ask.from === undefined ? { rows: [], next: END } : page(api, ask, signal)),
    by: (delivery) => instantOf(delivery.created, { epoch: 's' }),
    // Pages of one window are read one after the other, windows in parallel, so short windows use the request limit.
    span: DAY,
    least: 10 * 60 * SECOND,
    maxPages: 4,
    delay: SECOND,
    concurrency: CONCURRENCY,
    ahead: 2,
    tiers: [
      { span: Math.min(DAY, lookback), every: 0 },
      { span: lookback, every: HOUR },
    ],
    origin,
  });

/** Every run starts from the beginning, unless it continues an interrupted run. */
const fromStart =
  (reader: Reader<CustomerIoApi>): Reader<CustomerIoApi> =>
  (ctx) =>
    reader(ctx.position?.plan === undefined ? contextWith(ctx, { position: undefined }) : ctx);

/** The time of one metric of the delivery. */
const happened = (metric: string, doc: string) =>
  time(doc).of((row) => {
    const at = asObject(row.metrics)?.[metric];
    return typeof at === 'number' && at > 0 ? at : undefined;
  });

export const messages = (settings: CustomerIoSettings): TableDefinition =>
  table({
    name: 'messages',
    docs: 'Customer.io App API: List messages (deliveries; the second "messages" of the connector\'s page)',
    documentedKey: ['id'],
    key: ['id'],
    method: 'incremental',
    replicationKey: 'created',
    fields: {
      id: text('Delivery id'),
      deduplicate_id: deduplicateId,
      updated_at: time('When something last became of it, from deduplicate_id').of(lastChange),
      created: time('When it was made'),
      type: text('Channel'),
      recipient: text('Address or number it went to'),
      subject: text('Subject'),
      failure_message: text('Why it failed'),
      customer_id: text('Person it went to; customer_id in table customers'),
      customer_cio_id: text('Person it went to; id in table customers'),
      customer_email: text('Their e-mail address'),
      campaign_id: integer('Campaign that sent it'),
      newsletter_id: integer('Newsletter that sent it'),
      broadcast_id: integer('Broadcast that sent it'),
      transactional_message_id: integer('Template that made it; id in table transactional_messages'),
      action_id: integer('Action of the campaign or broadcast'),
      parent_action_id: integer('Action that one is a variant of'),
      content_id: integer('Variant of the newsletter'),
      msg_template_id: integer('Template; the vendor is giving it up'),
      trigger_event_id: text('Event that triggered it'),
      forgotten: boolean('Whether its content was not kept'),
      sent_at: happened('sent', 'When it was sent'),
      delivered_at: happened('delivered', 'When it was delivered'),
      opened_at: happened('opened', 'When it was opened'),
      human_opened_at: happened('human_opened', 'When a person opened it'),
      clicked_at: happened('clicked', 'When a link was clicked'),
      human_clicked_at: happened('human_clicked', 'When a person clicked a link'),
      converted_at: happened('converted', 'When the person did what it was for'),
      bounced_at: happened('bounced', 'When it bounced'),
      dropped_at: happened('dropped', 'When it was dropped'),
      failed_at: happened('failed', 'When it failed'),
      spammed_at: happened('spammed', 'When it was called spam'),
      unsubscribed_at: happened('unsubscribed', 'When the person unsubscribed by it'),
      undeliverable_at: happened('undeliverable', 'When it proved undeliverable'),
      metrics: json('All of that and the links clicked, seconds since 1970'),
      tracked_responses: json('Answers given in the app'),
    },
    // The vendor's documentation uses another field name for the template than the API.
    shape: ({ message_template_id: documented, ...row }) =>
      withPerson({ ...row, msg_template_id: row.msg_template_id ?? documented ?? null }),
    read: settings.full_reread.includes('messages') ? fromStart(read(settings.lookback_days * DAY)) : read(settings.lookback_days * DAY),
    // Deliveries of deleted people stay, with fewer fields.
    deletes: 'none',
    partitions: 3,
    schedule: '*/5 * * * *',
  });
