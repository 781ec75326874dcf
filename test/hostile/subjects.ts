import { customerIo } from '../../producers/customer_io/index.ts';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { listrak } from '../../producers/listrak/index.ts';
import { pendo } from '../../producers/pendo/index.ts';
import { segment } from '../../producers/segment/index.ts';
import type { Row } from '../../src/core/types.ts';
import type { Source } from '../../src/sdk/source.ts';
import type { CustomerIoTable } from '../../simulators/customer-io/options.ts';
import { startCustomerIoSimulator } from '../../simulators/customer-io/simulator.ts';
import { domainOf } from '../../simulators/customer-io/world.ts';
import { DEFAULT_KEY as KLAVIYO_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import type { ListrakTable } from '../../simulators/listrak/options.ts';
import { PASSWORD, startListrakSimulator, USER } from '../../simulators/listrak/simulator.ts';
import { DEFAULT_KEY as PENDO_KEY, startPendoSimulator } from '../../simulators/pendo/simulator.ts';
import type { PendoTable } from '../../simulators/pendo/options.ts';
import { startSegmentSimulator } from '../../simulators/segment/segment-simulator.ts';
import type { SegmentTable } from '../../simulators/segment/options.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A vendor of a few rows whose data and clock stand still. */
export interface HostileVendor {
  readonly url: string;
  now(): number;
  /** Given where the vendor refuses what lies in its future, so that its time has to go on with ours. */
  advance?(ms: number): void;
  /** Rows the table should hold, as its reader yields them. */
  truth(table: string): Iterable<Row>;
  close(): Promise<void>;
}

export interface HostileSubject {
  readonly source: Source;
  readonly secrets: readonly string[];
  /** Oldest event time the first run asks for, epoch ms; keeps the tables that walk months or days short. */
  readonly since?: (now: number, table: string) => number | undefined;
  /** Time that passes between the two runs of a case, so that listings are due again, ms. */
  readonly settleMs: number;
  start(): Promise<HostileVendor>;
  settings(url: string): Readonly<Record<string, unknown>>;
  /**
   * Whether the vendor's page says that there is nothing more by a member of that name and value; `beside` holds the
   * members next to it.
   */
  readonly isEnd: IsEnd;
  /** Whether the vendor writes an empty list as null. */
  readonly nullLists?: boolean;
  /** Changes by which the vendor says that what it was asked about has no rows, by table. */
  readonly saysNone?: Readonly<Record<string, RegExp>>;
}

export type IsEnd = (name: string, value: unknown, beside: Readonly<Record<string, unknown>>) => boolean;

const absent = (value: unknown): boolean => value === undefined || value === null;
const empty = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);

export const hostileSubjects: readonly HostileSubject[] = [
  {
    source: klaviyo,
    secrets: [KLAVIYO_KEY],
    settleMs: 2 * HOUR,
    async start() {
      const vendor = await startKlaviyoSimulator({
        now: Date.UTC(2026, 5, 10, 12),
        profiles: 130,
        events: 60,
        metrics: 210,
        historyDays: 20,
        limits: false,
      });
      return {
        url: vendor.url,
        now: vendor.clock.now,
        advance: vendor.clock.advance,
        close: vendor.close,
        *truth(table) {
          if (table === 'metric') for (const row of vendor.truth.metrics()) yield row.resource();
          else if (table === 'profile') for (const row of vendor.truth.profiles()) yield row.resource();
          else
            for (const row of vendor.truth.events()) yield { ...row.resource(), metric: vendor.truth.metricOf(row.id).resource() } as Row;
        },
      };
    },
    settings: (url) => ({ api_key: KLAVIYO_KEY, base_url: url, sweep_every: '1h' }),
    isEnd: (name, value, { self }) => name === 'next' && absent(value) && typeof self === 'string',
  },
  {
    source: customerIo,
    secrets: [],
    settleMs: 2 * HOUR,
    since: (now) => now - 5 * DAY,
    async start() {
      const vendor = await startCustomerIoSimulator({
        people: 30,
        deliveries: 40,
        deliveryDays: 4,
        activities: 30,
        activityDays: 4,
        newsletters: 12,
        bounces: 12,
        limits: { enabled: false },
        switches: { openAddresses: false },
      });
      const token = vendor.keys.full;
      customerToken = token;
      customerDomains = [...vendor.world.domains];
      return {
        url: vendor.baseUrl,
        now: vendor.clock.now,
        close: vendor.close,
        truth: (table) =>
          vendor.truth.rows(table as CustomerIoTable).map((row): Row => {
            if (table === 'ip_addresses') return { id: row['ip_address'] ?? null, ip_address: row['ip_address'] ?? null };
            return table === 'eps_suppression' ? { ...row, domain: domainOf(vendor.world, String(row['email'])) } : row;
          }),
      };
    },
    settings: (url) => ({ access_token: customerToken, base_url: url, esp_domains: customerDomains }),
    // Suppression lists are read until a page is empty, which the vendor also writes as null.
    isEnd: (name, value) => (name === 'next' && value === '') || (name === 'suppressions' && empty(value)),
    nullLists: true,
  },
  {
    source: pendo,
    secrets: [PENDO_KEY],
    settleMs: DAY + 1_000,
    since: (now) => now - 3 * DAY,
    async start() {
      const vendor = await startPendoSimulator({
        now: Date.UTC(2026, 2, 12, 16),
        days: 2,
        visitors: 12,
        anonymous: 2,
        accounts: 12,
        features: 12,
        pages: 12,
        guides: 12,
        trackTypes: 12,
        sessions: 20,
        limits: { enabled: false },
      });
      return {
        url: vendor.url,
        now: vendor.clock.now,
        close: vendor.close,
        truth: (table) => vendor.truth.rows(table as PendoTable) as unknown as Row[],
      };
    },
    settings: (url) => ({
      integration_key: PENDO_KEY,
      base_url: url,
      record_limit: 10,
      requests_per_second: 100_000,
      visitor_history: { enabled: true, max_visitors: 1_000, max_calls: 100_000 },
    }),
    // An empty page is the end, written as null or as a list.
    isEnd: (name, value) => name === 'results' && empty(value),
    nullLists: true,
    // A visitor without a history, or one the vendor does not know or accept.
    saysNone: { visitor_history: /^status (400|404|422)$/ },
  },
  {
    source: segment,
    secrets: [],
    settleMs: 1_000,
    since: (now, table) => (table.startsWith('usage') ? now - 40 * DAY : undefined),
    async start() {
      const vendor = await startSegmentSimulator({
        clock: Date.UTC(2026, 2, 18, 10, 0, 1),
        sources: 3,
        destinations: 6,
        warehouses: 4,
        users: 6,
        groups: 4,
        transformations: 4,
        catalogDestinations: 6,
        catalogSources: 6,
        catalogWarehouses: 4,
        auditEvents: 8,
        usageMonths: 2,
        limits: { enabled: false },
      });
      segmentToken = vendor.tokens.business;
      return {
        url: vendor.url,
        now: vendor.clock.now,
        close: vendor.close,
        truth: (table) => vendor.truth.rows(table as SegmentTable) as unknown as Row[],
      };
    },
    settings: (url) => ({ api_token: segmentToken, base_url: url, page_size: 3, requests_per_minute: 100_000 }),
    isEnd: (name, value, { current }) => name === 'next' && (absent(value) || value === '') && typeof current === 'string',
  },
  {
    source: listrak,
    secrets: [PASSWORD],
    settleMs: HOUR,
    async start() {
      const vendor = await startListrakSimulator({
        lists: 2,
        messages: 3,
        days: 100,
        contacts: 18,
        events: 40,
        sends: 20,
        switches: { pageSize: 6 },
      });
      vendor.clock.advance(60 * DAY);
      return {
        url: vendor.url,
        now: vendor.clock.now,
        close: vendor.close,
        truth: (table) => vendor.truth.rows(table as ListrakTable) as unknown as Row[],
      };
    },
    settings: (url) => ({ username: USER, password: PASSWORD, base_url: url, concurrency: 1, full_pass_every: '1h' }),
    // An operation's result without rows; `mutateXml` tells.
    isEnd: () => true,
  },
];

/** Drawn by the simulators when they start. */
let customerToken = '';
let customerDomains: string[] = [];
let segmentToken = '';
