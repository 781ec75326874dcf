import type { Row } from '../../src/core/types.ts';
import { describeSource, type TableSubject } from '../conformance/describe-source.ts';
import { customerIo } from '../../producers/customer_io/index.ts';
import type { CustomerIoTable } from '../../simulators/customer-io/options.ts';
import { startCustomerIoSimulator, type CustomerIoSimulator } from '../../simulators/customer-io/simulator.ts';
import { domainOf, type ListTable, type VendorRow } from '../../simulators/customer-io/world.ts';

const HOUR = 3_600_000;
type About = TableSubject<CustomerIoSimulator>;

/** What the reader makes of the vendor's rows before anything else sees them. */
const asRead: Partial<Record<CustomerIoTable, (row: VendorRow) => Row>> = {
  ip_addresses: ({ ip_address }) => ({ id: ip_address ?? null, ip_address: ip_address ?? null }),
  reporting_webhooks: (row) => ({
    ...row,
    endpoint: String(row['endpoint']).replace('hook:s3cret-pass@', '').replace('token=t0ken-in-query&v=1', 'token=••••&v=••••'),
  }),
};
const truth =
  (table: CustomerIoTable): About['truth'] =>
  (vendor) =>
    vendor.truth.rows(table).map(asRead[table] ?? ((row) => row));

/** A plain list, in which rows come, change and go. */
function listed(table: ListTable, route: string, key: string = table, more: Partial<About> = {}): About {
  const added: (string | number)[] = [];
  return {
    truth: truth(table),
    lists: `GET /v1/${route}`,
    empty: JSON.stringify({ [key]: ['exports', 'collections', 'reporting_webhooks'].includes(table) ? null : [] }),
    add(vendor) {
      const [model] = vendor.world.lists[table];
      const id = table === 'snippets' ? `new ${added.length}` : table === 'types' ? String(900 + added.length) : 900 + added.length;
      added.push(id);
      vendor.mutate['row.add']({
        table,
        row: { ...model, [table === 'snippets' ? 'name' : 'id']: id, ...(table === 'snippets' ? { value: 'x' } : { name: `New ${id}` }) },
      });
    },
    change: (vendor) =>
      void vendor.mutate['row.change']({
        table,
        id: added.at(-1) ?? '',
        changes: table === 'snippets' ? { value: `y${vendor.clock.now()}` } : { name: `Renamed ${vendor.clock.now()}` },
      }),
    ...(table !== 'exports' && {
      remove: (vendor: CustomerIoSimulator) => void vendor.mutate['row.delete']({ table, id: added.pop() ?? '' }),
    }),
    ...more,
  };
}

const people: string[] = [];
const paged = (key: string): string => JSON.stringify({ [key]: [], next: '' });
const suppressed: string[] = [];
/** The stop comes before the last page, which is empty. */
const restarts = 'An end without a row proves nothing behind a saved cursor: the listing is read again.';

describeSource<CustomerIoSimulator>({
  source: customerIo,
  sheet: [
    'broadcasts',
    'transactional_messages',
    'customers',
    'campaigns',
    'newsletters',
    'segments',
    'messages',
    'exports',
    'activities',
    'sender_identities',
    'reporting_webhooks',
    'snippets',
    'ip_addresses',
    'collections',
    'topics',
    'workspaces',
    'types',
    'eps_suppression',
  ],
  start: () =>
    startCustomerIoSimulator({
      people: 1_230,
      deliveries: 1_400,
      deliveryDays: 20,
      activities: 750,
      activityDays: 12,
      newsletters: 130,
      bounces: 2_030,
      domains: 2,
      limits: { enabled: false },
      switches: { openAddresses: false },
    }),
  settings: (vendor) => ({ access_token: vendor.keys.full, base_url: vendor.baseUrl, esp_domains: [...vendor.world.domains] }),
  wrongKey: (vendor) => ({ settings: { access_token: 'wrong-9c1f77d2e4', base_url: vendor.baseUrl }, setting: 'access_token' }),
  secrets: (vendor) => [vendor.keys.full],
  masked: (vendor) => vendor.truth.secrets(),
  settleMs: 2 * HOUR,
  edgeSeconds: 12,
  refusal: (status, text) => JSON.stringify({ errors: [{ detail: `${text} (reference 01JX)`, status: String(status) }] }),
  tables: {
    broadcasts: listed('broadcasts', 'broadcasts'),
    transactional_messages: listed('transactional_messages', 'transactional', 'messages'),
    campaigns: listed('campaigns', 'campaigns'),
    newsletters: listed('newsletters', 'newsletters', 'newsletters', { empty: paged('newsletters'), stopAfter: 1 }),
    segments: listed('segments', 'segments'),
    exports: listed('exports', 'exports'),
    sender_identities: listed('sender_identities', 'sender_identities', 'sender_identities', {
      empty: paged('sender_identities'),
      restarts,
    }),
    reporting_webhooks: listed('reporting_webhooks', 'reporting_webhooks'),
    snippets: listed('snippets', 'snippets'),
    collections: listed('collections', 'collections'),
    topics: listed('topics', 'subscription_topics'),
    workspaces: listed('workspaces', 'workspaces'),
    types: listed('types', 'object_types'),
    ip_addresses: {
      truth: truth('ip_addresses'),
      lists: 'GET /v1/info/ip_addresses',
      empty: '{"ip_addresses":[]}',
      add: ({ world }) => void world.ipAddresses.push(`203.0.113.${world.ipAddresses.length}`),
      remove: ({ world }) => void world.ipAddresses.pop(),
    },
    customers: {
      truth: truth('customers'),
      lists: ['POST /v1/customers', 'POST /v1/customers/attributes'],
      empty: '{"identifiers":null,"ids":null,"customers":[],"next":""}',
      stopAfter: 11,
      add: (vendor) => void people.push(String(vendor.mutate['person.add']()['id'])),
      change: (vendor) =>
        void vendor.mutate['person.change']({ cioId: people.at(-1) ?? '', attributes: { plan: `p${vendor.clock.now()}` } }),
      remove: (vendor) => void vendor.world.people.delete(people.pop() ?? ''),
    },
    messages: {
      truth: truth('messages'),
      lists: { on: 'GET /v1/messages', query: 'limit=1000' },
      // The half year begins with 138 days without a delivery.
      stopAfter: 148,
      add: (vendor) => void vendor.mutate['delivery.add']({ at: Math.floor(vendor.clock.now() / 1000) - 60 }),
      change: (vendor) =>
        void vendor.mutate['delivery.metric']({
          id: String(vendor.world.deliveries[40]?.row['id']),
          metric: 'human_clicked',
          at: Math.floor(vendor.clock.now() / 1000),
        }),
      edge: (vendor) => void vendor.mutate['delivery.add']({ at: Math.floor(vendor.clock.now() / 1000) }),
    },
    activities: {
      truth: truth('activities'),
      lists: 'GET /v1/activities',
      stopAfter: 6,
      add: (vendor) => void vendor.mutate['activity.add']({ at: Math.floor(vendor.clock.now() / 1000) }),
      edge: (vendor) => void vendor.mutate['activity.add']({ at: Math.floor(vendor.clock.now() / 1000) }),
    },
    eps_suppression: {
      truth: (vendor) =>
        vendor.truth.rows('eps_suppression').map((row) => ({ ...row, domain: domainOf(vendor.world, String(row['email'])) })),
      lists: 'GET /v1/esp/suppression/*',
      empty: '{"suppressions":null}',
      stopAfter: 1,
      restarts,
      add: (vendor) => void suppressed.push(String(vendor.mutate['suppression.add']({ type: 'blocks' })['email'])),
      remove: (vendor) => void vendor.mutate['suppression.lift']({ type: 'blocks', email: suppressed.pop() ?? '' }),
    },
  },
});
