import type { SimClock } from '../kit/clock.ts';

export type SegmentTable =
  | 'audit_events'
  | 'catalog_destinations'
  | 'catalog_sources'
  | 'catalog_warehouses'
  | 'destination_delivery_metrics_summary'
  | 'destination_subscriptions'
  | 'destinations'
  | 'groups'
  | 'source_connected_destinations'
  | 'source_connected_warehouses'
  | 'sources'
  | 'transformations'
  | 'usage_api_calls_per_source_daily'
  | 'usage_api_calls_workspace_daily'
  | 'usage_mtu_per_source_daily'
  | 'usage_mtu_workspace_daily'
  | 'users'
  | 'warehouses';

/** Behaviour that the documentation leaves open or the workspace's plan decides; each can be changed while the simulator runs. */
export interface Switches {
  auditTrail: boolean;
  protocols: boolean;
  destinationSubscriptions: boolean;
  /** How the first and last page write `previous` and `next`. */
  ends: 'omit' | 'null';
  totals: boolean;
  /** Whether audit events and subscriptions include a `pagination` object when one page holds everything. */
  optionalPagination: boolean;
  periodDay: 'month' | 'refuse';
  /** The first row of a month also ends the period before it, with that period's last count. */
  boundaryRows: boolean;
  unsupportedVersion: 'fallback' | 404 | 406;
  auditBounds: 'exclusive' | 'inclusive';
  /** Which end applies when `endTime` is sent with a cursor: the cursor's, or the parameter, which starts the listing again. */
  auditEnd: 'cursor' | 'parameter';
  /** The status for an unknown token. */
  unknownToken: 401 | 403;
  /** The server ignores `startTime`. */
  ignoreStartTime: boolean;
  deviceModeMetrics: 'empty' | 404;
}

export interface SegmentOptions {
  seed?: number;
  region?: 'us' | 'eu';
  /** A clock, or a fixed time; default 2026-03-18T10:20:30Z. */
  clock?: SimClock | number | 'real';
  sources?: number;
  destinations?: number;
  warehouses?: number;
  users?: number;
  groups?: number;
  transformations?: number;
  catalogDestinations?: number;
  catalogSources?: number;
  catalogWarehouses?: number;
  auditEvents?: number;
  /** Months with usage, the current one included. */
  usageMonths?: number;
  switches?: Partial<Switches>;
  limits?: { enabled?: boolean; points?: number; alphaPoints?: number; windowMs?: number };
  port?: number;
  controlPort?: number;
}

export const DEFAULT_SWITCHES: Switches = {
  auditTrail: true,
  protocols: true,
  destinationSubscriptions: true,
  ends: 'omit',
  totals: true,
  optionalPagination: true,
  periodDay: 'month',
  boundaryRows: false,
  unsupportedVersion: 'fallback',
  auditBounds: 'exclusive',
  auditEnd: 'cursor',
  unknownToken: 401,
  ignoreStartTime: false,
  deviceModeMetrics: 'empty',
};
