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
import { connectionPartition, DEFAULT_SESSION_MS } from './partitioning.ts';
import { topicNames } from './meta/topic-names.ts';
import type { KafkaSettings } from './types.ts';

export interface WorkerGroupOptions {
  /** The connections that this process can run. */
  readonly connections: readonly string[];
  /** What else all workers must have in common about a connection, as text, e.g. its tables. */
  readonly describe?: (connection: string) => string;
  /** The connection is now assigned to this process. `onControl` has received its control records before. */
  readonly onAssigned: (connection: string) => void;
  /** Another process may run the connection from now on, and will fence this one if it continues to write. */
  readonly onRevoked: (connection: string) => void;
  /** A desired state of a connection, whether the settings have it or not: first the latest of each slot, then new ones as they arrive. */
  readonly onControl: (record: ControlRecord) => void;
  /** The group cannot be joined or reached. `fatal`: it was never joined and only the user can help; otherwise joining is retried. */
  readonly onRetry?: (error: TributaryError, fatal: boolean) => void;
  /** Milliseconds after which the connections of an unresponsive process go to others. Default 15,000. */
  readonly sessionTimeout?: number;
  /** This process has no connections, because there are more workers than partitions of `_control`. */
  readonly onIdle?: () => void;
  /** This process assigns for the whole group, and its members do not know the same connections or describe them differently. */
  readonly onDiffer?: () => void;
  /** Remembers the group members that were workers of this machine, to remove those that were killed. */
  readonly roll?: WorkerRoll;
}

export interface Worker {
  /** Replaces the list of connections that this process can run; additions and removals are reported like other assignments. */
  setConnections(names: readonly string[]): void;
  /** Gives up every connection and leaves the group, so that others take over at once. */
  leave(): Promise<void>;
}

export interface WorkerInfo {
  readonly memberId: string;
  readonly clientId: string;
  readonly host: string;
  /** Partitions of `_control` assigned to this worker; they determine its connections. */
  readonly partitions: readonly number[];
}

/**
 * Joins the consumer group that shares the connections and stays in it until `leave`. A connection belongs to the member with
 * its partition of `_control`. A group that cannot be joined, at first or after the cluster was unavailable, is reported by
 * `onRetry` and joined again. Stop the connections before leaving, so that they need not be fenced.
 */
export function joinWorkers(access: KafkaAccess, options: WorkerGroupOptions): Worker {
  const { settings } = access;
  const topic = topicNames(settings.prefix).control;
  const sessionTimeout = options.sessionTimeout ?? DEFAULT_SESSION_MS;
  const beatMs = Math.floor(Math.min(1_000, sessionTimeout / 3));
  const mine = new Map<number, readonly string[]>();
  const followed = new Map<number, bigint>();
  const leaving = new AbortController();
  const left = leaving.signal;
  let generation = 0;
  let active: Member | undefined;
  /** Epoch ms of the last assignment; 0 before the first. */
  let assignedAt = 0;
  /**
   * Whether only the user can help. One that has been a member goes on asking: a right that was taken away, or brokers that
   * are being set up anew, come back without anybody starting this process again.
   */
  const isFatal = ({ kind }: TributaryError): boolean => kind === 'config' && assignedAt === 0;

  let connections = options.connections;
  const connectionsOf = (partition: number): string[] => connections.filter((name) => connectionPartition(name, settings) === partition);
  const revoke = (partition: number): void => {
    const names = mine.get(partition) ?? [];
    mine.delete(partition);
    followed.delete(partition);
    names.forEach(options.onRevoked);
  };
  // Also for connections that the settings do not have now, because they may get them later.
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
    // Joining forgets the positions of the kept partitions, because offsets are not committed anywhere.
    for (const [partition, offset] of followed) consumer.seek({ topic, partition, offset: offset.toString() });
    const fresh = now.filter((partition) => !mine.has(partition));
    if (fresh.length === 0) return;
    consumer.pause([{ topic, partitions: fresh }]);
    void takeOver(consumer, fresh, generation);
  };

  /** Creates a new member; it is in the group when this returns. */
  const join = async (): Promise<void> => {
    const sockets = trackSockets(access.socketFactory, access.signal);
    const consumer = createClient(access, { socketFactory: sockets.factory }).consumer({
      groupId: groupOf(settings.prefix),
      sessionTimeout,
      // Long enough that a healthy but busy worker is not left out. Members that have died delay the rebalance for their
      // session time-out at most.
      rebalanceTimeout: 2 * sessionTimeout,
      partitionAssigners: [
        stickyAssigner(
          topic,
          () => ({ partitions: [...mine.keys()], since: assignedAt, connections: byPartition(connections, options.describe, settings) }),
          () => options.onDiffer?.(),
        ),
        PartitionAssigners.roundRobin,
      ],
      // Also determines how soon a member notices a rebalance.
      heartbeatInterval: beatMs,
      // kafkajs sends heartbeats between fetches. What arrives ends a fetch at once.
      maxWaitTimeInMs: beatMs,
      allowAutoTopicCreation: false,
      // A consumer that kafkajs restarts after a crash can hang for ever; a new one does not.
      retry: { retries: 7, restartOnFailure: () => Promise.resolve(false) },
    });
    const member: Member = (active = { consumer, cut: sockets.cut });
    let memberId: string | undefined;
    /** When the group last answered our heartbeat, `performance.now()`; undefined while joining. */
    let heard: number | undefined;
    /** When a rebalance began that has not ended. */
    let rebalancing: number | undefined;
    consumer.on('consumer.group_join', ({ payload }) => {
      if (member !== active) return;
      heard = performance.now();
      rebalancing = undefined;
      // A new member id: the group had removed us, and reassigned everything we had.
      if (memberId !== undefined && memberId !== payload.memberId) revokeAll();
      memberId = payload.memberId;
      options.roll?.note(memberId);
      joined(consumer, payload.memberAssignment[topic] ?? []);
    });
    consumer.on('consumer.heartbeat', () => void (heard = performance.now()));
    consumer.on('consumer.rebalancing', () => {
      heard = undefined;
      rebalancing = performance.now();
    });
    // A suspended process, or one whose broker is unavailable, must not continue connections that others have taken over.
    const watching = setInterval(() => {
      const now = performance.now();
      // kafkajs (2.2.4) can leave a request without an end.
      const isStuck = rebalancing !== undefined && now - rebalancing > REJOIN_SESSIONS * sessionTimeout;
      if (!isStuck && (heard === undefined || now - heard <= sessionTimeout)) return;
      clearInterval(watching);
      if (member === active) void joinAgain(member, silent(isStuck ? REJOIN_SESSIONS * sessionTimeout : sessionTimeout));
    }, beatMs);
    watching.unref();
    consumer.on('consumer.disconnect', () => clearInterval(watching));
    const crashed = new Promise<never>((_, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    });
    crashed.catch(() => undefined);
    const follow = async (): Promise<void> => {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      // Only after our own join has begun: the coordinator delays the first rebalance of an empty group.
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

  /** Joins the group, reporting and retrying until it works, we leave, or only the user can help. */
  const keepJoining = async (): Promise<void> => {
    for (let wait = 200; !left.aborted; wait = Math.min(wait * 2, 10_000)) {
      try {
        return await join();
      } catch (error) {
        revokeAll();
        if (left.aborted) return;
        const failure = kafkaError(error, settings, 'Joining the workers');
        options.onRetry?.(failure, isFatal(failure));
        if (isFatal(failure)) return;
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
    options.onRetry?.(why, false);
    await pause(200, left);
    await keepJoining();
  };

  void keepJoining();
  // Workers of the same machine notice a killed one before its session time-out.
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

/** What this member reports about the connections it can run. */
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

/** Waits for `milliseconds` or until the signal. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  delay(milliseconds, undefined, { signal }).catch(() => undefined);

/** One member of the group: its consumer, and a function that closes all its sockets. */
interface Member {
  readonly consumer: Consumer;
  cut(): void;
}

const JOIN_DEADLINE = 90_000;
/** Longest rebalance, in session time-outs: it waits for slow members for two of them, and may be tried again. */
const REJOIN_SESSIONS = 6;
const DISMISS_MS = 300;
const NEIGHBOURS_MS = 2_000;

const silent = (sessionTimeout: number): TributaryError =>
  new TributaryError(
    `Kafka has not heard from this process for longer than ${sessionTimeout / 1000} s, so its connections may now be with other workers.`,
    {
      kind: 'transient',
      reach: 'connection',
      code: 'kafka:session-lost',
      remedy: 'It requests them again by itself. If this happens again, look for a machine that is suspended or overloaded.',
    },
  );

/** Leaves the group if that is quick, then closes the sockets in any case. */
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

/** Retries while a broker has just started or just taken over the group; kafkajs does not do that here. */
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

/** The processes that share the connections now; empty when none is running. */
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
