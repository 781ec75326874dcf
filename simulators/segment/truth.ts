import type { SimClock } from '../kit/clock.ts';
import { findAuditEvents } from './audit.ts';
import { deliverySummary } from './delivery.ts';
import type { SegmentTable, Switches } from './options.ts';
import { connected, connectedDestinations } from './routes.ts';
import { monthStart, usageRows, type UsageKind } from './usage.ts';
import type { VendorRow, Workspace } from './workspace.ts';
import { HOUR } from '../kit/durations.ts';

export interface SegmentTruth {
  readonly tables: readonly SegmentTable[];
  /**
   * The current rows of the table in the vendor's shape, with the values that stand only in the request: the parent's id
   * (`sourceId`, `destinationId`; a record's own other source as `recordSourceId`), `period` of usage rows, and window and
   * granularity of delivery metrics (the last 24 full hours, by hour). Rows whose parent answers 404 are excluded.
   */
  rows(table: SegmentTable): VendorRow[];
  /** All credentials in the data; none may appear anywhere unless the settings include them. */
  secrets(): string[];
}

export function segmentTruth(workspace: Workspace, clock: SimClock, switches: Switches): SegmentTruth {
  const listed = (): VendorRow[] => workspace.sources.filter((s) => !workspace.gone.has(s['id'] as string));

  function usage(kind: UsageKind, perSource: boolean): VendorRow[] {
    const byKey = new Map<string, VendorRow>();
    for (let month = workspace.usageFrom; month <= clock.now(); month = monthStart(month, 1)) {
      for (const row of usageRows(workspace, kind, perSource, month, clock.now(), switches.boundaryRows)) {
        byKey.set(`${String(row['sourceId'])} ${String(row['timestamp'])}`, { ...row, period: new Date(month).toISOString().slice(0, 10) });
      }
    }
    return [...byKey.values()];
  }

  function delivery(): VendorRow[] {
    const end = Math.floor(clock.now() / HOUR) * HOUR;
    const text = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');
    const window = { windowStart: text(end - 24 * HOUR), windowEnd: text(end), granularity: 'HOUR' };
    return workspace.destinations
      .filter(
        (d) =>
          !workspace.gone.has(d['id'] as string) &&
          !workspace.unmeasured.has(d['id'] as string) &&
          !(switches.deviceModeMetrics === 404 && workspace.deviceMode.has(d['id'] as string)),
      )
      .map((d) => ({ ...deliverySummary(workspace, d, end - 24 * HOUR, end), destinationId: d['id'] as string, ...window }));
  }

  const rows: Record<SegmentTable, () => VendorRow[]> = {
    audit_events: () => findAuditEvents(workspace, clock.now(), { end: clock.now(), inclusive: switches.auditBounds === 'inclusive' }),
    catalog_destinations: () => workspace.catalogDestinations,
    catalog_sources: () => workspace.catalogSources,
    catalog_warehouses: () => workspace.catalogWarehouses,
    destination_delivery_metrics_summary: delivery,
    destination_subscriptions: () =>
      [...new Set(workspace.destinations.map((d) => d['id'] as string))]
        .filter((id) => !workspace.gone.has(id))
        .flatMap((id) => workspace.subscriptions.get(id) ?? []),
    destinations: () => workspace.destinations,
    groups: () => workspace.groups,
    source_connected_destinations: () =>
      listed().flatMap((s) =>
        connectedDestinations(workspace, s['id'] as string).map((d) => ({ ...d, recordSourceId: d['sourceId'] as string })),
      ),
    source_connected_warehouses: () =>
      listed().flatMap((s) => connected(workspace, s['id'] as string).map((w) => ({ ...w, sourceId: s['id'] as string }))),
    sources: () => workspace.sources,
    transformations: () => workspace.transformations,
    usage_api_calls_per_source_daily: () => usage('api', true),
    usage_api_calls_workspace_daily: () => usage('api', false),
    usage_mtu_per_source_daily: () => usage('mtu', true),
    usage_mtu_workspace_daily: () => usage('mtu', false),
    users: () => workspace.users,
    warehouses: () => workspace.warehouses,
  };
  return {
    tables: Object.keys(rows) as SegmentTable[],
    rows: (table) => rows[table](),
    secrets() {
      const held = JSON.stringify([
        workspace.sources,
        workspace.destinations,
        workspace.warehouses,
        [...workspace.subscriptions.values()],
        workspace.transformations,
      ]);
      const keys = workspace.sources.flatMap((s) => s['writeKeys'] as string[]);
      return [...new Set([...keys, ...(held.match(/SECRET-[a-z]+-\d+/g) ?? [])])];
    },
  };
}
