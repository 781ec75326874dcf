import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { AssignerProtocol, PartitionAssigners } from 'kafkajs';
import type { Consumer } from 'kafkajs';
import { TributaryError } from '../core/errors.ts';
import type { KafkaAccess } from './client.ts';
import { createClient, withAdmin } from './client.ts';
import type { ControlRecord } from './meta/control.ts';
import { controlRecord, readControl } from './meta/control.ts';
import { dismissDead, groupOf, type WorkerRoll } from './dead-workers.ts';
import { withDeadline } from './deadline.ts';
import { kafkaError, protocolType } from './errors.ts';
import type { Connections } from './spread.ts';
import { stickyAssigner } from './sticky-assigner.ts';
import { trackSockets } from './tracked-sockets.ts';
import { connectionPartition } from './partitioning.ts';
import { topicNames } from './meta/topic-names.ts';
import type { KafkaSettings } from './types.ts';

export interface WorkerGroupOptions {
  /** The connections this process can run. */
  readonly connections: readonly string[];
  /** What else of a connection all workers must have alike, e.g. its tables. */
  readonly describe?: (connection: string) => string;
  /** The connection is this process's now. Its control records have been given to `onControl` before. */
  readonly onAssigned: (connection: string) => void;
  /** Another process may run the connection from now on; whoever goes on writing is fenced. */
  readonly onRevoked: (connection: string) => void;
  /** A desired state of a connection, known to the settings or not: first the latest of each, then new ones as they come. */
  readonly onControl: (record: ControlRecord) => void;
  /** The group cannot be joined or reached; `fatal` when only the user can help, else it is joined again by itself. */
  readonly onRetry?: (error: TributaryError, fatal: boolean) => void;
  /** Milliseconds after which a silent process's connections are given to others. Default 15,000. */
  readonly sessionTimeout?: number;
  /** The group has given this process nothing to do, because there are more workers than partitions of `_control`. */
  readonly onIdle?: () => void;
  /** The members of the group, among whom this process shares, do not all know the same connections, or describe them differently. */
  readonly onDiffer?: () => void;
  /** Where members are remembered that this machine's processes were, to dismiss those whose process was killed. */
  readonly roll?: WorkerRoll;
}

export interface Worker {
  /** Another list of connections this process can run: those that are new or gone are told like any other. */
  setConnections(names: readonly string[]): void;
  /** Gives up every connection and leaves, so that others take over at once. */
  leave(): Promise<void>;
}

export interface WorkerInfo {
  readonly memberId: string;
  readonly clientId: string;
  readonly host: string;
  /** Partitions of `_control`, and with them the connections, this worker has. */
  readonly partitions: readonly number[];
}

/**
 * Joins the group that shares the connections and stays in it until `leave`. A connection belongs to whoever has
 * its partition of `_control`. Assignments are reported as they come; a group that cannot be joined, at first or
 * after the cluster was away, is told as trouble and joined again. Stop the connections before leaving, so that
 * nobody has to be fenced.
 */
export function joinWorkers(access: KafkaAccess, options: WorkerGroupOptions): Worker {
  const { settings } = access;
  const topic = topicNames(settings.prefix).control;
  const sessionTimeout = options.sessionTimeout ?? 15_000;
  const mine = new Map<number, readonly string[]>();
  const followed = new Map<number, bigint>();
  const leaving = new AbortController();
  const left = leaving.signal;
  let generation = 0;
  let active: Member | undefined;
  /** Epoch ms of the last assignment. */
  let assignedAt = 0;

  let connections = options.connections;
  const connectionsOf = (partition: number): string[] => connections.filter((name) => connectionPartition(name, settings) === partition);
  const revoke = (partition: number): void => {
    const names = mine.get(partition) ?? [];
    mine.delete(partition);
    followed.delete(partition);
    names.forEach(options.onRevoked);
  };
  // Also of connections the settings do not have now: they may get them.
  const report = (record: ControlRecord): void => options.onControl(record);

  const takeOver = async (consumer: Consumer, partitions: readonly number[], turn: number): Promise<void> => {
    for (let wait = 200; ; wait = Math.min(wait * 2, 10_000)) {
      try {
        const { records, ends } = await readControl(access, partitions);
        if (turn !== generation || left.aborted) return;
        records.forEach(report);
        for (const partition of partitions) {
          const end = ends.get(partition) ?? 0n;
          mine.set(partition, connectionsOf(partition));
          followed.set(partition, end);
          consumer.seek({ topic, partition, offset: end.toString() });
        }
        consumer.resume([{ topic, partitions: [...partitions] }]);
        partitions.flatMap(connectionsOf).forEach(options.onAssigned);
        return;
      } catch (error) {
        if (turn !== generation || left.aborted) return;
        const told = kafkaError(error, settings, 'Taking over connections');
        options.onRetry?.(told, false);
        await pause(wait, left);
      }
    }
  };

  const joined = (consumer: Consumer, now: readonly number[]): void => {
    generation += 1;
    assignedAt = Date.now();
    if (now.length === 0) options.onIdle?.();
    for (const partition of [...mine.keys()]) if (!now.includes(partition)) revoke(partition);
    // A join forgets where the kept partitions were; offsets are not committed anywhere.
    for (const [partition, offset] of followed) consumer.seek({ topic, partition, offset: offset.toString() });
    const fresh = now.filter((partition) => !mine.has(partition));
    if (fresh.length === 0) return;
    consumer.pause([{ topic, partitions: fresh }]);
    void takeOver(consumer, fresh, generation);
  };

  /** A new member, in the group when this returns. */
  const join = async (): Promise<void> => {
    const leash = trackSockets(access.socketFactory, access.signal);
    const consumer = createClient(access, { socketFactory: leash.factory }).consumer({
      groupId: groupOf(settings.prefix),
      sessionTimeout,
      // A healthy worker that is busy, or whose machine is, must not be left out; members that are gone hold nothing up
      // for longer than their session.
      rebalanceTimeout: 2 * sessionTimeout,
      partitionAssigners: [
        stickyAssigner(
          topic,
          () => ({ partitions: [...mine.keys()], since: assignedAt, connections: byPartition(connections, options.describe, settings) }),
          () => options.onDiffer?.(),
        ),
        PartitionAssigners.roundRobin,
      ],
      // Also how soon a member learns that the group shares anew.
      heartbeatInterval: Math.floor(Math.min(1_000, sessionTimeout / 3)),
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: false,
      // A consumer that kafkajs starts again after a crash can stand still for good; a new one does not.
      retry: { retries: 7, restartOnFailure: () => Promise.resolve(false) },
    });
    const member: Member = (active = { consumer, cut: leash.cut });
    let memberId: string | undefined;
    /** When the group last heard of us, `performance.now()`; undefined while it is being joined. */
    let heard: number | undefined;
    consumer.on('consumer.group_join', ({ payload }) => {
      if (member !== active) return;
      heard = performance.now();
      // Another name: the group had given us up, and with us everything we had.
      if (memberId !== undefined && memberId !== payload.memberId) revokeAll();
      memberId = payload.memberId;
      options.roll?.note(memberId);
      joined(consumer, payload.memberAssignment[topic] ?? []);
    });
    consumer.on('consumer.heartbeat', () => void (heard = performance.now()));
    consumer.on('consumer.rebalancing', () => void (heard = undefined));
    // A process that was stopped, or whose broker is away, must not go on with what others have got meanwhile.
    const watching = setInterval(() => {
      if (heard === undefined || performance.now() - heard <= sessionTimeout) return;
      clearInterval(watching);
      if (member === active) void joinAgain(member, silent(sessionTimeout));
    }, WATCH_MS);
    watching.unref();
    consumer.on('consumer.disconnect', () => clearInterval(watching));
    const crashed = new Promise<never>((_, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    });
    crashed.catch(() => undefined);
    const follow = async (): Promise<void> => {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      // After our own joining has begun: an empty group would make us wait for more members.
      if (options.roll !== undefined) setTimeout(() => void dismissDead(access, options.roll), DISMISS_MS).unref();
      await run(consumer, (partition, offset, record) => {
        const next = followed.get(partition);
        if (member !== active || next === undefined || offset < next) return;
        followed.set(partition, offset + 1n);
        if (record !== undefined) report(record);
      });
    };
    try {
      await withDeadline(JOIN_DEADLINE, 'Joining the workers', () => Promise.race([follow(), crashed]), access.signal);
    } catch (error) {
      await drop(member, access.signal);
      throw kafkaError(error, settings, 'Joining the workers');
    }
    crashed.catch((error: unknown) => void joinAgain(member, kafkaError(error, settings, 'Following _control')));
  };

  const revokeAll = (): void => {
    generation += 1;
    [...mine.keys()].forEach(revoke);
  };

  /** Joins, told and tried again until it works, we leave, or only the user can help. */
  const keepJoining = async (): Promise<void> => {
    for (let wait = 200; !left.aborted; wait = Math.min(wait * 2, 10_000)) {
      try {
        return await join();
      } catch (error) {
        revokeAll();
        if (left.aborted) return;
        const trouble = kafkaError(error, settings, 'Joining the workers');
        options.onRetry?.(trouble, trouble.kind === 'config');
        if (trouble.kind === 'config') return;
        await pause(wait, left);
      }
    }
  };

  const joinAgain = async (before: Member, why: TributaryError): Promise<void> => {
    if (left.aborted || before !== active) return;
    active = undefined;
    revokeAll();
    await drop(before, access.signal);
    if (left.aborted) return;
    options.onRetry?.(why, why.kind === 'config');
    if (why.kind === 'config') return;
    await pause(200, left);
    await keepJoining();
  };

  void keepJoining();
  // A worker of this machine that is killed is missed by its neighbours before its session ends.
  let looking: Promise<void> | undefined;
  const neighbours =
    options.roll === undefined
      ? undefined
      : setInterval(() => {
          if (active !== undefined) looking ??= dismissDead(access, options.roll).finally(() => (looking = undefined));
        }, NEIGHBOURS_MS);
  neighbours?.unref();
  return {
    setConnections(names) {
      connections = names;
      for (const [partition, before] of [...mine]) {
        const after = connectionsOf(partition);
        mine.set(partition, after);
        before.filter((name) => !after.includes(name)).forEach(options.onRevoked);
        after.filter((name) => !before.includes(name)).forEach(options.onAssigned);
      }
    },
    leave: async () => {
      leaving.abort();
      clearInterval(neighbours);
      revokeAll();
      if (active !== undefined) await drop(active, access.signal);
    },
  };
}

/** What a member tells of the connections it can run. */
function byPartition(
  connections: readonly string[],
  describe: WorkerGroupOptions['describe'] = () => '',
  settings: KafkaSettings,
): Record<number, Connections> {
  const names = new Map<number, string[]>();
  for (const name of [...connections].sort()) {
    const partition = connectionPartition(name, settings);
    names.set(partition, [...(names.get(partition) ?? []), name]);
  }
  return Object.fromEntries(
    [...names].map(([partition, own]) => [
      partition,
      {
        count: own.length,
        digest: createHash('sha256')
          .update(own.map((name) => `${name}: ${describe(name)}`).join('\n'))
          .digest('base64')
          .slice(0, 12),
      },
    ]),
  );
}

/** Waits, at the longest until the signal. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  delay(milliseconds, undefined, { signal }).catch(() => undefined);

/** One member of the group: a consumer and the end of all its sockets. */
interface Member {
  readonly consumer: Consumer;
  cut(): void;
}

const JOIN_DEADLINE = 90_000;
const WATCH_MS = 500;
const DISMISS_MS = 300;
const NEIGHBOURS_MS = 2_000;

const silent = (sessionTimeout: number): TributaryError =>
  new TributaryError(
    `This process was not heard by Kafka for longer than ${sessionTimeout / 1000} s, so its connections may be with others.`,
    {
      kind: 'transient',
      reach: 'connection',
      code: 'kafka:session-lost',
      remedy: 'It asks for them again by itself. If this repeats, look for a machine that is paused or overloaded.',
    },
  );

/** Leaves the group in good order if that is quick, and is gone in any case. */
async function drop({ consumer, cut }: Member, signal: AbortSignal | undefined): Promise<void> {
  await withDeadline(5_000, 'Leaving the workers', () => consumer.disconnect(), signal).catch(() => undefined);
  cut();
}

async function run(
  consumer: Consumer,
  onRecord: (partition: number, offset: bigint, record: ControlRecord | undefined) => void,
): Promise<void> {
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      onRecord(partition, BigInt(message.offset), controlRecord(message.key, message.value));
    },
  });
}

/** A broker that has just started, or that just took the group over, needs a moment; kafkajs does not wait for it here. */
async function waitedOut<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries >= 20 || !/COORDINATOR|GROUP_LOAD/.test(protocolType(error) ?? '')) throw error;
      await delay(250);
    }
  }
}

/** The processes that share the connections now; empty when none runs. */
export async function activeWorkers(access: KafkaAccess): Promise<readonly WorkerInfo[]> {
  const { prefix } = access.settings;
  return withAdmin(access, 'Looking for workers', async (admin) => {
    const { groups } = await waitedOut(() => admin.describeGroups([groupOf(prefix)]));
    return (groups[0]?.members ?? []).map(({ memberId, clientId, clientHost, memberAssignment }) => ({
      memberId,
      clientId,
      host: clientHost.replace(/^\//, ''),
      partitions:
        memberAssignment.length === 0
          ? []
          : (AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[topicNames(prefix).control] ?? []),
    }));
  });
}
