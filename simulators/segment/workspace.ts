import { below, pick } from '../kit/random.ts';
import { FIRST_NAMES, LAST_NAMES } from '../kit/sample-words.ts';
import { auditEvents } from './audit.ts';
import { catalogDestination, catalogSource, catalogWarehouse } from './catalog.ts';
import { ids } from './ids.ts';
import type { SegmentOptions } from './options.ts';

export type VendorValue = null | boolean | number | string | readonly VendorValue[] | { readonly [name: string]: VendorValue };
export interface VendorRow {
  [name: string]: VendorValue;
}

/** A source's usage, which remains after the source is deleted. */
export interface UsageOrigin {
  id: string;
  /** Salt of its generated numbers. */
  number: number;
  /** First and last time with traffic, epoch ms. */
  from: number;
  until?: number;
}

/** All data of one workspace, in the order the API lists it. */
export interface Workspace {
  seed: number;
  info: { id: string; slug: string; name: string };
  sources: VendorRow[];
  /** One entry per destination and source; two entries may share an id. */
  destinations: VendorRow[];
  warehouses: VendorRow[];
  /** Warehouse ids by source id. */
  connections: Map<string, string[]>;
  /** By destination id. */
  subscriptions: Map<string, VendorRow[]>;
  users: VendorRow[];
  groups: VendorRow[];
  transformations: VendorRow[];
  catalogDestinations: VendorRow[];
  catalogSources: VendorRow[];
  catalogWarehouses: VendorRow[];
  auditEvents: VendorRow[];
  usageOrigins: UsageOrigin[];
  /** First day of the oldest month with usage, epoch ms. */
  usageFrom: number;
  /** Corrections by `sourceId day(ms)`, added to that day's API calls and to each of its user counts. */
  restatements: Map<string, { api: bigint; users: number }>;
  /** Parents that are listed but whose own endpoints answer 404. */
  gone: Set<string>;
  /** Destinations without delivery metrics. */
  deviceMode: Set<string>;
  /** `destinationId sourceId` of pairs that the source's own listing does not show. */
  disconnected: Set<string>;
  /** Destinations whose delivery summary is null. */
  unmeasured: Set<string>;
}

export function many<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

export function buildWorkspace(options: SegmentOptions, now: number): Workspace {
  const seed = (options.seed ?? 7) + (options.region === 'eu' ? 1_000_003 : 0);
  const id = ids.workspace(seed);
  const catalogSources = many(options.catalogSources ?? 12, (n) => catalogSource(seed, n));
  const catalogDestinations = many(options.catalogDestinations ?? 25, (n) => catalogDestination(seed, n));
  const catalogWarehouses = many(options.catalogWarehouses ?? 4, (n) => catalogWarehouse(seed, n));
  const sources = many(Math.max(options.sources ?? 6, 3), (n) => source(seed, n, id, catalogSources));
  const warehouses = many(Math.max(options.warehouses ?? 3, 2), (n) => warehouse(seed, n, id, catalogWarehouses));
  const destinations = many(Math.max(options.destinations ?? 14, 4), (n) => destination(seed, n, sources, catalogDestinations));
  // The listing may show one destination under two sources.
  const shared = destinations[0] as VendorRow;
  const other = sources.find((s) => s['id'] !== shared['sourceId']) as VendorRow;
  destinations[1] = { ...shared, sourceId: other['id'] as string };

  const start = new Date(now);
  const usageFrom = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() - ((options.usageMonths ?? 2) - 1), 1);
  const workspace: Workspace = {
    seed,
    info: { id, slug: `workspace-${options.region ?? 'us'}`, name: `Workspace ${options.region ?? 'us'}` },
    sources,
    destinations,
    warehouses,
    catalogDestinations,
    catalogSources,
    catalogWarehouses,
    connections: new Map(sources.map((s, n) => [s['id'] as string, connectedWarehouses(seed, n, warehouses)])),
    subscriptions: new Map(),
    users: many(options.users ?? 9, (n) => user(seed, n, id)),
    groups: many(options.groups ?? 3, (n) => group(seed, n, sources)),
    transformations: many(options.transformations ?? 5, (n) => transformation(seed, n, sources, id)),
    auditEvents: [],
    usageOrigins: sources.map((s, number) => ({ id: s['id'] as string, number, from: usageFrom })),
    usageFrom,
    restatements: new Map(),
    gone: new Set([(sources.at(-1) as VendorRow)['id'] as string]),
    deviceMode: new Set([(destinations[2] as VendorRow)['id'] as string]),
    disconnected: new Set(),
    unmeasured: new Set(),
  };
  for (const [n, row] of destinations.entries()) {
    const of = row['id'] as string;
    if (!workspace.subscriptions.has(of)) workspace.subscriptions.set(of, subscriptions(seed, n, of));
  }
  workspace.auditEvents = auditEvents(workspace, options.auditEvents ?? 450, now);
  return workspace;
}

export function source(seed: number, n: number, workspaceId: string, catalog: readonly VendorRow[]): VendorRow {
  return {
    // The second source's id shows that ids are opaque and may need encoding in a path.
    id: n === 1 ? `Sx/${ids.source(seed, n)} ż%` : ids.source(seed, n),
    slug: `source_${n}`,
    ...(n !== 2 && { name: `Shop ${n} “web”`, settings: { website_url: `https://shop${n}.example.test`, apiKey: `SECRET-source-${n}` } }),
    workspaceId,
    enabled: n % 5 !== 4,
    writeKeys: [ids.writeKey(seed, n), ...(n % 4 === 0 ? [ids.writeKey(seed, n + 100_000)] : [])],
    metadata: pick(catalog, seed, n, 300),
    labels: n % 2 === 0 ? [{ key: 'environment', value: 'prod' }] : [],
  };
}

export function destination(seed: number, n: number, sources: readonly VendorRow[], catalog: readonly VendorRow[]): VendorRow {
  return {
    id: ids.destination(seed, n),
    ...(n !== 3 && { name: `Target ${n}` }),
    enabled: n % 4 !== 3,
    sourceId: (sources[n % Math.max(1, sources.length - 1)] as VendorRow)['id'] as string,
    settings: { apiKey: '••••••••••9f3c', batch: n % 2 === 0, nested: { token: `SECRET-destination-${n}` } },
    metadata: pick(catalog, seed, n, 310),
  };
}

function warehouse(seed: number, n: number, workspaceId: string, catalog: readonly VendorRow[]): VendorRow {
  return {
    id: ids.warehouse(seed, n),
    workspaceId,
    enabled: n % 3 !== 2,
    settings:
      n % 2 === 0
        ? { name: `Lake ${n}`, hostname: 'db.example.test', port: '5439', database: 'analytics', username: 'loader' }
        : { ciphertext: `SECRET-warehouse-${n}`, encrypted: true, 'gc-project': 'analytics-1', location: 'EU' },
    metadata: pick(catalog, seed, n, 320),
  };
}

/** The first source feeds every warehouse, every third source none. */
function connectedWarehouses(seed: number, n: number, warehouses: readonly VendorRow[]): string[] {
  if (n === 0) return warehouses.map((w) => w['id'] as string);
  return n % 3 === 2 ? [] : [pick(warehouses, seed, n, 330)['id'] as string];
}

export function subscriptions(seed: number, n: number, destinationId: string): VendorRow[] {
  if (n % 3 === 0) return [];
  return many(1 + below(3, seed, n, 340), (k) => ({
    id: ids.subscription(seed, n * 10 + k),
    name: `Mail on event ${k}`,
    actionId: `a${k}`,
    actionSlug: 'sendMail',
    destinationId,
    enabled: k % 2 === 0,
    settings: { to: { '@path': '$.traits.email' }, auth: { password: `SECRET-subscription-${n}` } },
    trigger: `type = "track" and event = "Event ${k}"`,
    ...(k % 2 === 0 && { modelId: k === 0 ? '' : `model${k}` }),
    ...(k === 1 && { reverseETLSchedule: { strategy: 'PERIODIC', config: { interval: '15m' } } }),
    ...(k === 2 && { reverseETLSchedule: { strategy: 'MANUAL', config: null } }),
  }));
}

function user(seed: number, n: number, workspaceId: string): VendorRow {
  const first = pick(FIRST_NAMES, seed, n, 350);
  return {
    id: ids.user(seed, n),
    name: `${first} ${pick(LAST_NAMES, seed, n, 351)}`,
    email: `user${n}@example.test`,
    ...(n % 4 !== 3 && {
      permissions: [
        { roleName: 'Workspace Owner', roleId: ids.role(seed, n % 3), resources: [{ id: workspaceId, type: 'WORKSPACE', labels: [] }] },
      ],
    }),
  };
}

function group(seed: number, n: number, sources: readonly VendorRow[]): VendorRow {
  return {
    id: ids.group(seed, n),
    name: `Analysts ${n}`,
    memberCount: below(40, seed, n, 360),
    ...(n !== 1 && {
      permissions: [
        {
          roleName: 'Source Read-only',
          roleId: ids.role(seed, 5),
          resources: [
            {
              id: pick(sources, seed, n, 361)['id'] as string,
              type: 'SOURCE',
              labels: [{ key: 'environment', value: 'prod', description: 'live' }],
            },
          ],
        },
      ],
    }),
  };
}

function transformation(seed: number, n: number, sources: readonly VendorRow[], workspaceId: string): VendorRow {
  return {
    id: ids.transformation(seed, n),
    name: `Fix event ${n}`,
    sourceId: pick(sources, seed, n, 370)['id'] as string,
    enabled: n % 2 === 0,
    if: `event='cart ${n}'`,
    drop: n % 3 === 0,
    ...(n % 2 === 0 && { newEventName: 'Product Added', propertyRenames: [{ oldName: 'sku', newName: 'product_id' }] }),
    ...(n % 2 === 1 && { destinationMetadataId: ids.destinationMetadata(seed, n), allowProperties: ['sku', 'price'] }),
    propertyValueTransformations: [{ propertyPaths: ['properties.price'], propertyValue: '0' }],
    fqlDefinedProperties: n % 3 === 1 ? [{ fql: 'lowercase(event)', propertyName: 'event_lower' }] : [],
    // Not in the published model, but live workspaces return them.
    workspaceId,
    ...(n === 0 && { propertyDrops: ['properties.secret'], destinationId: ids.destination(seed, 0) }),
    ...(n === 1 && {
      hashPropertiesConfiguration: { algorithm: 'HMAC_SHA256', paths: ['properties.email'], key: `SECRET-hash-${n}`, encoding: 'HEX' },
    }),
  };
}
