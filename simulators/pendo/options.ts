export type GroupedSource = 'events' | 'featureEvents' | 'pageEvents' | 'trackEvents';
export type SingleSource = 'guideEvents' | 'pollEvents';
export type ObjectSource = 'features' | 'pages' | 'guides' | 'trackTypes';
export type Period = 'dayRange' | 'hourRange';

export type PendoTable =
  | 'accounts'
  | 'visitors'
  | 'features'
  | 'pages'
  | 'guides'
  | 'track_types'
  | 'metadata_accounts'
  | 'metadata_visitors'
  | 'events'
  | 'feature_events'
  | 'page_events'
  | 'track_events'
  | 'guide_events'
  | 'poll_events'
  | 'visitor_history';

/** Behaviour that the documentation leaves open; each can be changed while the simulator runs. */
export interface Switches {
  /** Whether rows of hour buckets contain their day as well. */
  hourRowsHaveDay: boolean;
  /** How an answer without rows writes its list. */
  empty: 'null' | 'list';
  /** Rows of an answer above which the vendor runs out of memory (400). */
  mostRows: number;
  /** Rows after which an answer ends, whatever its limit, without saying so. */
  atMost: number;
  /** Raw events above which the vendor stops the aggregation (408). */
  mostScanned: number;
}

export interface PendoOptions {
  seed?: number;
  /** A fixed time, or `real`. Default 2026-03-20T16:00Z. */
  now?: number | 'real';
  /** IANA zone of the subscription. */
  timeZone?: string;
  /** Days of events before now. */
  days?: number;
  visitors?: number;
  /** Anonymous visitors among them. */
  anonymous?: number;
  accounts?: number;
  features?: number;
  pages?: number;
  guides?: number;
  trackTypes?: number;
  /** Sessions per visitor, each of a few interactions within ten minutes. */
  sessions?: number;
  /** Longest time until an event becomes visible, hours. */
  lagHours?: number;
  switches?: Partial<Switches>;
  limits?: { enabled?: boolean; perSecond?: number };
  port?: number;
  controlPort?: number;
}

export const DEFAULT_KEY = 'pendo-integration-key-5f1c';
/** A key that may read everything but aggregations. */
export const NARROW_KEY = 'pendo-narrow-key-77aa';

export const DEFAULT_APP = -323232;
export const APPS: readonly number[] = [DEFAULT_APP, 5211887790002176, 6411904463011840];

export const DEFAULT_SWITCHES: Switches = {
  hourRowsHaveDay: true,
  empty: 'null',
  mostRows: Infinity,
  atMost: Infinity,
  mostScanned: Infinity,
};
