import { segment } from '../../producers/segment/index.ts';
import type { Row } from '../../src/core/types.ts';
import { describeSource, type TableSubject } from '../conformance/describe-source.ts';
import type { MutableTable } from '../../simulators/segment/mutations.ts';
import type { SegmentTable } from '../../simulators/segment/options.ts';
import { startSegmentSimulator, type SegmentSimulator } from '../../simulators/segment/segment-simulator.ts';
import type { VendorRow } from '../../simulators/segment/workspace.ts';

type Subject = TableSubject<SegmentSimulator>;

let made = 0;
const fresh = (): string => `n${(made += 1)}`;
const idOf = (row: VendorRow | undefined): string => row?.['id'] as string;
const empty = (collection: string): string => JSON.stringify({ data: { [collection]: [], pagination: { current: 'MA==' } } });
const holds = (table: SegmentTable): Pick<Subject, 'truth'> => ({ truth: (vendor) => vendor.truth.rows(table) as unknown as Row[] });
const gone = ({ workspace }: SegmentSimulator): string => [...workspace.gone][0] as string;

/**
 * A listing of its own. Its rows come, change and go without touching any other table's, so that what one
 * listing shows proves nothing about another.
 */
function plain(
  table: MutableTable,
  path: string,
  collection: string,
  of: (vendor: SegmentSimulator, id: string) => VendorRow,
  field = 'name',
): Subject {
  const own = (vendor: SegmentSimulator): VendorRow[] => vendor.truth.rows(table).filter((row) => idOf(row).startsWith('own-'));
  const add = (vendor: SegmentSimulator): void => {
    const id = `own-${fresh()}`;
    vendor.mutate['row.add']({ table, row: { ...of(vendor, id), id } });
    vendor.mutate['parent.gone']({ id, gone: true });
  };
  return {
    ...holds(table),
    lists: `GET ${path}`,
    empty: empty(collection),
    stopAfter: 1,
    add,
    change: (vendor) => void vendor.mutate['row.change']({ table, id: idOf(own(vendor)[0]), changes: { [field]: fresh() } }),
    remove: (vendor) => vendor.mutate['row.delete']({ table, id: idOf(own(vendor).at(-1)) }),
  };
}

const like =
  (table: SegmentTable) =>
  (vendor: SegmentSimulator): VendorRow => ({ ...vendor.truth.rows(table)[0] });

const lists = {
  sources: plain('sources', '/sources', 'sources', like('sources')),
  // Below a source that answers nothing about its children, so that no other table shows it.
  destinations: plain('destinations', '/destinations', 'destinations', (vendor) => ({
    ...like('destinations')(vendor),
    sourceId: gone(vendor),
  })),
  warehouses: plain('warehouses', '/warehouses', 'warehouses', like('warehouses'), 'workspaceId'),
  users: plain('users', '/users', 'users', like('users')),
  groups: plain('groups', '/groups', 'userGroups', like('groups')),
  transformations: plain('transformations', '/transformations', 'transformations', like('transformations')),
  catalog_destinations: plain('catalog_destinations', '/catalog/destinations', 'destinationsCatalog', like('catalog_destinations')),
  catalog_sources: plain('catalog_sources', '/catalog/sources', 'sourcesCatalog', like('catalog_sources')),
  catalog_warehouses: plain('catalog_warehouses', '/catalog/warehouses', 'warehousesCatalog', like('catalog_warehouses')),
} satisfies Partial<Record<SegmentTable, Subject>>;

const sourceConnectedWarehouses: Subject = {
  ...holds('source_connected_warehouses'),
  lists: 'GET /sources/*/connected-warehouses',
  empty: empty('warehouses'),
  stopAfter: 1,
  change: ({ mutate, workspace }) =>
    void mutate['row.change']({ table: 'warehouses', id: idOf(workspace.warehouses[0]), changes: { settings: { name: fresh() } } }),
  remove: ({ mutate, workspace }) =>
    mutate['warehouses.connect']({
      sourceId: idOf(workspace.sources[0]),
      warehouseIds: workspace.connections.get(idOf(workspace.sources[0]))?.slice(1) ?? [],
    }),
};

const sourceConnectedDestinations: Subject = {
  ...holds('source_connected_destinations'),
  lists: 'GET /sources/*/connected-destinations',
  empty: empty('destinations'),
  stopAfter: 1,
  change: ({ mutate, workspace }) =>
    void mutate['row.change']({ table: 'destinations', id: idOf(workspace.destinations[4]), changes: { name: fresh() } }),
  remove({ mutate, workspace }) {
    const { id, sourceId } = workspace.destinations[5] as { id: string; sourceId: string };
    mutate['destination.disconnect']({ id, sourceId });
  },
};

const subscribed = ({ workspace }: SegmentSimulator): [string, VendorRow[]] =>
  [...workspace.subscriptions].find(([, rows]) => rows.length > 1) as [string, VendorRow[]];
const destinationSubscriptions: Subject = {
  ...holds('destination_subscriptions'),
  lists: 'GET /destinations/*/subscriptions',
  empty: empty('subscriptions'),
  stopAfter: 2,
  add(vendor) {
    const [destinationId, rows] = subscribed(vendor);
    vendor.mutate['subscriptions.set']({ destinationId, rows: [...rows, { ...rows[0], id: fresh() }] });
  },
  change(vendor) {
    const [destinationId, [first, ...rest]] = subscribed(vendor);
    vendor.mutate['subscriptions.set']({ destinationId, rows: [{ ...first, name: fresh() }, ...rest] });
  },
  remove(vendor) {
    const [destinationId, rows] = subscribed(vendor);
    vendor.mutate['subscriptions.set']({ destinationId, rows: rows.slice(0, -1) });
  },
};

const deliveryMetrics: Subject = {
  ...holds('destination_delivery_metrics_summary'),
  lists: 'GET /destinations/*/delivery-metrics',
  empty: '{"data":{"deliveryMetricsSummary":null}}',
  stopAfter: 2,
  change({ workspace }) {
    // Another kind of destination has another catalog entry, which the summary names.
    const [, , , , row] = workspace.destinations;
    (row as VendorRow)['metadata'] = { ...(row?.['metadata'] as VendorRow), id: fresh() };
  },
  remove: ({ mutate, workspace }) => mutate['delivery.none']({ id: idOf(workspace.destinations[6]) }),
};

const addEvent = ({ mutate }: SegmentSimulator): void => void mutate['audit.add']({});
const auditEvents: Subject = {
  ...holds('audit_events'),
  lists: 'GET /audit-events',
  add: addEvent,
  edge: addEvent,
  stopAfter: 1,
  restarts: 'After the rest of a cut walk the last quarter of an hour is read again as in every run.',
};

/** Months without usage come first, then the pages of the two that have some. */
const usage = (table: SegmentTable, path: string, stopAfter: number): Subject => ({
  ...holds(table),
  lists: `GET ${path}`,
  stopAfter,
  change({ mutate, workspace }) {
    made += 1;
    mutate['usage.restate']({ sourceId: idOf(workspace.sources[1]), day: '2026-03-12', apiCalls: String(made), users: made * 10 });
  },
});

/** Two requests at once are all the source allows itself; the suite lets four tables hang. */
const wider: typeof segment = {
  ...segment,
  connect: (settings, env) =>
    segment.connect(settings, { ...env, http: (options) => env.http({ ...options, budget: { ...options.budget, concurrency: 8 } }) }),
};

describeSource<SegmentSimulator>({
  source: wider,
  sheet: [
    'audit_events',
    'catalog_destinations',
    'catalog_sources',
    'catalog_warehouses',
    'destination_delivery_metrics_summary',
    'destination_subscriptions',
    'destinations',
    'groups',
    'source_connected_destinations',
    'source_connected_warehouses',
    'sources',
    'transformations',
    'usage_api_calls_per_source_daily',
    'usage_api_calls_workspace_daily',
    'usage_mtu_per_source_daily',
    'usage_mtu_workspace_daily',
    'users',
    'warehouses',
  ],
  async start() {
    const vendor = await startSegmentSimulator({
      // Usage of the running day and the window of deliveries move with the full hour; the suite ends within this one.
      clock: Date.UTC(2026, 2, 18, 10, 0, 1),
      sources: 5,
      destinations: 12,
      warehouses: 7,
      users: 12,
      groups: 7,
      transformations: 7,
      catalogDestinations: 12,
      catalogSources: 8,
      catalogWarehouses: 7,
      auditEvents: 17,
      limits: { enabled: false },
    });
    for (let i = 0; i < 3; i += 1) for (const subject of Object.values(lists)) subject.add?.(vendor);
    return vendor;
  },
  settings: (vendor) => ({ api_token: vendor.tokens.business, base_url: vendor.url, page_size: 5, requests_per_minute: 100_000 }),
  wrongKey: (vendor) => ({ settings: { api_token: 'wrong-token-4b1d9e7c', base_url: vendor.url }, setting: 'api_token' }),
  secrets: (vendor) => [vendor.tokens.business],
  masked: (vendor) => vendor.truth.secrets(),
  settleMs: 1_000,
  edgeSeconds: 20,
  contentType: 'application/json; charset=utf-8',
  refusal: (status, text) => JSON.stringify({ errors: [{ type: 'refused', status, message: text }] }),
  tables: {
    ...lists,
    source_connected_warehouses: sourceConnectedWarehouses,
    source_connected_destinations: sourceConnectedDestinations,
    destination_subscriptions: destinationSubscriptions,
    destination_delivery_metrics_summary: deliveryMetrics,
    audit_events: auditEvents,
    usage_api_calls_per_source_daily: usage('usage_api_calls_per_source_daily', '/usage/api-calls/sources/daily', 40),
    usage_api_calls_workspace_daily: usage('usage_api_calls_workspace_daily', '/usage/api-calls/daily', 37),
    usage_mtu_per_source_daily: usage('usage_mtu_per_source_daily', '/usage/mtu/sources/daily', 40),
    usage_mtu_workspace_daily: usage('usage_mtu_workspace_daily', '/usage/mtu/daily', 37),
  },
});
