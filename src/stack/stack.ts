import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../config/env.ts';
import { TributaryError, asTributaryError } from '../core/errors.ts';
import { fileTrouble, makeLocalFolder } from '../core/local-folder.ts';
import { avroConverter, jdbcSink, kafkaJars, registryApp } from './artifacts.ts';
import { connectCommand, connectUrl } from './connect.ts';
import { fetchArtifact } from './fetch.ts';
import { startGuardian } from './guardian.ts';
import { kafkaCommand } from './kafka.ts';
import type { TopicDefaults } from './kafka.ts';
import { takeLock } from '../core/lock.ts';
import { loginOf, recall, remember, settlePorts } from './memory.ts';
import type { PartName, PortName, StackLogin } from './memory.ts';
import { TITLES, diedUnasked, launch, waitUntilReady } from './part.ts';
import type { PartCommand, RunningPart } from './part.ts';
import { createDatabases, postgresAddress, postgresCommand } from './postgres.ts';
import { endOrphans } from './orphans.ts';
import { registryCommand, registryUrl } from './registry.ts';
import { requireJava } from './tools.ts';

export type { PartName } from './memory.ts';

export interface StackOptions {
  /** Everything the stack keeps: data, ports, password, logs. A second start in it finds all as it was. */
  dir: string;
  /** Start Kafka Connect too; {@link Stack.startConnect} does so later. */
  connect?: boolean;
  /** Hears what the start does; `routine` is what every start does. */
  log?: (line: string, routine?: boolean) => void;
  /** Gives up the start. It does not stop a stack that is up. */
  signal?: AbortSignal;
  /** `fast`: the broker cleans compacted topics within a second, for tests that wait for it. */
  topicDefaults?: TopicDefaults;
  /** Folders of more connectors for Kafka Connect. */
  plugins?: readonly string[];
  /** Told when a part ends without being asked to; {@link Stack.restart} brings it back. */
  onPartDied?: (part: PartName, error: TributaryError) => void;
}

export interface Stack {
  readonly brokers: string[];
  /** Base address of the Confluent-compatible interface. */
  readonly registryUrl: string;
  readonly connectUrl: string | undefined;
  /** What Kafka (SASL/PLAIN), the registry and Connect (HTTP basic) ask for. */
  readonly login: StackLogin;
  readonly postgres: { host: string; port: number; user: string; password: string; database: string };
  readonly pids: Readonly<Partial<Record<PartName, number>>>;
  /** Starts Kafka Connect unless it runs; answers its address. */
  startConnect(): Promise<string>;
  /** Stops the part if it runs, and starts it again on the same port. */
  restart(part: PartName): Promise<void>;
  /** Sends the signal; for SIGKILL resolves when the part is gone. */
  kill(part: PartName, signal: NodeJS.Signals): Promise<void>;
  /**
   * Stops all parts and frees the folder for the next owner. Each of the two rows of parts has `graceMs` (4 s at the most)
   * to end by itself before it is ended by force. Safe to call twice.
   */
  stop(graceMs?: number): Promise<void>;
}

/** Within this time a part has to end by itself; together with the force after it, a stop takes less than 10 s. */
const GRACE_MS = 4_000;

/**
 * Starts PostgreSQL, Kafka and the schema registry (and Kafka Connect when asked for) on loopback, as
 * children of this process. One process owns a folder at a time. Throws `config` errors that say what
 * is missing on this machine.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const log = options.log ?? (() => undefined);
  const signal = options.signal ?? new AbortController().signal;
  makeLocalFolder(join(resolve(options.dir), 'logs'));
  const dir = await realpath(options.dir);
  const lock = await takeLock(join(dir, 'owner.lock'));
  if ('heldBy' in lock) {
    throw new TributaryError(`The local stack in ${dir} is in use by process ${lock.heldBy}.`, {
      kind: 'config',
      remedy: 'Stop that process, or use another folder.',
      code: 'stack:in_use',
    });
  }
  try {
    return await start(dir, options, log, signal, lock.release);
  } catch (error) {
    await lock.release();
    // The terminal's Ctrl-C ends a tool of the start too, and what it says then is no fault.
    if (signal.aborted) throw new TributaryError('The start of the local stack was interrupted.', { kind: 'stopped', cause: error });
    throw fileTrouble(error) ?? asTributaryError(error, 'The start of the local stack');
  }
}

async function start(
  dir: string,
  options: StackOptions,
  log: NonNullable<StackOptions['log']>,
  signal: AbortSignal,
  release: () => Promise<void>,
): Promise<Stack> {
  const java = await requireJava();
  const memory = await recall(dir);
  await endOrphans(dir, memory.pids, GRACE_MS, log);
  memory.pids = {};
  const moved = await settlePorts(memory);
  if (moved.length > 0) log(`ports taken by others, moved: ${moved.map((name) => `${name} to ${memory.ports[name]}`).join(', ')}`);
  remember(dir, memory);

  const fetching = { cache: cacheFolder(), log, signal };
  const guardian = startGuardian();
  const running = new Map<PartName, RunningPart>();
  /** Parts that were asked to end and have not yet. */
  const leaving = new Set<Promise<void>>();
  let stopping: Promise<void> | undefined;
  /** All parts have been up: one that dies now is the owner's to bring back. */
  let up = false;
  const failed = new AbortController();
  const ending = new AbortController();

  const commands: Record<PartName, () => Promise<PartCommand>> = {
    postgres: () => postgresCommand(dir, memory),
    kafka: async () => kafkaCommand(dir, memory, java, await fetchArtifact(kafkaJars, fetching), options.topicDefaults ?? 'normal'),
    registry: async () => registryCommand(dir, memory, java, await fetchArtifact(registryApp, fetching)),
    connect: async () => {
      const kafka = await fetchArtifact(kafkaJars, fetching);
      const plugins = [await fetchArtifact(avroConverter, fetching), await fetchArtifact(jdbcSink, fetching), ...(options.plugins ?? [])];
      return connectCommand(dir, memory, java, { kafka, plugins });
    },
  };
  const ports: Record<PartName, readonly PortName[]> = {
    postgres: ['postgres'],
    kafka: ['kafka', 'controller'],
    registry: ['registry'],
    connect: ['connect'],
  };

  function note(): void {
    const alive = [...running.values()].filter((part) => part.running);
    memory.pids = Object.fromEntries(alive.map((part) => [part.name, part.pid]));
    remember(dir, memory);
    guardian.watch(alive.map((part) => part.pid));
  }

  async function bringUp(name: PartName, abort: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const began = Date.now();
      await settlePorts(memory, ports[name]);
      const command = await commands[name]();
      abort.throwIfAborted();
      const part = launch(dir, command);
      running.set(name, part);
      note();
      try {
        await waitUntilReady(dir, command, part, abort);
      } catch (error) {
        await retire(part);
        // Somebody took the port between our look and the start.
        if (error instanceof TributaryError && error.code === 'stack:port_taken' && attempt < 3) continue;
        throw error;
      }
      if (name === 'postgres') await createDatabases(memory);
      log(`${TITLES[name].replace('the ', '')} is up after ${((Date.now() - began) / 1000).toFixed(1)} s`, true);
      void part.ended.then(async (how) => {
        if (running.get(name) !== part) return;
        running.delete(name);
        note();
        const error = await diedUnasked(dir, name, how);
        if (up) options.onPartDied?.(name, error);
        else failed.abort(error);
      });
      return;
    }
  }

  async function takeDown(name: PartName, graceMs = GRACE_MS): Promise<void> {
    const part = running.get(name);
    if (part !== undefined) await retire(part, graceMs);
  }

  async function retire(part: RunningPart, graceMs = GRACE_MS): Promise<void> {
    if (running.get(part.name) === part) running.delete(part.name);
    const gone = part.stop(graceMs);
    leaving.add(gone);
    await gone;
    leaving.delete(gone);
    note();
  }

  async function stopAll(graceMs = GRACE_MS): Promise<void> {
    const grace = Math.min(graceMs, GRACE_MS);
    // Nothing that is being started again may come up after this.
    ending.abort();
    // First those that use the others, so that nobody has to wait for a partner that is gone.
    await Promise.all([takeDown('connect', grace), takeDown('registry', grace)]);
    await Promise.all([takeDown('kafka', grace), takeDown('postgres', grace)]);
    await Promise.all(leaving);
    await release();
  }

  const abort = AbortSignal.any([signal, failed.signal]);
  const upOrAbort = async (...names: PartName[]): Promise<void> => {
    try {
      for (const name of names) await bringUp(name, abort);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const starts = await Promise.allSettled([
    upOrAbort('postgres', 'registry'),
    upOrAbort(...(options.connect === true ? (['kafka', 'connect'] as const) : (['kafka'] as const))),
  ]);
  if (starts.some((result) => result.status === 'rejected') || failed.signal.aborted) {
    await stopAll();
    throw failed.signal.reason;
  }
  up = true;

  return {
    get brokers() {
      return [`127.0.0.1:${memory.ports.kafka}`];
    },
    get registryUrl() {
      return registryUrl(memory);
    },
    get connectUrl() {
      return running.has('connect') ? connectUrl(memory) : undefined;
    },
    login: loginOf(memory),
    get postgres() {
      return postgresAddress(memory);
    },
    get pids() {
      return { ...memory.pids };
    },
    async startConnect() {
      if (!running.has('connect')) await bringUp('connect', ending.signal);
      return connectUrl(memory);
    },
    async restart(name) {
      await takeDown(name);
      await bringUp(name, ending.signal);
    },
    async kill(name, with_) {
      const part = running.get(name);
      if (part === undefined) return;
      part.kill(with_);
      if (with_ === 'SIGKILL') await part.ended;
    },
    stop: (graceMs) => (stopping ??= stopAll(graceMs)),
  };
}
