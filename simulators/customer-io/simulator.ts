import { simClock } from '../kit/clock.ts';
import type { Operations } from '../kit/control.ts';
import { hexDigits } from '../kit/random.ts';
import { startSimulator, type Simulator } from '../kit/simulator.ts';
import { tooMany } from './answers.ts';
import { createGuard, type Traffic } from './guard.ts';
import { midwayWatch, type Midway } from './midway.ts';
import { customerIoMutations, type CustomerIoMutations } from './mutations.ts';
import { DEFAULT_SWITCHES, type CustomerIoLimits, type CustomerIoOptions, type KeyKind, type Switches } from './options.ts';
import { customerIoRoutes } from './routes.ts';
import { customerIoTruth, type CustomerIoTruth } from './truth.ts';
import { buildWorld, emptyWorld, type World } from './world.ts';

export interface CustomerIoSimulator extends Simulator<CustomerIoTruth> {
  /** Base URL for a client's settings, version included. */
  baseUrl: string;
  limits: CustomerIoLimits;
  keys: Record<KeyKind, string>;
  switches: Switches;
  /** Changes in the workspace; the control interface offers them under the same names. */
  mutate: CustomerIoMutations;
  midway: Midway;
  traffic: Traffic;
  world: World;
}

const START = Date.UTC(2026, 8, 22, 12);

/** Customer.io's App API over one generated workspace of a region and an empty one. The same options give the same workspace. */
export async function startCustomerIoSimulator(options: CustomerIoOptions = {}): Promise<CustomerIoSimulator> {
  const clock = typeof options.clock === 'object' ? options.clock : simClock(options.clock ?? START);
  const world = buildWorld(options, Math.floor(clock.now() / 1000));
  const switches: Switches = { ...DEFAULT_SWITCHES, region: options.region ?? 'us', ...options.switches };
  const limits: CustomerIoLimits = { enabled: true, perSecond: 10, dailyQuotaSpent: false, ...options.limits };
  const region = options.region ?? 'us';
  const keyOf = (salt: number): string => hexDigits(32, world.seed + (region === 'eu' ? 500 : 0), salt, 99);
  const keys: Record<KeyKind, string> = { full: keyOf(1), empty: keyOf(2), narrow: keyOf(3) };
  // While the server plays the other region it knows none of the keys.
  const known = (kind: KeyKind): string => (switches.region === region ? keys[kind] : `of the other region ${kind}`);
  const liveKeys = {
    get full() {
      return known('full');
    },
    get empty() {
      return known('empty');
    },
    get narrow() {
      return known('narrow');
    },
  };
  const midway = midwayWatch();
  const access = createGuard({
    keys: liveKeys,
    worlds: { full: world, empty: emptyWorld(world.seed), narrow: world },
    switches,
    limits,
    midway,
  });
  const truth = customerIoTruth(world, clock);
  const mutate = customerIoMutations(world, clock);

  const simulator = await startSimulator({
    clock,
    limits,
    truth,
    operations: {
      ...(mutate as Operations),
      'midway.add': ({ on, after, operation, args }: { on: string; after: number; operation: keyof CustomerIoMutations; args: object }) =>
        midway.add(on, after, () => void (mutate as Operations)[operation]?.(args)),
      'switches.set': (changes: Partial<Switches>) => Object.assign(switches, changes),
      keys: () => keys,
      secrets: () => truth.secrets(),
      'traffic.peak': () => access.traffic.peakPerSecond,
      'traffic.arrivals': () => access.traffic.arrivals,
      'traffic.reset': () => access.traffic.reset(),
    },
    streams: Object.fromEntries(
      truth.tables.map((table) => [
        table,
        function* lines() {
          for (const row of truth.rows(table)) yield JSON.stringify(row);
        },
      ]),
    ),
    ...(options.port !== undefined && { port: options.port }),
    ...(options.controlPort !== undefined && { controlPort: options.controlPort }),
    server: () => ({
      routes: customerIoRoutes(access.guard, clock, switches),
      notFound: access.unknown,
      throttled: (seconds) => tooMany(limits.perSecond, seconds),
    }),
  });
  return { ...simulator, limits, baseUrl: `${simulator.url}/v1`, keys, switches, mutate, midway, traffic: access.traffic, world };
}
