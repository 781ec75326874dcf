import { asTributaryError } from '../../core/errors.ts';
import { forwardTime, sleepUntil } from '../../core/clock.ts';
import { createRegistry } from '../../kafka/registry.ts';
import { landingStatus, type LandingStatus } from '../../landing/status.ts';
import type { WebContext, WebLanding } from '../context.ts';
import type { Facts } from './facts.ts';
import { sinkProblems } from './sink-problems.ts';
import { defined, type Problem } from './table-row.ts';

const everyMs = 10_000;
const idleMs = 60_000;

/** Whether a part that the pages depend on answers. */
export interface PartHealth {
  readonly part: 'kafka' | 'registry' | 'connect';
  readonly name: string;
  readonly ok: boolean;
  readonly trouble?: string;
}

/** The last observed state of a landing. */
export interface SeenLanding {
  readonly name: string;
  readonly kind: string;
  readonly connections: readonly string[];
  readonly sinks: readonly LandingStatus[];
  /** By connector. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
  readonly seenAt?: number;
  readonly trouble?: string;
  /** Its Connect did not answer, so it is unknown what has landed. */
  readonly unseen?: boolean;
}

export interface PartsWatch {
  landings(): readonly SeenLanding[];
  health(): readonly PartHealth[];
  stop(): Promise<void>;
}

/** Checks the registry and the sinks, more often while pages are open. */
export function watchParts(
  context: WebContext,
  facts: Pick<Facts, 'landingErrors'>,
  onChange: () => void,
  watched: () => boolean,
): PartsWatch {
  const { access, clock } = context;
  const stopping = new AbortController();
  let landings: readonly SeenLanding[] = [];
  let registry: PartHealth | undefined;
  let shown = '';

  const asked = createRegistry(access.settings, { timeout: 5_000, signal: stopping.signal });

  async function lookAtRegistry(): Promise<void> {
    const name = access.settings.registry.url.replace(/\/\/[^/@]*@/, '//');
    const trouble = await asked.countSubjects().then(
      () => undefined,
      (thrown: unknown) => {
        const { message, remedy } = asTributaryError(thrown, 'Asking the registry');
        return `${message}${remedy === undefined ? '' : ` ${remedy}`} Running tables go on; new tables and look-ups wait.`;
      },
    );
    if (stopping.signal.aborted) return;
    registry = { part: 'registry', name, ok: trouble === undefined, ...defined({ trouble }) };
  }

  async function lookAt(open: WebLanding, before: SeenLanding | undefined): Promise<SeenLanding> {
    const { landing, rendered, connect, sqlPlace } = open;
    const base = { name: landing.name, kind: landing.settings.kind, connections: landing.connections.map(({ name }) => name) };
    if (!connect) return { ...base, sinks: [], problems: new Map(), trouble: 'The settings name no Connect worker (connect_url).' };
    try {
      // The moment before anything was asked: what is published during the look counts as not seen by it.
      const at = clock.now();
      const sinks = await landingStatus({ rendered, connect, sqlPlace }, access, at, stopping.signal);
      // A lasting failure keeps the time at which it was first observed.
      const since = (connector: string, problem: Problem): number =>
        problem.active ? (before?.problems.get(connector)?.find((one) => one.active && one.code === problem.code)?.at ?? at) : problem.at;
      const noted = facts.landingErrors(landing.name);
      const problems = new Map(
        sinks.map((sink) => [
          sink.connector,
          sinkProblems(landing.name, sink, noted, at).map((problem) => ({ ...problem, at: since(sink.connector, problem) })),
        ]),
      );
      return { ...base, sinks, problems, seenAt: at };
    } catch (error) {
      // Old states must not be shown as current; only the time of the last answer is kept.
      return {
        ...base,
        sinks: [],
        problems: new Map(),
        unseen: true,
        trouble: asTributaryError(error, 'Looking at the landing').message,
        ...defined({ seenAt: before?.seenAt }),
      };
    }
  }

  async function look(): Promise<void> {
    let open: readonly WebLanding[] = [];
    try {
      open = context.landings();
    } catch (error) {
      context.log.warn(`The landings cannot be shown: ${asTributaryError(error, 'Opening the landings').message}`);
    }
    const [found] = await Promise.all([
      Promise.all(
        open.map((one) =>
          lookAt(
            one,
            landings.find(({ name }) => name === one.landing.name),
          ),
        ),
      ),
      lookAtRegistry(),
    ]);
    landings = found;
    const now = JSON.stringify([found.map(({ seenAt: _, problems, ...rest }) => [rest, [...problems]]), registry]);
    if (now !== shown) onChange();
    shown = now;
  }

  const time = forwardTime(clock.now);
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const began = time();
      await look();
      // In small steps, so that a user who opens a page does not wait for the end of the long interval.
      while (!stopping.signal.aborted && time() - began < (watched() ? everyMs : idleMs)) {
        await sleepUntil(clock, clock.now() + 1_000, stopping.signal).catch(() => undefined);
      }
    }
  })();

  return {
    landings: () => landings,
    health: () => [
      ...(registry === undefined ? [] : [registry]),
      ...landings.map(({ name, trouble }): PartHealth => ({ part: 'connect', name, ok: trouble === undefined, ...defined({ trouble }) })),
    ],
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
