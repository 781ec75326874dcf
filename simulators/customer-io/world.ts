import { activity } from './activities.ts';
import { delivery, type Delivery } from './deliveries.ts';
import * as lists from './lists.ts';
import type { CustomerIoOptions } from './options.ts';
import { person, type Person } from './people.ts';

export type VendorValue = null | boolean | number | string | readonly VendorValue[] | { readonly [name: string]: VendorValue };
export interface VendorRow {
  [name: string]: VendorValue;
}

export interface Activity {
  row: VendorRow;
  /** Belongs to a deleted person. */
  ofDeleted: boolean;
}

/** Tables that are one plain list, in the order the vendor returns them. */
export const LISTS = [
  'broadcasts',
  'campaigns',
  'collections',
  'exports',
  'newsletters',
  'reporting_webhooks',
  'segments',
  'sender_identities',
  'snippets',
  'topics',
  'transactional_messages',
  'types',
  'workspaces',
] as const;
export type ListTable = (typeof LISTS)[number];

export const SUPPRESSION_TYPES = ['bounces', 'blocks', 'spam_reports', 'invalid_emails'] as const;
export type SuppressionType = (typeof SUPPRESSION_TYPES)[number];
export const categoryOf = (type: SuppressionType): string => (type === 'spam_reports' ? 'spam' : 'bounces');

/** Everything one workspace holds. */
export interface World {
  seed: number;
  lists: Record<ListTable, VendorRow[]>;
  /** Segments that exist but are not listed. */
  archivedSegments: VendorRow[];
  ipAddresses: string[];
  /** By cio_id. */
  people: Map<string, Person>;
  /** Newest first; for equal times the greater id first. */
  deliveries: Delivery[];
  drafts: Delivery[];
  /** Newest first. */
  activities: Activity[];
  suppressions: Record<SuppressionType, VendorRow[]>;
  /** Domains that mail is sent from. */
  domains: readonly string[];
}

/** The sending domain whose mail to this address was refused. */
export function domainOf(world: World, address: string): string {
  return world.domains[[...address].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % world.domains.length] as string;
}

export function many<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

export const byNewest = (a: VendorRow, b: VendorRow, time: string): number =>
  Number(b[time]) - Number(a[time]) || (String(a['id']) < String(b['id']) ? 1 : -1);

export function emptyWorld(seed: number): World {
  return {
    seed,
    lists: Object.fromEntries(LISTS.map((name) => [name, [] as VendorRow[]])) as World['lists'],
    archivedSegments: [],
    ipAddresses: [],
    people: new Map(),
    deliveries: [],
    drafts: [],
    activities: [],
    suppressions: { bounces: [], blocks: [], spam_reports: [], invalid_emails: [] },
    domains: ['mail.example.test'],
  };
}

/** The same options give the same workspace, down to the last id. `now` is in epoch seconds. */
export function buildWorld(options: CustomerIoOptions, now: number): World {
  const seed = (options.seed ?? 7) + (options.region === 'eu' ? 1_000_003 : 0);
  const world = {
    ...emptyWorld(seed),
    domains: many(options.domains ?? 1, (n) => (n === 0 ? 'mail.example.test' : `mail${n}.example.test`)),
  };
  const people = many(options.people ?? 1_250, (n) => person(seed, n, now));
  for (const one of people) world.people.set(one.cioId, one);
  const deliveries = options.deliveries ?? 2_600;
  const span = (options.deliveryDays ?? 200) * 86_400;
  world.deliveries = many(deliveries, (n) =>
    delivery(seed, n, now - 90 - Math.floor(((n - (n % 10 === 3 ? 1 : 0)) * span) / Math.max(1, deliveries)), now, people),
  ).sort((a, b) => byNewest(a.row, b.row, 'created'));
  world.drafts = many(deliveries === 0 ? 0 : 4, (n) => delivery(seed, 90_000_000 + n, now - 500 - n, now, people, true));
  const activities = options.activities ?? 450;
  const activitySpan = (options.activityDays ?? 40) * 86_400;
  world.activities = many(activities, (n) =>
    activity(seed, n, now - 30 - Math.floor((n * activitySpan) / Math.max(1, activities)), people),
  ).sort((a, b) => byNewest(a.row, b.row, 'timestamp'));
  Object.assign(world.lists, {
    broadcasts: many(3, (n) => lists.broadcast(n, now)),
    campaigns: many(options.campaigns ?? 12, (n) => lists.campaign(seed, n, now)),
    collections: many(3, (n) => lists.collection(n, now)),
    exports: many(3, (n) => lists.exported(n, now)),
    newsletters: many(options.newsletters ?? 205, (n) => lists.newsletter(seed, n, now)),
    reporting_webhooks: many(3, lists.webhook),
    segments: many(9, (n) => lists.segment(n, now)),
    sender_identities: many(3, (n) => lists.sender(n, now)),
    snippets: many(3, (n) => lists.snippet(n, now)),
    topics: many(3, lists.topic),
    transactional_messages: many(3, (n) => lists.transactional(n, now)),
    types: many(3, lists.objectType),
    workspaces: many(3, lists.workspace),
  });
  world.archivedSegments = [lists.segment(9, now)];
  world.ipAddresses = ['192.0.2.10', '192.0.2.11', '198.51.100.7'];
  world.suppressions = {
    bounces: many(options.bounces ?? 1_100, (n) => lists.suppression(seed, n, now)),
    blocks: many(3, (n) => lists.suppression(seed, n, now)),
    spam_reports: many(2, (n) => lists.suppression(seed, 5_000 + n, now)),
    invalid_emails: [],
  };
  return world;
}
