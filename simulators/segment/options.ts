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

/** What the documentation leaves open or the workspace's plan decides; every one can be turned while the simulator runs. */
export interface Switches {
  auditTrail: boolean;
  protocols: boolean;
  destinationSubscriptions: boolean;
  /** How the ends of a listing write `next` and `previous`. */
  ends: 'omit' | 'null';
  totals: boolean;
  /** Whether audit events and subscriptions carry a `pagination` object when one page holds everything. */
  optionalPagination: boolean;
  periodDay: 'month' | 'refuse';
  /** The first row of a month also closes the period before it, with that period's last count. */
  boundaryRows: boolean;
  unsupportedVersion: 'fallback' | 404 | 406;
  auditBounds: 'exclusive' | 'inclusive';
  /** What counts as the end when `endTime` stands beside a cursor: the one in the cursor, or the parameter, which begins the listing anew. */
  auditEnd: 'cursor' | 'parameter';
  /** What a token nobody knows is answered. */
  unknownToken: 401 | 403;
  /** A server that forgets about `startTime`. */
  ignoreStartTime: boolean;
  deviceModeMetrics: 'empty' | 404;
}

export interface SegmentOptions {
  seed?: number;
  region?: 'us' | 'eu';
  /** A clock of one's own, or where time stands still; default 2026-03-18T10:20:30Z. */
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
  /** Months of usage that exist, the running one included. */
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
