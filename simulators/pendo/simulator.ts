import { simClock } from '../kit/clock.ts';
import type { Operations } from '../kit/control.ts';
import { json, type Answer, type Handler, type Routes, type SimRequest } from '../kit/http-server.ts';
import { bodyOf } from '../kit/body-buffer.ts';
import { rateWindows } from '../kit/rate-windows.ts';
import { startSimulator, type Simulator } from '../kit/simulator.ts';
import { historyOf } from './history.ts';
import { pendoMutations, type PendoMutations } from './mutations.ts';
import { DEFAULT_KEY, DEFAULT_SWITCHES, NARROW_KEY, type PendoOptions, type PendoTable, type Switches } from './options.ts';
import { aggregations, Refused, type Asked } from './pipeline.ts';
import { DEFAULT_APP } from './options.ts';
import type { VendorRow } from './rows.ts';
import { pendoTruth, type PendoTruth } from './truth.ts';
import { createWorld, type World } from './world.ts';

/** @public Keys that the simulator knows. */
export { DEFAULT_KEY, NARROW_KEY } from './options.ts';

export interface PendoLimits {
  enabled: boolean;
  perSecond: number;
}

export interface PendoSimulator extends Simulator<PendoTruth> {
  limits: PendoLimits;
  change: PendoMutations;
  switches: Switches;
  world: World;
  /** Every aggregation that was run, in order. */
  asked: Asked[];
}

/** A Pendo subscription on a local socket. */
export async function startPendoSimulator(options: PendoOptions = {}): Promise<PendoSimulator> {
  const clock = simClock(options.now ?? Date.UTC(2026, 2, 20, 16));
  const world = createWorld(options, clock.now());
  const switches: Switches = { ...DEFAULT_SWITCHES, ...options.switches };
  const limits: PendoLimits = { enabled: true, perSecond: 10, ...options.limits };
  const rates = rateWindows();
  const truth = pendoTruth(world, clock, switches);
  const change = pendoMutations(world, clock);
  const { run, asked } = aggregations(world, clock, switches);
  const throttled = (seconds?: number): Answer =>
    json(429, { message: 'Too Many Requests' }, seconds === undefined ? {} : { 'retry-after': String(seconds) });

  const guarded =
    (handler: Handler): Handler =>
    (request) => {
      const key = request.headers['x-pendo-integration-key'];
      if (key === undefined || key === '') return json(401, { message: 'No valid integration key provided.' });
      if (key !== DEFAULT_KEY && key !== NARROW_KEY) return json(403, { message: 'Forbidden' });
      if (key === NARROW_KEY && request.path.endsWith('/aggregation')) return json(403, { message: 'Forbidden' });
      if (limits.enabled && !rates.take(String(key), [{ limit: limits.perSecond, ms: 1_000 }]).allowed) return throttled();
      return handler(request);
    };

  const listing = (rows: readonly VendorRow[]): Handler =>
    guarded(({ query }) => json(200, query.get('expand') === '*' ? rows : rows.filter((row) => row['appId'] === DEFAULT_APP)));

  const routes: Routes = {
    'POST /api/v1/aggregation': guarded((request) => aggregate(request, run)),
    'GET /api/v1/feature': listing(world.features),
    'GET /api/v1/page': listing(world.pages),
    'GET /api/v1/guide': listing(world.guides),
    'GET /api/v1/metadata/schema/account': guarded(() => json(200, world.schemas.account)),
    'GET /api/v1/metadata/schema/visitor': guarded(() => json(200, world.schemas.visitor)),
    'GET /api/v1/visitor/:id/history': guarded(({ params, query }) => {
      const from = Number(query.get('starttime') ?? Number.NaN);
      if (!Number.isFinite(from)) return json(400, { message: 'starttime is missing' });
      const id = params['id'] as string;
      if (!world.visitors.some((row) => row['visitorId'] === id)) return json(404, { message: 'visitor not found' });
      return json(200, historyOf(world, id, from, clock.now()));
    }),
  };

  const simulator = await startSimulator({
    clock,
    limits,
    rates,
    truth,
    operations: {
      ...(change as Operations),
      'switches.set': (changes: Partial<Switches>) => Object.assign(switches, changes),
      'asked.counts': () => askedCounts(asked),
      key: () => DEFAULT_KEY,
    },
    streams: Object.fromEntries(truth.tables.map((table: PendoTable) => [`truth/${table}`, () => lines(truth, table)])),
    ...(options.port !== undefined && { port: options.port }),
    ...(options.controlPort !== undefined && { controlPort: options.controlPort }),
    server: () => ({
      routes,
      throttled,
      notFound: () => ({ status: 404, headers: { 'content-type': 'text/html' }, body: '<html><body><h1>404 Not Found</h1></body></html>' }),
    }),
  });
  return { ...simulator, limits, change, switches, world, asked };
}

function aggregate(request: SimRequest, run: (body: string) => unknown): Answer {
  try {
    const { results, ...rest } = run(request.body) as { results: VendorRow[] | null };
    const head = JSON.stringify(rest).slice(0, -1);
    if (results === null) return { status: 200, headers: { 'content-type': 'application/json' }, body: `${head},"results":null}` };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: bodyOf(pieces(head, results)) };
  } catch (error) {
    if (error instanceof Refused) return { status: error.status, headers: { 'content-type': 'text/plain' }, body: error.message };
    if (error instanceof SyntaxError) return json(400, { message: 'The body is not JSON.' });
    throw error;
  }
}

function* pieces(head: string, rows: readonly VendorRow[]): Iterable<string> {
  yield `${head},"results":[`;
  for (const [i, row] of rows.entries()) yield `${i === 0 ? '' : ','}${JSON.stringify(row)}`;
  yield ']}';
}

/** Requests per row source, and the widest window of each, hours. */
function askedCounts(asked: readonly Asked[]): Record<string, { requests: number; widestHours: number }> {
  const counts: Record<string, { requests: number; widestHours: number }> = {};
  for (const { source, hours } of asked) {
    const count = (counts[source] ??= { requests: 0, widestHours: 0 });
    count.requests += 1;
    count.widestHours = Math.max(count.widestHours, hours);
  }
  return counts;
}

function* lines(truth: PendoTruth, table: PendoTable): Iterable<string> {
  for (const row of truth.rows(table)) yield JSON.stringify(row);
}
