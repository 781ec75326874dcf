import { setTimeout as sleep } from 'node:timers/promises';
import { asTributaryError, type TributaryError } from '../../src/core/errors.ts';
import { activeWorkers } from '../../src/kafka/worker.ts';
import { openTestEngine } from '../support/engine.ts';
import { refuse, relent } from '../support/refusing-brokers.ts';
import { shopSource } from '../support/shop-source.ts';
import { until } from './fleet.ts';
import type { Figures, Place } from './run.ts';
import { timeLimit } from '../../src/core/signals.ts';

/** One error code at one of the calls by which workers form a group. */
export interface GroupCase {
  readonly api: 'JoinGroup' | 'SyncGroup' | 'Heartbeat' | 'LeaveGroup';
  readonly code: number;
  /** Before the worker has ever been a member, or in the middle of its work. */
  readonly from: 'start' | 'work';
  readonly lasts: 'once' | 'a while';
}

export interface GroupOutcome {
  readonly what: string;
  readonly refused: number;
  /** `read again`, or the kind of the error with which the worker ended by itself. */
  readonly outcome: string;
  readonly messages: readonly string[];
  /** Until all was read after the brokers relented. */
  readonly seconds: number;
  readonly faults: readonly string[];
}

/**
 * What a broker can answer (org.apache.kafka.common.requests, JoinGroupResponse and its neighbours; and -1 for all else). MEMBER_ID_REQUIRED (79) is
 * the usual answer to a first JoinGroup and is not refused here: kafkajs repeats the request with the id in the answer.
 */
const codes: Readonly<Record<GroupCase['api'], readonly number[]>> = {
  JoinGroup: [-1, 14, 15, 16, 23, 24, 25, 26, 27, 30, 35, 42, 81, 82],
  SyncGroup: [-1, 14, 15, 16, 22, 23, 25, 27, 30, 82],
  Heartbeat: [-1, 14, 15, 16, 22, 25, 27, 30, 82],
  LeaveGroup: [-1, 15, 16, 25, 30],
};

export const groupCases: readonly GroupCase[] = Object.entries(codes).flatMap(([name, found]) => {
  const api = name as GroupCase['api'];
  // Nobody sends a heartbeat or leaves before it is a member.
  const froms = api === 'JoinGroup' || api === 'SyncGroup' ? (['start', 'work'] as const) : (['work'] as const);
  return found.flatMap((code) =>
    froms.flatMap((from) => (['once', 'a while'] as const).map((lasts): GroupCase => ({ api, code, from, lasts }))),
  );
});

/** Refused before it was a member: only whoever runs it can help. */
const ENDS_AT_START = new Set([24, 26, 30, 35]);
const REBALANCE_IN_PROGRESS = 27;
const whileMs = 12_000;
/** Longest pause between two joins, and a session. */
const patience = 60;

/** A worker under one refusal: it has to read on afterwards, whatever the code, and the topic has to hold each row once. */
export async function underGroupRefusal(place: Place, prefix: string, { api, code, from, lasts }: GroupCase): Promise<GroupOutcome> {
  const what = `${api} ${code} ${lasts}, from the ${from}`;
  const clientId = prefix;
  const vendor = { items: ['a', 'b', 'c'], shops: new Map(), refusals: new Map() };
  const test = await openTestEngine({
    ...place,
    prefix,
    clientId,
    sessionTimeout: 6_000,
    connections: [{ name: 'shop', source: shopSource(vendor), tables: ['item'], settings: {}, schedule: '* * * * * *' }],
  });
  const stop = new AbortController();
  const faults: string[] = [];
  let counted = (): number => 0;
  const times = lasts === 'once' ? 1 : Number.POSITIVE_INFINITY;
  const readSince = (since: number): boolean =>
    test.events.some((event) => event.type === 'run-ended' && event.outcome === 'succeeded' && event.startedAt > since);
  let ended: TributaryError | undefined;
  const work = async (): Promise<void> => {
    await test.engine.run(stop.signal).catch((error: unknown) => (ended = asTributaryError(error, 'The engine')));
  };
  const over = (): boolean => ended !== undefined;
  let working: Promise<void> | undefined;
  try {
    if (from === 'start') counted = refuse(clientId, api, code, times);
    working = work();
    if (from === 'work') {
      await until('the first run', () => over() || readSince(0), 120);
      // It joins again when its group changes.
      const rebalance = { api: 'Heartbeat', code: REBALANCE_IN_PROGRESS, times: 1 } as const;
      counted = refuse(clientId, api, code, times, api === 'JoinGroup' || api === 'SyncGroup' ? rebalance : undefined);
    }
    if (api === 'LeaveGroup') stop.abort();
    else {
      await until('it is refused', () => over() || counted() > 0, 60);
      if (lasts === 'a while') await sleep(whileMs);
    }
    vendor.items.push('d');
    const relentedAt = Date.now();
    if (api !== 'LeaveGroup') relent(clientId);
    const seconds =
      api === 'LeaveGroup'
        ? 0
        : await until('it reads again', () => over() || readSince(relentedAt), patience).catch((error: unknown) => {
            faults.push(String(error));
            return patience;
          });
    const stoppedAt = Date.now();
    stop.abort();
    await working;
    if (Date.now() - stoppedAt > 9_500) faults.push(`ended ${Date.now() - stoppedAt} ms after it was told to`);
    const refused = counted();
    relent(clientId);
    if (refused === 0) faults.push('was never asked');
    const messages = [
      ...new Set(
        test.events
          .flatMap((event) => ('failure' in event && event.failure !== undefined ? [event.failure.message] : []))
          .concat(ended === undefined ? [] : [ended.message]),
      ),
    ];
    for (const message of messages)
      if (/fault of|bug in Tributary|undefined|\[object|Cannot (read|destructure)|not expected here/.test(message))
        faults.push(`said: ${message}`);
    if (ended !== undefined) {
      if (from !== 'start' || !ENDS_AT_START.has(code) || ended.kind !== 'config') faults.push(`ended by itself: ${ended.kind}`);
      if (!ended.remedy) faults.push('no remedy');
    }
    // Whose leaving or last joining was refused is a member until its session ends.
    await until('the group has missed it', async () => (await activeWorkers(test.access)).length === 0, 60);
    // What was left out is read by the next pass, and the topic equals the vendor.
    const runs = await test.engine.sync([{ connection: 'shop' }], timeLimit(120_000));
    for (const run of runs) if (run.outcome !== 'succeeded') faults.push(`afterwards: ${run.outcome} ${run.error?.message}`);
    const topic = await test.readTable('item');
    const found = [...topic.rows.values()].map((row) => String(row['id'])).sort();
    if (found.join() !== [...vendor.items].sort().join() || topic.repeated > 0 || topic.tombstones > 0)
      faults.push(`the topic holds ${found.join()}, ${topic.repeated} twice, ${topic.tombstones} deleted`);
    return { what, refused, outcome: ended?.kind ?? 'read again', messages, seconds: Math.round(seconds * 10) / 10, faults };
  } finally {
    relent(clientId);
    stop.abort();
    await working;
    await test.close();
  }
}

/** Every code at each call. */
export async function groupRefusals(
  place: Place,
  { prefix, atOnce, only }: { readonly prefix: string; readonly atOnce: number; readonly only?: RegExp },
): Promise<Figures> {
  const waiting = groupCases
    .map((one, at) => ({ one, at }))
    .filter(({ one }) => only?.test(`${one.api} ${one.code} ${one.lasts} ${one.from}`) ?? true);
  const outcomes: GroupOutcome[] = [];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { one, at } = next;
        const outcome = await underGroupRefusal(place, `${prefix}${at}`, one).catch((error: unknown) => ({
          what: JSON.stringify(one),
          refused: 0,
          outcome: 'broke',
          messages: [],
          seconds: 0,
          faults: [`broke: ${String(error)}`],
        }));
        outcomes.push(outcome);
        console.error(JSON.stringify(outcome));
      }
    }),
  );
  return {
    cases: outcomes.length,
    'read again after, s at most': Math.max(...outcomes.map(({ seconds }) => seconds)),
    'ended at the start, in words': outcomes.filter(({ outcome }) => outcome === 'config').length,
    faults: outcomes.filter(({ faults }) => faults.length > 0).map(({ what, faults }) => `${what}: ${faults.join(', ')}`),
  };
}
