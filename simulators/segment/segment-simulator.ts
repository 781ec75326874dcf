import { simClock } from '../kit/clock.ts';
import type { Operations } from '../kit/control.ts';
import { rateWindows, type RateWindows } from '../kit/rate-windows.ts';
import { startSimulator, type Simulator } from '../kit/simulator.ts';
import { guarded, type SegmentLimits, type Tokens } from './access.ts';
import { errors, notFound, tooManyRequests } from './answers.ts';
import { ids } from './ids.ts';
import { segmentMutations, type SegmentMutations } from './mutations.ts';
import { DEFAULT_SWITCHES, type SegmentOptions, type SegmentTable, type Switches } from './options.ts';
import { segmentRoutes } from './routes.ts';
import { segmentTruth, type SegmentTruth } from './truth.ts';
import { buildWorkspace, type Workspace } from './workspace.ts';

export interface SegmentSimulator extends Simulator<SegmentTruth> {
  limits: SegmentLimits;
  rates: RateWindows;
  /** Tokens of this workspace and region; another simulator does not know them. */
  tokens: Tokens;
  switches: Switches;
  /** What can happen in the workspace; the control interface offers the same under the same names. */
  mutate: SegmentMutations;
  workspace: Workspace;
}

const START = Date.UTC(2026, 2, 18, 10, 20, 30);

/** Segment's Public API over one generated workspace. The same options give the same workspace, down to the last id. */
export async function startSegmentSimulator(options: SegmentOptions = {}): Promise<SegmentSimulator> {
  const clock = typeof options.clock === 'object' ? options.clock : simClock(options.clock ?? START);
  const workspace = buildWorkspace(options, clock.now());
  const switches: Switches = { ...DEFAULT_SWITCHES, ...options.switches };
  const limits: SegmentLimits = { enabled: true, points: 200, windowMs: 60_000, ...options.limits };
  const rates = rateWindows();
  const tokens: Tokens = {
    business: ids.token(workspace.seed, 100),
    team: ids.token(workspace.seed, 101),
    free: ids.token(workspace.seed, 102),
    member: ids.token(workspace.seed, 103),
  };
  const truth = segmentTruth(workspace, clock, switches);
  const mutate = segmentMutations(workspace, clock);
  const access = { tokens, switches, limits, rates, clock };
  const unknown = guarded(access, { levels: ['v1'] }, ({ request }) =>
    request.method === 'GET'
      ? notFound(`The resource ${request.path}`)
      : errors(405, { type: 'method-not-allowed', message: `${request.method} is not supported.` }),
  );

  const simulator = await startSimulator({
    clock,
    limits,
    rates,
    truth,
    operations: {
      ...(mutate as Operations),
      'switches.set': (changes: Partial<Switches>) => Object.assign(switches, changes),
      tokens: () => tokens,
      secrets: () => truth.secrets(),
    },
    streams: Object.fromEntries(truth.tables.map((table: SegmentTable) => [table, () => lines(truth, table)])),
    ...(options.port !== undefined && { port: options.port }),
    ...(options.controlPort !== undefined && { controlPort: options.controlPort }),
    server: () => ({
      routes: segmentRoutes(workspace, access),
      notFound: unknown,
      throttled: (seconds) =>
        tooManyRequests((seconds ?? 1) * 1000, limits.points + 1, seconds === undefined ? undefined : { 'retry-after': String(seconds) }),
    }),
  });
  return { ...simulator, limits, rates, tokens, switches, mutate, workspace };
}

function* lines(truth: SegmentTruth, table: SegmentTable): Iterable<string> {
  for (const row of truth.rows(table)) yield JSON.stringify(row);
}
