import { simClock } from '../kit/clock.ts';
import type { Answer, Routes } from '../kit/http-server.ts';
import { rateWindows, type RateWindows } from '../kit/rate-windows.ts';
import { startSimulator, type Simulator } from '../kit/simulator.ts';
import type { Call, Context, KlaviyoLimits } from './context.ts';
import { cursors } from './cursor.ts';
import { document, notFound, problemAnswer, throttled } from './errors.ts';
import { listEvents, readEvent, readEventMetric, readEventProfile, readEventProfileLink } from './event-endpoints.ts';
import { admit } from './admit.ts';
import { ingest, type IngestKind } from './ingest.ts';
import { listMetrics, readMetric } from './metric-endpoints.ts';
import { mutations, type Mutations } from './mutations.ts';
import { listProfiles, readProfile } from './profile-endpoints.ts';
import { noQuirks, type Quirks } from './quirks.ts';
import { klaviyoTruth, type KlaviyoTruth } from './truth.ts';
import { createWorld } from './world.ts';
import { createEvent, importProfile, mergeProfile, requestDeletion, type JobDelays } from './write-endpoints.ts';

export const ALL_SCOPES = [
  'accounts:read',
  'profiles:read',
  'profiles:write',
  'events:read',
  'events:write',
  'metrics:read',
  'data-privacy:write',
] as const;

export interface KlaviyoSimulatorOptions {
  seed?: number;
  profiles?: number;
  events?: number;
  /** Default 460, so that they fill three pages. */
  metrics?: number;
  /** Whether the documented rate limits apply from the start; default true. */
  limits?: boolean;
  /** A number is a fixed time until advanced. Default `'real'`. */
  now?: number | 'real';
  /** Age of the oldest created times and event times, days; default 365. */
  historyDays?: number;
  /** When events become visible: at once (default), or after minutes to days as documented. */
  visibility?: 'instant' | 'documented';
  /** Private keys and their scopes; default `pk_simulator_000` with all scopes. They share one account and its limits. */
  keys?: Record<string, readonly string[]>;
  /** The clock of the rate windows, ms; default the machine's clock. */
  rateNow?: () => number;
  jobDelays?: Partial<JobDelays>;
  port?: number;
  controlPort?: number;
}

export interface KlaviyoSimulator extends Simulator<KlaviyoTruth> {
  limits: KlaviyoLimits;
  rates: RateWindows;
  quirks: Quirks;
  change: Mutations;
  /** Imports an uploaded file; returns its number of rows. */
  ingest(kind: IngestKind, file: Buffer): { rows: number };
  /** Makes every cursor returned so far invalid. */
  expireCursors(): void;
}

export const DEFAULT_KEY = 'pk_simulator_000';

export async function startKlaviyoSimulator(options: KlaviyoSimulatorOptions = {}): Promise<KlaviyoSimulator> {
  const { seed = 1, now = 'real' } = options;
  const clock = simClock(now);
  const world = createWorld({
    seed,
    clock,
    profiles: options.profiles ?? 1000,
    events: options.events ?? 5000,
    metrics: options.metrics ?? 460,
    historyDays: options.historyDays ?? 365,
    visibility: options.visibility ?? 'instant',
  });
  const delays: JobDelays = { merge: 0, deletion: 0, ...options.jobDelays };
  const limits: KlaviyoLimits = { enabled: options.limits ?? true, omitRetryAfter: false, multiPartHeader: false };
  const rates = rateWindows(options.rateNow);
  const quirks = noQuirks();
  const change = mutations(world);
  const marks = cursors(seed);
  const truth = klaviyoTruth(world);
  let url = (): string => '';
  const context: Context = {
    world,
    quirks,
    limits,
    rates,
    cursors: marks,
    keys: options.keys ?? { [DEFAULT_KEY]: ALL_SCOPES },
    url: () => url(),
  };

  const simulator = await startSimulator({
    clock,
    limits,
    rates,
    truth,
    operations: {
      ...Object.fromEntries(
        Object.entries(change).map(([name, run]) => [name, (args: never) => (world.settle(), (run as (how: never) => unknown)(args))]),
      ),
      'quirks.set': (changes: Partial<Quirks>) => Object.assign(quirks, changes),
      expireCursors: () => marks.expire(),
      'truth.counts': () => truth.counts(),
      'truth.has': ({ table, id }: { table: 'profiles' | 'events' | 'metrics'; id: string }) => truth.has(table, id),
    },
    streams: {
      'truth/profiles': () => texts(truth.profiles()),
      'truth/events': () => texts(truth.events()),
      'truth/metrics': () => texts(truth.metrics()),
    },
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.controlPort === undefined ? {} : { controlPort: options.controlPort }),
    server: (own) => {
      url = own;
      return {
        routes: routes(context, change, delays),
        notFound: () => problemAnswer(notFound('The path does not exist.').problem),
        throttled,
      };
    },
  });
  return { ...simulator, rates, quirks, change, ingest: (kind, file) => ingest(context, kind, file), expireCursors: () => marks.expire() };
}

function* texts(rows: Iterable<{ json: string }>): Iterable<string> {
  for (const row of rows) yield row.json;
}

function routes(context: Context, change: Mutations, delays: JobDelays): Routes {
  type Endpoint = (call: Call) => Answer | undefined;
  const account = (): Answer =>
    document(
      '{"data":[{"type":"account","id":"SimAcc","attributes":{"test_account":true,"timezone":"Europe/Warsaw"},"links":{}}],"links":{}}',
    );
  const endpoints: [route: string, scope: string, endpoint: Endpoint][] = [
    ['GET /api/profiles', 'profiles:read', (call) => listProfiles(context, call)],
    ['GET /api/profiles/:id', 'profiles:read', (call) => readProfile(context, call)],
    ['GET /api/events', 'events:read', (call) => listEvents(context, call)],
    ['GET /api/events/:id', 'events:read', (call) => readEvent(context, call)],
    ['GET /api/events/:id/profile', 'profiles:read', (call) => readEventProfile(context, call)],
    ['GET /api/events/:id/metric', 'metrics:read', (call) => readEventMetric(context, call)],
    ['GET /api/events/:id/relationships/profile', 'events:read', (call) => readEventProfileLink(context, call)],
    ['GET /api/metrics', 'metrics:read', (call) => listMetrics(context, call)],
    ['GET /api/metrics/:id', 'metrics:read', (call) => readMetric(context, call)],
    ['GET /api/accounts', 'accounts:read', account],
    ['POST /api/profile-merge', 'profiles:write', (call) => mergeProfile(context, call, change, delays)],
    ['POST /api/data-privacy-deletion-jobs', 'data-privacy:write', (call) => requestDeletion(context, call, change, delays)],
    ['POST /api/events', 'events:write', (call) => createEvent(context, call)],
    ['POST /api/profile-import', 'profiles:write', (call) => importProfile(context, call)],
  ];
  return Object.fromEntries(endpoints.map(([route, scope, endpoint]) => [route, admit(context, route, scope, endpoint)]));
}
