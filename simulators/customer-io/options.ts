import type { SimClock } from '../kit/clock.ts';

/** A table of the vendor, by the name of the data it holds. */
export type CustomerIoTable =
  | 'activities'
  | 'broadcasts'
  | 'campaigns'
  | 'collections'
  | 'customers'
  | 'eps_suppression'
  | 'exports'
  | 'ip_addresses'
  | 'messages'
  | 'newsletters'
  | 'reporting_webhooks'
  | 'segments'
  | 'sender_identities'
  | 'snippets'
  | 'topics'
  | 'transactional_messages'
  | 'types'
  | 'workspaces';

/** Which key is used: one for a full and one for an empty workspace, and one that may not see the people. */
export type KeyKind = 'full' | 'empty' | 'narrow';

/** What the vendor's words leave open, or what a bad day brings; every one can be turned while the simulator runs. */
export interface Switches {
  /** Keys of the other region are unknown here. */
  region: 'us' | 'eu';
  /** `hidden=true` shows all senders instead of the hidden ones alone. */
  hiddenIncludesAll: boolean;
  /** Most suppressions in one answer, whatever the limit. */
  mostSuppressions: number;
  /** Profiles come wrapped in `customer`. */
  wrapCustomer: boolean;
  /** Every listing with a cursor names this one as the next, for ever. */
  sameNext: string | undefined;
  /** The profile endpoint finds nobody, as it does when ids are of another kind than told. */
  blindProfiles: boolean;
  /** The vendor's own addresses are told without a key. */
  openAddresses: boolean;
  /** Tables the key `narrow` may not see. */
  forbidden: readonly CustomerIoTable[];
}

export interface CustomerIoLimits {
  enabled: boolean;
  perSecond: number;
  /** The daily quota is used up: everything is refused, and no answer says until when. */
  dailyQuotaSpent: boolean;
}

export interface CustomerIoOptions {
  seed?: number;
  region?: 'us' | 'eu';
  /** A clock of one's own, or where time stands still; default 2026-09-22T12:00:00Z. */
  clock?: SimClock | number | 'real';
  people?: number;
  deliveries?: number;
  deliveryDays?: number;
  activities?: number;
  activityDays?: number;
  newsletters?: number;
  bounces?: number;
  /** Domains mail is sent from; default 1. */
  domains?: number;
  campaigns?: number;
  switches?: Partial<Switches>;
  limits?: Partial<CustomerIoLimits>;
  port?: number;
  controlPort?: number;
}

export const DEFAULT_SWITCHES: Switches = {
  region: 'us',
  hiddenIncludesAll: false,
  mostSuppressions: Infinity,
  wrapCustomer: false,
  sameNext: undefined,
  blindProfiles: false,
  openAddresses: true,
  forbidden: ['customers'],
};
