import type { SimClock } from '../kit/clock.ts';

/** A table, by the name the producer gives it. */
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

/** The keys: one for a full and one for an empty workspace, and one without the right to read some tables. */
export type KeyKind = 'full' | 'empty' | 'narrow';

/** Behaviour that the vendor's documentation leaves open, and faults; each can be changed while the simulator runs. */
export interface Switches {
  /** Keys of the other region are unknown. */
  region: 'us' | 'eu';
  /** `hidden=true` returns all senders instead of only the hidden ones. */
  hiddenIncludesAll: boolean;
  /** Most suppressions in one answer, whatever limit the request names. */
  mostSuppressions: number;
  /** Each profile is inside a member `customer`. */
  wrapCustomer: boolean;
  /** Every paged listing names this cursor as the next one, without an end. */
  sameNext: string | undefined;
  /** The profile endpoint finds no profile, as it does when the ids are not of the kind `id_type` names. */
  blindProfiles: boolean;
  /** The vendor's own IP addresses can be read without a key. */
  openAddresses: boolean;
  /** Tables the key `narrow` may not read. */
  forbidden: readonly CustomerIoTable[];
}

export interface CustomerIoLimits {
  enabled: boolean;
  perSecond: number;
  /** The daily quota is used up: everything is refused, and no answer says for how long. */
  dailyQuotaSpent: boolean;
}

export interface CustomerIoOptions {
  seed?: number;
  region?: 'us' | 'eu';
  /** A clock, or a fixed time; default 2026-09-22T12:00:00Z. */
  clock?: SimClock | number | 'real';
  people?: number;
  deliveries?: number;
  deliveryDays?: number;
  activities?: number;
  activityDays?: number;
  newsletters?: number;
  bounces?: number;
  /** Domains that mail is sent from; default 1. */
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
