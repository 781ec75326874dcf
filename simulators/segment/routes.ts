import type { Answer, Handler, Routes, SimRequest } from '../kit/http-server.ts';
import { guarded, type AccessParts, type Level, type RouteRules, type TokenKind, type Visit } from './access.ts';
import { data, invalid, notFound } from './answers.ts';
import { findAuditEvents } from './audit.ts';
import { deliverySummary, WINDOWS, type Granularity } from './delivery.ts';
import { listPage, pageRequest, type Listing, type PageRequest } from './paging.ts';
import { monthStart, usageRows, type UsageKind } from './usage.ts';
import type { VendorRow, Workspace } from './workspace.ts';

const EVERY: readonly Level[] = ['v1', 'v1beta', 'v1alpha'];
const NOT_IN_BETA = ['drop', 'fqlDefinedProperties', 'allowProperties', 'hashPropertiesConfiguration'];

export function segmentRoutes(workspace: Workspace, access: AccessParts): Routes {
  const { switches, clock } = access;
  const planRefusal = (token: TokenKind): string | undefined => (token === 'free' ? 'The Public API is not part of this plan.' : undefined);

  function list(
    rules: Partial<RouteRules>,
    listing: (visit: Visit, page: PageRequest) => (Omit<Listing, 'totals'> & { totals?: boolean }) | Answer,
  ): Handler {
    const refusal = (token: TokenKind): string | undefined => planRefusal(token) ?? rules.refusal?.(token);
    return guarded(access, { levels: rules.levels ?? EVERY, refusal }, (visit) => {
      const page = pageRequest(visit.request.query);
      if ('status' in page) return page;
      const found = listing(visit, page);
      return 'status' in found ? found : listPage({ totals: switches.totals, ...found }, page, switches);
    });
  }
  const simple = (key: string, rows: () => readonly VendorRow[]): Handler => list({}, () => ({ key, rows: rows() }));

  function ofSource(key: string, rows: (sourceId: string) => readonly VendorRow[]): Handler {
    return list({}, ({ request }) => {
      const id = request.params['sourceId'] as string;
      const known = workspace.sources.some((s) => s['id'] === id) && !workspace.gone.has(id);
      return known ? { key, rows: rows(id) } : notFound('The source');
    });
  }

  function usage(key: string, kind: UsageKind, perSource: boolean): Handler {
    return list({}, ({ request }) => {
      const period = request.query.get('period');
      const at = period === null ? NaN : Date.parse(period);
      if (period === null) return invalid('period', 'is required');
      if (Number.isNaN(at)) return invalid('period', 'must be an ISO-8601 date');
      if (switches.periodDay === 'refuse' && monthStart(at) !== at) return invalid('period', 'must be the first day of a month');
      return { key, rows: usageRows(workspace, kind, perSource, monthStart(at), clock.now(), switches.boundaryRows) };
    });
  }

  return {
    'GET /': guarded(access, { levels: EVERY }, () => data({ workspace: workspace.info })),
    'GET /sources': list({}, ({ token }) => ({
      key: 'sources',
      rows: token === 'member' ? workspace.sources.map((s) => ({ ...s, writeKeys: [] })) : workspace.sources,
    })),
    'GET /sources/:sourceId/connected-destinations': ofSource('destinations', (id) => connectedDestinations(workspace, id)),
    'GET /sources/:sourceId/connected-warehouses': ofSource('warehouses', (id) => connected(workspace, id)),
    'GET /destinations': simple('destinations', () => workspace.destinations),
    'GET /destinations/:destinationId/subscriptions': list(
      {
        levels: ['v1alpha'],
        refusal: () => (switches.destinationSubscriptions ? undefined : 'The Destination Subscriptions feature is not enabled.'),
      },
      ({ request }) => {
        const id = request.params['destinationId'] as string;
        const known = workspace.destinations.some((d) => d['id'] === id) && !workspace.gone.has(id);
        return known ? { key: 'subscriptions', rows: workspace.subscriptions.get(id) ?? [], optional: true } : notFound('The destination');
      },
    ),
    'GET /destinations/:destinationId/delivery-metrics': guarded(
      access,
      { levels: ['v1beta', 'v1alpha'], refusal: planRefusal },
      ({ request }) => deliveryMetrics(workspace, request, clock.now(), switches.deviceModeMetrics),
    ),
    'GET /warehouses': simple('warehouses', () => workspace.warehouses),
    'GET /users': simple('users', () => workspace.users),
    'GET /groups': simple('userGroups', () => workspace.groups),
    'GET /transformations': list(
      { refusal: () => (switches.protocols ? undefined : 'Protocols is not enabled for this workspace.') },
      ({ level }) => ({
        key: 'transformations',
        rows:
          level === 'v1beta'
            ? workspace.transformations.map((t) => Object.fromEntries(Object.entries(t).filter(([name]) => !NOT_IN_BETA.includes(name))))
            : workspace.transformations,
      }),
    ),
    'GET /catalog/destinations': simple('destinationsCatalog', () => workspace.catalogDestinations),
    'GET /catalog/sources': simple('sourcesCatalog', () => workspace.catalogSources),
    'GET /catalog/warehouses': simple('warehousesCatalog', () => workspace.catalogWarehouses),
    'GET /audit-events': list(
      { refusal: (token) => (switches.auditTrail && token !== 'team' ? undefined : 'Audit Trail is not part of this plan.') },
      ({ request: { query } }, page) => {
        const start = query.get('startTime');
        const end = query.get('endTime');
        if (start !== null && Number.isNaN(Date.parse(start))) return invalid('startTime', 'must be an ISO-8601 date');
        if (end !== null && Number.isNaN(Date.parse(end))) return invalid('endTime', 'must be an ISO-8601 date');
        if (end !== null && page.end !== undefined && switches.auditEnd === 'parameter')
          Object.assign(page, { offset: 0, end: Date.parse(end) });
        const until = page.end ?? (end === null ? clock.now() : Date.parse(end));
        const rows = findAuditEvents(workspace, clock.now(), {
          end: until,
          inclusive: switches.auditBounds === 'inclusive',
          resourceId: query.get('resourceId'),
          resourceType: query.get('resourceType'),
          ...(start !== null && !switches.ignoreStartTime && { start: Date.parse(start) }),
        });
        return { key: 'events', rows, end: until, totals: false, optional: true };
      },
    ),
    'GET /usage/api-calls/daily': usage('dailyWorkspaceAPICallsUsage', 'api', false),
    'GET /usage/api-calls/sources/daily': usage('dailyPerSourceAPICallsUsage', 'api', true),
    'GET /usage/mtu/daily': usage('dailyWorkspaceMTUUsage', 'mtu', false),
    'GET /usage/mtu/sources/daily': usage('dailyPerSourceMTUUsage', 'mtu', true),
  };
}

export function connectedDestinations({ destinations, disconnected }: Workspace, sourceId: string): VendorRow[] {
  return destinations.filter((d) => d['sourceId'] === sourceId && !disconnected.has(`${String(d['id'])} ${sourceId}`));
}

export function connected(workspace: Workspace, sourceId: string): VendorRow[] {
  const wanted = workspace.connections.get(sourceId) ?? [];
  return workspace.warehouses.filter((w) => wanted.includes(w['id'] as string));
}

function deliveryMetrics(workspace: Workspace, request: SimRequest, now: number, deviceMode: 'empty' | 404): Answer {
  const { query, params } = request;
  const sourceId = query.get('sourceId');
  if (sourceId === null) return invalid('sourceId', 'is required');
  const granularity = (query.get('granularity') ?? 'MINUTE') as Granularity;
  const limits = WINDOWS[granularity];
  if (!limits) return invalid('granularity', 'must be one of MINUTE, HOUR, DAY');
  const end = query.has('endTime') ? Date.parse(query.get('endTime') as string) : now;
  const start = query.has('startTime') ? Date.parse(query.get('startTime') as string) : end - limits.back;
  if (Number.isNaN(end)) return invalid('endTime', 'must be an ISO-8601 date');
  if (Number.isNaN(start)) return invalid('startTime', 'must be an ISO-8601 date');
  if (start > end || end - start > limits.range) return invalid('startTime', `is too far from "endTime" for granularity ${granularity}`);
  if (now - start > limits.age) return invalid('startTime', `is too long ago for granularity ${granularity}`);
  const destination = workspace.destinations.find((d) => d['id'] === params['destinationId'] && d['sourceId'] === sourceId);
  if (!destination || workspace.gone.has(destination['id'] as string)) return notFound('The connection of source and destination');
  if (deviceMode === 404 && workspace.deviceMode.has(destination['id'] as string)) return notFound('Delivery data of this destination');
  if (workspace.unmeasured.has(destination['id'] as string)) return data({ deliveryMetricsSummary: null });
  return data({ deliveryMetricsSummary: deliverySummary(workspace, destination, start, end) });
}
