import type { Settings } from '../config/settings.ts';
import { asTributaryError, type TributaryError } from '../core/errors.ts';
import { readLandingErrors, type LandingError } from '../landing/errors-log.ts';
import { leftoverConnectors } from '../landing/leftovers.ts';
import { landingStatuses } from '../landing/status.ts';
import { createFacts } from '../web/model/facts.ts';
import { statusOf } from '../web/model/status.ts';
import type { Cli } from './app.ts';
import type { FreshLandingStatus } from './landing-text.ts';
import { allConnectorNames, openLanding, placeOf, requireConnect } from './landings.ts';
import type { KafkaSession } from './session/kafka-session.ts';
import { withFreshness } from './warehouses.ts';

/** What `landing status` tells of a landing, or the `problem` for which it can tell nothing. */
export type LandingLook = { readonly name: string } & (LandingSight | { readonly problem: TributaryError });

export interface LandingSight {
  readonly found: readonly FreshLandingStatus[];
  /** Newest first. */
  readonly errors: readonly LandingError[];
  /** Connectors of no landing of the settings, each told with the first landing of its Connect worker. */
  readonly leftOver: readonly string[];
}

const ERRORS_SHOWN = 50;

/**
 * Looks at landings, which are asked side by side; Kafka is asked once for all of them.
 *
 * @param forMs age of the oldest error to tell.
 * @throws TributaryError of Kafka, and `stopped`; one of a single landing is its `problem`.
 */
export async function lookAtLandings(
  cli: Cli,
  settings: Settings,
  kafka: KafkaSession,
  names: readonly string[],
  forMs: number,
): Promise<LandingLook[]> {
  const { access } = kafka;
  const at = cli.deps.clock.now();
  const place = placeOf(kafka);
  const problems = new Map<string, TributaryError>();
  const fails = (name: string, error: unknown): void => {
    const problem = asTributaryError(error, `Looking at the landing ${name}`);
    if (problem.kind === 'stopped') throw problem;
    problems.set(name, problem);
  };
  const opened = names.flatMap((name) => {
    try {
      const one = openLanding(settings, place, name);
      return [{ ...one, name, connect: requireConnect(one) }];
    } catch (error) {
      fails(name, error);
      return [];
    }
  });
  const facts = createFacts(access, 2_000);
  const [statuses, errors] = await Promise.all([
    landingStatuses(opened, access, at, kafka.stop),
    readLandingErrors(access, { landings: names, since: at - forMs, last: ERRORS_SHOWN }),
    facts.poll(),
  ]);
  const { tables } = statusOf(facts, settings, at);
  const ours = ownConnectors(cli, () => allConnectorNames(settings, place));
  const asked = new Set<string>();
  const sights = new Map<string, LandingSight>();
  for (const [index, one] of opened.entries()) {
    const { name, connect } = one;
    const status = statuses[index];
    try {
      if (status?.status !== 'fulfilled') throw status?.reason;
      const leftOver = ours === undefined || asked.has(connect.url) ? [] : await leftoverConnectors(connect, settings.prefix, ours);
      asked.add(connect.url);
      sights.set(name, {
        found: withFreshness(status.value, one, facts, tables, at),
        errors: errors.filter(({ landing }) => landing === name),
        leftOver,
      });
    } catch (error) {
      fails(name, error);
    }
  }
  return names.flatMap((name): LandingLook[] => {
    const [sight, problem] = [sights.get(name), problems.get(name)];
    return sight !== undefined ? [{ name, ...sight }] : problem !== undefined ? [{ name, problem }] : [];
  });
}

/** Undefined, and said, when they are not known: then no connector may be called left over. */
function ownConnectors(cli: Cli, names: () => ReadonlySet<string>): ReadonlySet<string> | undefined {
  try {
    return names();
  } catch (error) {
    cli.say(`Whether connectors are left over is not known: ${asTributaryError(error, 'Opening the landings').message}`);
    return undefined;
  }
}
