import type { SimClock } from '../kit/clock.ts';
import { RETENTION } from './activities.ts';
import type { CustomerIoTable } from './options.ts';
import { profileOf } from './people.ts';
import { categoryOf, SUPPRESSION_TYPES, type VendorRow, type World } from './world.ts';

export interface CustomerIoTruth {
  readonly tables: readonly CustomerIoTable[];
  /**
   * The current rows of a table in the vendor's shape, with values that stand only in the request or around the rows:
   * `suppression_type`, `domain` (empty) and `category` of suppressions. IP addresses are objects with `ip_address`, deliveries
   * include their survey answers, people have their cio_id as id.
   */
  rows(table: CustomerIoTable): VendorRow[];
  /** All credentials in the data; none may appear in a topic, log or message. */
  secrets(): string[];
}

export function customerIoTruth(world: World, clock: SimClock): CustomerIoTruth {
  const rows: Record<CustomerIoTable, () => VendorRow[]> = {
    activities: () =>
      world.activities.map(({ row }) => row).filter((row) => Number(row['timestamp']) >= Math.floor(clock.now() / 1000) - RETENTION),
    broadcasts: () => world.lists.broadcasts,
    campaigns: () => world.lists.campaigns,
    collections: () => world.lists.collections,
    customers: () => [...world.people.values()].map((one) => profileOf(one, one.cioId)),
    eps_suppression: () =>
      SUPPRESSION_TYPES.flatMap((type) =>
        world.suppressions[type].map((row) => ({ category: categoryOf(type), ...row, suppression_type: type, domain: '' })),
      ),
    exports: () => world.lists.exports,
    ip_addresses: () => world.ipAddresses.map((address) => ({ ip_address: address })),
    messages: () => world.deliveries.map(({ row, tracked }) => ({ ...row, tracked_responses: tracked })),
    newsletters: () => world.lists.newsletters,
    reporting_webhooks: () => world.lists.reporting_webhooks,
    segments: () => world.lists.segments,
    sender_identities: () => world.lists.sender_identities,
    snippets: () => world.lists.snippets,
    topics: () => world.lists.topics,
    transactional_messages: () => world.lists.transactional_messages,
    types: () => world.lists.types,
    workspaces: () => world.lists.workspaces,
  };
  return {
    tables: Object.keys(rows) as CustomerIoTable[],
    rows: (table) => rows[table](),
    secrets: () => ['s3cret-pass', 't0ken-in-query'],
  };
}
