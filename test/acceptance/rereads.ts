import type { LoggedRequest } from '../../simulators/kit/request-log.ts';
import { positionOf, type Committed } from './state-history.ts';
import type { Line } from './worker-child.ts';

/** One life of the process, from its orders to its death. */
export interface Life {
  /** The vendor's time at which it began. */
  readonly from: number;
  readonly lines: readonly Line[];
  /** Its index had been deleted before it began. */
  readonly indexLost: boolean;
}

/** A page that was asked for. */
interface Ask {
  readonly pass: 'metric' | 'ids' | 'changes' | 'windows';
  /** The listing it is a page of: everything of the request but the cursor. */
  readonly listing: string;
  readonly cursor: string | undefined;
  /** The upper bound the listing asks for, epoch ms. */
  readonly to: number;
  readonly time: number;
}

/** Pages asked for after a restart although they, and all before them, had been committed before it. */
export interface Reread {
  readonly life: number;
  readonly pass: Ask['pass'];
  readonly pages: number;
  /** Where in the order of all pages the life was to begin, and did. */
  readonly wanted: number;
  readonly began: number;
}

const tableOf = { metric: 'metric', ids: 'profile', changes: 'profile', windows: 'event' } as const;

/** Restarts that found a committed position to go on from, and what they read again of what lies before it. */
export function rereads(
  lives: readonly Life[],
  requests: readonly LoggedRequest[],
  history: readonly Committed[],
): { readonly resumed: number; readonly rereads: Reread[] } {
  const asks = requests.flatMap((request) => askOf(request) ?? []).sort((a, b) => a.time - b.time);
  /** Where in its listing a page was first seen. */
  const order = new Map<string, number>();
  for (const ask of asks) if (!order.has(nameOf(ask))) order.set(nameOf(ask), order.size);
  const lifeOfRun = new Map(
    lives.flatMap(({ lines }, life) => lines.flatMap((line) => (line.type === 'run-started' ? [[line.runId, life] as const] : []))),
  );
  const lifeAt = (time: number): number => lives.findLastIndex(({ from }) => from <= time);

  const found: Reread[] = [];
  let resumed = 0;
  lives.forEach((_, life) => {
    if (life === 0) return;
    for (const pass of ['metric', 'ids', 'changes', 'windows'] as const) {
      const standing = history.findLast(({ table, state }) => table === tableOf[pass] && (lifeOfRun.get(state.runId) ?? Number.NaN) < life);
      const here = asks.filter((ask) => ask.pass === pass && lifeAt(ask.time) === life);
      if (!standing || here.length === 0) continue;
      const { listing, walk, plan } = positionOf(standing);
      const orderOf = (ask: Pick<Ask, 'listing' | 'cursor'>, cursor: string | undefined): number =>
        order.get(nameOf({ ...ask, cursor })) ?? Number.POSITIVE_INFINITY;
      let again: readonly Ask[];
      if (pass === 'metric' || pass === 'ids') {
        // A listing that lost its record of what was seen has to begin again.
        const since = lifeOfRun.get(standing.state.runId) as number;
        if (!listing || lives.slice(since + 1, life + 1).some(({ indexLost }) => indexLost)) continue;
        const first = here[0] as Ask;
        again = here.filter(
          (ask) =>
            orderOf(ask, ask.cursor) < orderOf(first, listing.cursor) && orderOf(first, first.cursor) < orderOf(first, listing.cursor),
        );
      } else {
        const earlier = new Set(asks.filter((ask) => lifeAt(ask.time) < life).map(nameOf));
        const open = (ask: Ask): boolean =>
          pass === 'changes'
            ? ask.to === walk?.before && orderOf(ask, ask.cursor) >= orderOf(ask, walk.cursor)
            : plan !== undefined &&
              ask.to > (plan.done ?? 0) &&
              (ask.to !== plan.slice?.to || orderOf(ask, ask.cursor) >= orderOf(ask, plan.slice.cursor));
        again = here.filter((ask) => earlier.has(nameOf(ask)) && !open(ask));
        if (pass === 'changes' ? !walk : !plan) continue;
      }
      resumed += 1;
      const first = here[0] as Ask;
      const cursor = pass === 'changes' ? walk?.cursor : pass === 'windows' ? plan?.slice?.cursor : listing?.cursor;
      if (again.length > 0)
        found.push({ life, pass, pages: again.length, wanted: orderOf(first, cursor), began: orderOf(first, first.cursor) });
    }
  });
  return { resumed, rereads: found };
}

const nameOf = ({ listing, cursor }: Pick<Ask, 'listing' | 'cursor'>): string => `${listing} ${cursor ?? ''}`;

function askOf({ path, query, time }: LoggedRequest): Ask | undefined {
  const parameters = new Map(query.split('&').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  const cursor = parameters.get('page[cursor]');
  parameters.delete('page[cursor]');
  const listing = `${path} ${[...parameters].join(' ')}`;
  const bound = /less-than\((?:updated|datetime),([^)]+)\)/.exec(parameters.get('filter') ?? '')?.[1];
  const ask = { listing, cursor, to: bound === undefined ? 0 : Date.parse(bound), time };
  if (path === '/api/metrics') return { ...ask, pass: 'metric' };
  if (path === '/api/profiles') return { ...ask, pass: bound === undefined ? 'ids' : 'changes' };
  if (path === '/api/events' && bound !== undefined) return { ...ask, pass: 'windows' };
  return undefined;
}
