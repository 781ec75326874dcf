import { systemClock } from '../../src/core/clock.ts';
import { openTestEngine } from '../support/engine.ts';
import { refuse, relent, type Api } from '../support/refusing-brokers.ts';
import { shopSource } from '../support/shop-source.ts';
import type { Figures, Place } from './run.ts';
import { timeLimit } from '../../src/core/signals.ts';

/** One error code at one of our calls. */
export interface Case {
  readonly api: Api;
  readonly code: number;
  /** From the start of everything, once the connection is open, or from the start of the run on. */
  readonly from: 'start' | 'opened' | 'run';
  /** Answered so once, or for ever. */
  readonly lasts: 'once' | 'for ever';
}

export interface Outcome {
  readonly what: string;
  readonly refused: number;
  readonly outcome: string;
  readonly kind: string;
  readonly message: string;
  /** By the clock the engine has. */
  readonly seconds: number;
  /** What is wrong with it; empty when all is as it must be. */
  readonly faults: readonly string[];
}

const codes: Readonly<
  Partial<Record<Api, { readonly start?: readonly number[]; readonly opened?: readonly number[]; readonly run?: readonly number[] }>>
> = {
  Metadata: { start: [3, 5, 17, 29], run: [3, 5, 29] },
  ListOffsets: { start: [3, 6, 29, 43, 56, 74, 78], opened: [-1, 3, 6, 56] },
  Fetch: { start: [-1, 1, 2, 3, 6, 29, 56, 70, 74, 75] },
  FindCoordinator: { start: [14, 15, 30, 53], run: [15] },
  DescribeGroups: { start: [14, 15, 16, 30] },
  CreateTopics: { start: [7, 29, 31, 36, 37, 38, 39, 40, 41, 42, 44, 89] },
  DescribeConfigs: { start: [-1, 7, 29, 42], run: [7] },
  InitProducerId: { start: [14, 15, 16, 31, 48, 49, 50, 51, 53, 90] },
  AddPartitionsToTxn: { run: [3, 14, 15, 16, 29, 47, 48, 49, 51, 53, 55, 90] },
  Produce: { run: [-1, 2, 3, 5, 6, 7, 10, 18, 19, 20, 29, 32, 42, 44, 45, 46, 47, 48, 49, 53, 56, 59, 76, 87, 89, 90, 120] },
  EndTxn: { run: [14, 15, 16, 47, 48, 49, 51, 53, 90, 120] },
};

export const cases: readonly Case[] = Object.entries(codes).flatMap(([api, when]) =>
  Object.entries(when).flatMap(([from, found]) =>
    found.flatMap((code) => (['once', 'for ever'] as const).map((lasts) => ({ api: api as Api, code, from: from as Case['from'], lasts }))),
  ),
);

/** Ours alone to mend. */
const INVALID_RECORD = 87;

/** One `sync` of a small table under it, and one afterwards with nothing in its way. The engine's clock is so many times as fast as ours. */
export async function underRefusal(
  place: Place,
  prefix: string,
  connection: string,
  { api, code, from, lasts }: Case,
  faster = 8,
): Promise<Outcome> {
  const what = `${api} ${code} ${lasts}, from the ${from}`;
  const clientId = `${prefix}-${connection}`;
  const vendor = { items: ['a', 'b', 'c'], shops: new Map(), refusals: new Map() };
  const began = Date.now();
  const clock = { now: () => began + (Date.now() - began) * faster, timer: systemClock.timer };
  const test = await openTestEngine({
    ...place,
    prefix,
    clock,
    clientId,
    connections: [{ name: connection, source: shopSource(vendor), tables: ['item'], settings: {} }],
  });
  const faults: string[] = [];
  let refused = (): number => 0;
  const begin = (): void => void (refused = refuse(clientId, api, code, lasts === 'once' ? 1 : Number.POSITIVE_INFINITY));
  const sync = async (): Promise<{ outcome: string; kind: string; message: string; remedy: string }> => {
    try {
      const [run] = await test.engine.sync([{ connection }], timeLimit(240_000));
      return {
        outcome: run?.outcome ?? 'none',
        kind: run?.error?.kind ?? '',
        message: run?.error?.message ?? '',
        remedy: run?.error?.remedy ?? '',
      };
    } catch (thrown) {
      const { kind = 'untold', message, remedy = '' } = thrown as { kind?: string; message: string; remedy?: string };
      return { outcome: 'threw', kind, message, remedy };
    }
  };
  try {
    if (from === 'start') begin();
    else {
      const sign = from === 'opened' ? 'table-known' : 'run-started';
      test.bus.on(({ type }) => void (type === sign && refused() === 0 && begin()));
    }
    const found = await sync();
    const seconds = (clock.now() - began) / 1_000;
    const count = refused();
    if (count === 0) faults.push('was never asked');
    if (found.kind === 'stopped' || found.outcome === 'interrupted') faults.push('did not end');
    const said = [
      found.message,
      ...test.events.flatMap((event) => ('failure' in event && event.failure !== undefined ? [event.failure.message] : [])),
    ];
    for (const message of said) {
      if (/fault of Tributary|undefined|\[object|Cannot (read|destructure)| at .*\.js:/.test(message) && code !== INVALID_RECORD)
        faults.push(`said: ${message}`);
      if (/not expected here/.test(message)) faults.push(`not known: ${message}`);
    }
    if (['internal', 'untold'].includes(found.kind) && code !== INVALID_RECORD) faults.push(`is ${found.kind}`);
    if (found.message !== '' && found.remedy === '') faults.push('no remedy');
    relent(clientId);
    test.events.length = 0;
    const after = await sync();
    if (after.outcome !== 'succeeded') faults.push(`afterwards: ${after.outcome} ${after.message}`);
    else {
      const topic = await test.readTable('item', connection);
      if ([...topic.rows.keys()].length !== 3 || topic.repeated > 0 || topic.tombstones > 0)
        faults.push(`the topic holds ${topic.rows.size} rows, ${topic.repeated} twice, ${topic.tombstones} deleted`);
    }
    return { what, refused: count, ...found, seconds: Math.round(seconds), faults };
  } finally {
    relent(clientId);
    await test.close();
  }
}

/** Our own topics are there before. */
export async function prepare(place: Place, prefix: string): Promise<void> {
  const first = await openTestEngine({
    ...place,
    prefix,
    connections: [
      { name: 'first', source: shopSource({ items: ['a'], shops: new Map(), refusals: new Map() }), tables: ['item'], settings: {} },
    ],
  });
  await first.engine.sync([{ connection: 'first' }], timeLimit(120_000));
  await first.close();
}

/** Every error code at each of our calls. */
export async function refusals(
  place: Place,
  { prefix, atOnce, only }: { prefix: string; atOnce: number; only?: RegExp },
): Promise<Figures> {
  await prepare(place, prefix);
  const waiting = cases.map((one, at) => ({ one, at })).filter(({ one }) => only?.test(`${one.api} ${one.code} ${one.lasts}`) ?? true);
  const outcomes: Outcome[] = [];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const outcome = await underRefusal(place, prefix, `c${next.at}`, next.one).catch((error: unknown) => ({
          what: JSON.stringify(next?.one),
          refused: 0,
          outcome: 'broke',
          kind: '',
          message: String(error),
          seconds: 0,
          faults: [`broke: ${String(error)}`],
        }));
        const late = outcome.seconds > 420 ? [`took ${outcome.seconds} s`] : [];
        outcomes.push({ ...outcome, faults: [...outcome.faults, ...late] });
        console.error(JSON.stringify(outcome));
      }
    }),
  );
  return {
    cases: outcomes.length,
    'ended well all the same': outcomes.filter(({ outcome }) => outcome === 'succeeded').length,
    faults: outcomes.filter(({ faults }) => faults.length > 0).map(({ what, faults }) => `${what}: ${faults.join(', ')}`),
  };
}
