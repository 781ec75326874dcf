import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { TributaryError } from '../../src/core/errors.ts';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import type { ControlRecord } from '../../src/kafka/meta/control.ts';
import { readControl, sendControl } from '../../src/kafka/meta/control.ts';
import { createRunLog, readRuns } from '../../src/kafka/meta/runs.ts';
import type { RunRecord } from '../../src/kafka/meta/runs.ts';
import { ownTopics } from '../../src/kafka/meta/own-topics.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';
import type { Worker } from '../../src/kafka/worker.ts';
import { activeWorkers, joinWorkers } from '../../src/kafka/worker.ts';
import { accessTo, refusalOf, until } from './support.ts';
import { refuse, relent } from '../support/refusing-brokers.ts';
import type { KafkaProxy } from './tcp-proxy.ts';
import { startProxy } from './tcp-proxy.ts';

let proxy: KafkaProxy;
beforeAll(async () => void (proxy = await startProxy(inject('stack').brokers[0] ?? '')));
afterAll(() => proxy.close());

const CONNECTIONS = ['klaviyo', 'pendo', 'segment', 'listrak', 'customer_io', 'klaviyo_eu', 'pendo_two', 'segment_b'];

interface Member {
  readonly worker: Worker;
  readonly mine: Set<string>;
  readonly controls: string[];
  readonly troubles: TributaryError[];
  /** Whether each of them was for good. */
  readonly fatal: boolean[];
  /** Times it was told that the members do not know the same. */
  readonly differences: () => number;
}

async function join(access: KafkaAccess, sessionTimeout = 6_000, connections: readonly string[] = CONNECTIONS): Promise<Member> {
  let differences = 0;
  const mine = new Set<string>();
  const controls: string[] = [];
  const troubles: TributaryError[] = [];
  const fatal: boolean[] = [];
  const worker = joinWorkers(access, {
    connections,
    sessionTimeout,
    onDiffer: () => (differences += 1),
    onAssigned: (name) => {
      controls.push(`assigned ${name}`);
      mine.add(name);
    },
    onRevoked: (name) => mine.delete(name),
    onControl: ({ connection, table, slot, value }) => controls.push(`${connection} ${table} ${slot} ${JSON.stringify(value)}`),
    onRetry(error, forGood) {
      troubles.push(error);
      fatal.push(forGood);
    },
  });
  return { worker, mine, controls, troubles, fatal, differences: () => differences };
}

const shared = (a: Member, b: Member): boolean =>
  a.mine.size > 0 && b.mine.size > 0 && [...a.mine].every((name) => !b.mine.has(name)) && a.mine.size + b.mine.size === CONNECTIONS.length;

async function prepared(): Promise<KafkaAccess> {
  const access = accessTo();
  await ensureTopics(access, ownTopics(access.settings));
  return access;
}

const pause = (connection: string, paused: boolean, table: string | null = null): ControlRecord => ({
  connection,
  table,
  slot: 'paused',
  value: { paused },
});

test("one process has every connection, two share them, and a leaving one's are taken over at once", async () => {
  const access = await prepared();
  expect(await activeWorkers(access)).toEqual([]);
  const first = await join(access);
  await until('the first has all', () => first.mine.size === CONNECTIONS.length);
  const second = await join(access);
  await until('both share', () => shared(first, second));
  // Evenly by connections, wherever their names happen to lie.
  expect(Math.abs(first.mine.size - second.mine.size)).toBeLessThanOrEqual(1);
  expect(first.differences() + second.differences()).toBe(0);
  const workers = await activeWorkers(access);
  expect(workers).toHaveLength(2);
  expect(workers.flatMap(({ partitions }) => partitions).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  const had = [...second.mine];
  await second.worker.leave();
  expect(second.mine.size).toBe(0);
  await until('the first takes over', () => had.every((name) => first.mine.has(name)), 15);
  await first.worker.leave();
  await until('nobody is left', async () => (await activeWorkers(access)).length === 0);
});

test('a connection that only the newer settings have is read by the worker that has them, and the difference is told', async () => {
  const access = await prepared();
  const old = await join(access);
  await until('the first has all', () => old.mine.size === CONNECTIONS.length);
  const newer = await join(access, 6_000, [...CONNECTIONS, 'stripe']);
  await until('both share', () => newer.mine.has('stripe') && old.mine.size + newer.mine.size === CONNECTIONS.length + 1);
  expect(old.differences() + newer.differences()).toBeGreaterThan(0);
  await Promise.all([old.worker.leave(), newer.worker.leave()]);
});

test('a group that cannot be joined yet, as right after a broker has started, is told and joined by itself', async () => {
  const access = await prepared();
  proxy.refuseJoin(14);
  const member = await join({ ...access, socketFactory: proxy.socketFactory });
  await until('it has all', () => member.mine.size === CONNECTIONS.length);
  expect(member.troubles).toMatchObject([{ kind: 'transient', code: 'kafka:GROUP_LOAD_IN_PROGRESS' }]);
  await member.worker.leave();
});

test('a member that the group refuses for a while goes on asking, and only one that has never been in it gives up', async () => {
  const access = await prepared();
  const through = { ...access, socketFactory: proxy.socketFactory };
  const member = await join(through);
  await until('it has all', () => member.mine.size === CONNECTIONS.length);
  // As while its rights are being changed. It joins again because the other comes.
  proxy.refuseJoin(30);
  const other = await join(access);
  await until('both share', () => shared(member, other), 60);
  expect(member.troubles).toMatchObject([{ kind: 'config', code: 'kafka:GROUP_AUTHORIZATION_FAILED' }]);
  expect(member.fatal).toEqual([false]);
  proxy.refuseJoin(30);
  const stranger = await join(through);
  await until('it has given up', () => stranger.fatal.length > 0);
  expect(stranger.fatal).toEqual([true]);
  await Promise.all([member, other, stranger].map(({ worker }) => worker.leave()));
});

test('a member whose joining again is never answered gives up that member and joins as another', async () => {
  const access = await prepared();
  const clientId = `stuck-${access.settings.prefix}`;
  const member = await join({ ...access, settings: { ...access.settings, clientId } });
  await until('it has all', () => member.mine.size === CONNECTIONS.length);
  refuse(clientId, 'JoinGroup', 'no answer', 1, { api: 'Heartbeat', code: 27, times: 1 });
  // Six sessions, and the time the group waits for the member that is gone.
  await until('it has told so', () => member.troubles.length > 0, 70);
  await until('it has all again', () => member.mine.size === CONNECTIONS.length, 60);
  relent(clientId);
  expect(member.troubles).toMatchObject([{ kind: 'transient', code: 'kafka:session-lost' }]);
  await member.worker.leave();
});

test('a process that is told to leave before it could join is not held up', async () => {
  const access = await prepared();
  proxy.freeze(true);
  const member = await join({ ...access, socketFactory: proxy.socketFactory });
  await member.worker.leave();
  proxy.freeze(false);
  expect(await activeWorkers(access)).toEqual([]);
});

test('the connections of a process that falls silent are taken over', async () => {
  const access = await prepared();
  const silent = await join({ ...access, socketFactory: proxy.socketFactory, requestTimeout: 3_000 });
  const alive = await join(access);
  await until('both share', () => shared(silent, alive));
  proxy.freeze(true);
  await until('the living one has all', () => alive.mine.size === CONNECTIONS.length);
  proxy.freeze(false);
  await until('the silent one is back and they share again', () => shared(silent, alive));
  await silent.worker.leave();
  await alive.worker.leave();
});

test('the latest wish of every kind is told before a connection is assigned, and new ones as they come', async () => {
  const access = await prepared();
  await sendControl(access, [pause('pendo', true), pause('pendo', false), pause('segment', true, 'sources'), pause('unknown', true)]);
  // Who is silent for a session is told everything again, and a busy machine is silent for seconds.
  const member = await join(access, 60_000);
  await until('it has all', () => member.mine.size === CONNECTIONS.length);
  // Also what is wanted of a connection that the settings do not have: they may get it while the worker runs.
  expect(member.controls.filter((line) => line.includes(' paused ')).sort()).toEqual([
    'pendo null paused {"paused":false}',
    'segment sources paused {"paused":true}',
    'unknown null paused {"paused":true}',
  ]);
  expect(member.controls).not.toContain('assigned unknown');
  expect(member.controls.indexOf('segment sources paused {"paused":true}')).toBeLessThan(member.controls.indexOf('assigned segment'));
  await sendControl(access, [{ connection: 'klaviyo', table: 'events', slot: 'backfill', value: { id: 'b1', at: 5, since: null } }]);
  await until('the wish arrives', () => member.controls.includes('klaviyo events backfill {"at":5,"id":"b1","since":null}'));
  const before = member.controls.length;
  const other = await join(access, 60_000);
  await until('both share', () => shared(member, other));
  await sendControl(access, [pause('klaviyo', true), pause('pendo', true), pause('segment', true), pause('listrak', true)]);
  const count = (wanted: string): number => [...member.controls.slice(before), ...other.controls].filter((line) => line === wanted).length;
  await until('every wish arrives after the rebalance', () =>
    ['klaviyo', 'pendo', 'segment', 'listrak'].every((name) => count(`${name} null paused {"paused":true}`) === 1),
  );
  await member.worker.leave();
  await other.worker.leave();
});

test('wishes are kept per key and can be withdrawn', async () => {
  const access = await prepared();
  await sendControl(access, [pause('pendo', true), { connection: 'pendo', table: 't', slot: 'trigger', value: { id: '1', at: 1 } }]);
  await sendControl(access, [
    { connection: 'pendo', table: 't', slot: 'trigger', value: { id: '2', at: 2 } },
    { connection: 'pendo', table: null, slot: 'paused', value: null },
  ]);
  expect((await readControl(access)).records).toEqual([{ connection: 'pendo', table: 't', slot: 'trigger', value: { id: '2', at: 2 } }]);
  expect(await refusalOf(readControl(accessTo()))).toMatchObject({ kind: 'config' });
});

test('runs are kept and the newest are found, however far back the filter has to look', async () => {
  const access = await prepared();
  const run = (n: number, table: string): RunRecord => ({
    v: 1,
    runId: String(n),
    connection: 'pendo',
    source: 'pendo',
    table,
    mode: 'periodic',
    outcome: 'succeeded',
    startedAt: n,
    endedAt: n + 1,
    totals: { fetched: n, published: 0, unchanged: 0, deleted: 0, deadLetters: 0, messages: 0, requests: 1, waitedMs: 0 },
  });
  const told: TributaryError[] = [];
  const log = createRunLog(access, (error) => told.push(error));
  log.append(run(0, 'rare'));
  for (let n = 1; n <= 501; n += 1) log.append(run(n, 'often'));
  await log.close();
  expect(told).toEqual([]);
  expect((await readRuns(access, { last: 1 })).map(({ runId }) => runId)).toEqual(['501']);
  expect(await readRuns(access, { last: 3, connection: 'pendo', table: 'rare' })).toEqual([run(0, 'rare')]);
  expect(await readRuns(access, { last: 10, table: 'often' })).toHaveLength(10);
  expect(await readRuns(accessTo(), { last: 10 })).toEqual([]);
});

test('runs that cannot be noted are told of once, however many they are', async () => {
  const access = accessTo();
  const told: TributaryError[] = [];
  const log = createRunLog({ ...access, settings: { ...access.settings, brokers: ['127.0.0.1:1'] } }, (error) => told.push(error));
  for (let n = 0; n < 1_000; n += 1) {
    log.append({
      v: 1,
      runId: String(n),
      connection: 'pendo',
      source: 'pendo',
      table: 'visitors',
      mode: 'periodic',
      outcome: 'succeeded',
      startedAt: n,
      endedAt: n,
      totals: { fetched: 0, published: 0, unchanged: 0, deleted: 0, deadLetters: 0, messages: 0, requests: 0, waitedMs: 0 },
    });
  }
  await until('it is told', () => told.length > 0, 60);
  await log.close();
  expect(told).toHaveLength(1);
});
