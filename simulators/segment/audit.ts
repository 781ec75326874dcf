import { below, pick } from '../kit/random.ts';
import { ids } from './ids.ts';
import type { VendorRow, Workspace } from './workspace.ts';
import { DAY } from '../kit/durations.ts';

export const RETENTION_MS = 90 * DAY;

export const EVENT_TYPES = [
  'Source Created',
  'Source Modified',
  'Source Enabled',
  'Source Disabled',
  'Source Settings Modified',
  'Source Deleted',
  'Integration Created',
  'Integration Disabled',
  'Integration Deleted',
  'Storage Destination Created',
  'Storage Destination Modified',
  'Storage Destination Enabled',
  'Storage Destination Deleted',
  'Storage Destination Settings Validation',
  'Destination Filter Created',
  'Destination Filter Enabled',
  'Destination Filter Disabled',
  'Destination Filter Deleted',
  'Transformation Created',
  'Transformation Updated',
  'Transformation Deleted',
  'Policy Created',
  'Policy Deleted',
  'User Policy Updated',
  'User Group Created',
  'User Group Updated',
  'User Group Deleted',
  'User Group Policy Updated',
  'Group Memberships Deleted',
  'User Added To User Group',
  'User Removed From User Group',
  'Invite Deleted',
  'Label Created',
  'Label Deleted',
  'Warehouse Credential Created',
  'Warehouse Credential Modified',
  'Warehouse Credential Deleted',
  'Audience Created',
  'Audience Modified',
  'Audience Deleted',
] as const;

const RESOURCE_TYPES = ['SOURCE', 'WAREHOUSE', 'SPACE', 'WORKSPACE', 'FUNCTION'] as const;

/** Spread over 100 days, so that the oldest are older than the 90 days the vendor keeps; every tenth group of three shares an instant. */
export function auditEvents(workspace: Workspace, count: number, now: number): VendorRow[] {
  const span = 100 * DAY;
  return Array.from({ length: count }, (_, n) => {
    const slot = n % 30 < 3 ? n - (n % 30) : n;
    const at = now - span + Math.floor(((slot + 0.5) * span) / Math.max(count, 1));
    return auditEvent(workspace, n, at);
  });
}

export function auditEvent(workspace: Workspace, n: number, at: number): VendorRow {
  const { seed } = workspace;
  const byToken = below(4, seed, n, 400) === 0;
  const user = pick(workspace.users, seed, n, 401);
  const source = pick(workspace.sources, seed, n, 402);
  return {
    id: ids.auditEvent(seed, n),
    timestamp: new Date(at).toISOString(),
    type: pick(EVENT_TYPES, seed, n, 403),
    actor: byToken ? ids.token(seed, n % 3) : (user['id'] as string),
    ...(!byToken && { actorEmail: user['email'] as string }),
    resourceId: source['id'] as string,
    resourceType: pick(RESOURCE_TYPES, seed, n, 404),
    resourceName: (source['name'] ?? source['slug']) as string,
  };
}

export interface AuditQuery {
  start?: number;
  end: number;
  inclusive: boolean;
  resourceId?: string | null;
  resourceType?: string | null;
}

/** Newest first; events older than the retention do not exist. */
export function findAuditEvents(workspace: Workspace, now: number, query: AuditQuery): VendorRow[] {
  const start = query.start ?? -Infinity;
  return workspace.auditEvents
    .filter((event) => {
      const at = Date.parse(event['timestamp'] as string);
      const within = query.inclusive ? at >= start && at <= query.end : at > start && at < query.end;
      return (
        within &&
        at > now - RETENTION_MS &&
        (query.resourceId == null || event['resourceId'] === query.resourceId) &&
        (query.resourceType == null || event['resourceType'] === query.resourceType)
      );
    })
    .sort((a, b) =>
      a['timestamp'] === b['timestamp']
        ? String(a['id']) < String(b['id'])
          ? 1
          : -1
        : String(a['timestamp']) < String(b['timestamp'])
          ? 1
          : -1,
    );
}
