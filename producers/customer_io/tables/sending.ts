import { places } from '../../../src/sdk/readers/paged.ts';
import { fanOut } from '../../../src/sdk/readers/fan-out.ts';
import { asNumber, asObject, asText } from '../../../src/sdk/readers/resume.ts';
import type { Row } from '../../../src/core/types.ts';
import { END } from '../../../src/sdk/readers/paginate.ts';
import type { FetchPage } from '../../../src/sdk/readers/paginate.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, integer, json, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import type { CustomerIoApi } from '../api.ts';
import { deduplicateId, lastChange, time, withoutZeros } from '../columns.ts';
import { everything, listing, rowsIn, whole } from '../listing.ts';
import type { CustomerIoSettings } from '../settings.ts';

const schedule = '*/5 * * * *';

// `hidden: true` is documented to add the hidden senders, but was seen to return only these. Both listings together are
// complete in either case.
const visibleAndHidden: readonly Row[] = [{ hidden: false }, { hidden: true }];

export const senderIdentities = table({
  name: 'sender_identities',
  docs: 'Customer.io App API: List sender identities',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: integer('Sender id'),
    deduplicate_id: deduplicateId,
    name: text('Name'),
    email: text('Address, of e-mail senders'),
    phone: text('Number, of SMS senders'),
    address: text('Name and address as a mail shows them'),
    template_type: text('email or phone'),
    auto_generated: boolean('Whether the vendor made it'),
    hidden: boolean('Whether it is hidden'),
    updated_at: time('When it was last changed, from deduplicate_id').of(lastChange),
  },
  read: fanOut<CustomerIoApi>(
    async () => visibleAndHidden,
    ({ hidden }) =>
      listing('/sender_identities', 'sender_identities', {
        query: () => ({ limit: 100, hidden: hidden === true }),
      }),
    { key: ({ hidden }) => String(hidden), scope: () => ({}) },
  ),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});

export const ipAddresses = table({
  name: 'ip_addresses',
  docs: 'Customer.io App API: List IP addresses',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text('The address; the vendor gives no id'),
    ip_address: text('Address the vendor sends from'),
  },
  read: everything(
    whole('/info/ip_addresses', 'ip_addresses', {
      rows: (addresses) => addresses.map((address) => ({ id: address, ip_address: address })),
    }),
  ),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});

/** The URL without user and password, and without the values of its query string where the settings say so. */
function withoutCredentials(endpoint: string, redactQuery: boolean): string {
  const plain = endpoint.trim().replace(/^([a-z][a-z0-9+.-]*:\/\/|\/\/)?[^/?#]*@/i, '$1');
  // A value without a name is hidden completely.
  return redactQuery
    ? plain.replace(/\?[^#]*/, (query) =>
        query.replace(/([?&])([^=&]*=)?[^&]*/g, (part, mark: string, name = '') => (part === mark ? part : `${mark}${String(name)}••••`)),
      )
    : plain;
}

export const reportingWebhooks = (settings: CustomerIoSettings): TableDefinition =>
  table({
    name: 'reporting_webhooks',
    docs: 'Customer.io App API: List reporting webhooks',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    fields: {
      id: integer('Webhook id'),
      name: text('Name'),
      type: text('webhook or js'),
      endpoint: text('Address without credentials'),
      events: json('Events it is told'),
      disabled: boolean('Whether it is switched off'),
      full_resolution: boolean('Whether it hears of every open and click'),
      with_content: boolean("Whether it gets the messages' text"),
    },
    read: everything(
      whole('/reporting_webhooks', 'reporting_webhooks', {
        orNull: true,
        rows: (rows) =>
          rows.map((row) => {
            const webhook = asObject(row) ?? {};
            const endpoint = asText(webhook.endpoint);
            return endpoint === undefined ? webhook : { ...webhook, endpoint: withoutCredentials(endpoint, settings.redact_webhook_query) };
          }),
      }),
    ),
    deletes: 'scan',
    absentScans: 2,
    schedule,
  });

const SUPPRESSION_TYPES = ['bounces', 'blocks', 'spam_reports', 'invalid_emails'];
const PAGE = 1_000;

/**
 * One listing per kind and domain, "List ESP suppressions by type". The rows contain neither, and the category stands beside
 * the rows. After the end the list is null. A page with fewer rows than requested is not the end, because the vendor may send
 * fewer.
 */
const suppressions =
  ({ suppression_type: type = null, domain = null }: Row): FetchPage<CustomerIoApi> =>
  async (api, { cursor }, signal) => {
    const path = `/esp/suppression/${String(type)}`;
    const offset = asNumber(cursor) ?? 0;
    const query = { limit: PAGE, offset, domain: domain === '' ? undefined : String(domain) };
    const { body } = await api.http.get(path, { endpoint: '/esp/suppression/{type}', query, signal });
    const found = rowsIn(body, 'suppressions', path, { orNull: true });
    const rows = found.map((row) => ({ category: asObject(body)?.category ?? null, ...row, suppression_type: type, domain }));
    return { rows, next: rows.length === 0 ? END : offset + places(rows) };
  };

export const epsSuppression = ({ esp_domains: domains }: CustomerIoSettings): TableDefinition =>
  table({
    name: 'eps_suppression',
    docs: 'Customer.io App API: List ESP suppressions by type',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    fields: {
      id: text(
        'Kind, domain and address in lower case, with | between them; the vendor gives no id, and an address may be on several lists',
      ).of((row) =>
        typeof row.email !== 'string' ? undefined : `${String(row.suppression_type)}|${String(row.domain)}|${row.email.toLowerCase()}`,
      ),
      suppression_type: text('Kind: bounces, blocks, spam_reports or invalid_emails (from the request)'),
      domain: text('Sending domain asked for; empty when all were'),
      email: text('Address mail is no longer sent to'),
      created: time('When it was put on the list'),
      reason: text('What the receiving server said'),
      status: text('Its SMTP code'),
      category: text("The vendor's name for kinds that belong together: bounces or spam"),
    },
    shape: withoutZeros('created'),
    read: fanOut<CustomerIoApi>(
      async () =>
        SUPPRESSION_TYPES.flatMap((type) => (domains.length === 0 ? [''] : domains).map((domain) => ({ suppression_type: type, domain }))),
      suppressions,
      {
        key: ({ suppression_type: type, domain }) => `${String(type)} ${String(domain)}`,
        scope: (parent) => parent as Row,
        concurrency: 2,
      },
    ),
    deletes: 'scan',
    absentScans: 2,
    scope: ['suppression_type', 'domain'],
    schedule: '0 */6 * * *',
  });
