import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../config/env.ts';
import { TributaryError, asTributaryError } from '../core/errors.ts';
import { fileError, makeLocalFolder } from '../core/local-folder.ts';
import { avroConverter, jdbcSink, kafkaJars, registryApp } from './artifacts.ts';
import { tellAwaited } from './awaited.ts';
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
import { anySignal } from '../core/signals.ts';

export type { PartName } from './memory.ts';

export interface StackOptions {
  /** Folder for everything the stack keeps: data, ports, password, logs. A later start continues with it. */
  dir: string;
  /** Start Kafka Connect too; {@link Stack.startConnect} does it later. */
  connect?: boolean;
  /** Receives progress messages; `routine` marks those of every start. */
  log?: (line: string, routine?: boolean) => void;
  /** Aborts the start. It does not stop a stack that is up. */
  signal?: AbortSignal;
  /** `fast`: the broker compacts topics within a second, for tests that wait for it. */
  topicDefaults?: TopicDefaults;
  /** Folders with additional plugins for Kafka Connect, which it finds by their service manifests. */
  plugins?: readonly string[];
  /** Called when a part ends without a request; {@link Stack.restart} starts it again. */
  onPartDied?: (part: PartName, error: TributaryError) => void;
}

export interface Stack {
  readonly brokers: string[];
  /** Base address of the Confluent-compatible interface. */
  readonly registryUrl: string;
  readonly connectUrl: string | undefined;
  /** Log-in of Kafka (SASL/PLAIN), the registry and Connect (HTTP basic). */
  readonly login: StackLogin;
  readonly postgres: { host: string; port: number; user: string; password: string; database: string };
  readonly pids: Readonly<Partial<Record<PartName, number>>>;
  /** Starts Kafka Connect unless it runs; returns its address. */
  startConnect(): Promise<string>;
  /** Stops the part if it runs, and starts it again on the same port. */
  restart(part: PartName): Promise<void>;
  /** Sends the signal; with SIGKILL it resolves when the part has ended. */
  kill(part: PartName, signal: NodeJS.Signals): Promise<void>;
  /**
   * Stops all parts and releases the folder. The parts end in two groups, one after the other; each group has `graceMs` (at
   * most 4 s) before it is ended by force. Safe to call twice.
   */
  stop(graceMs?: number): Promise<void>;
}

/** Milliseconds a part has to end by itself. Both groups and the force after them take less than 10 s. */
const GRACE_MS = 4_000;

/**
 * Starts PostgreSQL, Kafka and the schema registry (and Kafka Connect on request) on loopback, as children of this process.
 * One process owns a folder at a time. Throws `config` errors that say what is missing on this machine.
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
      remedy: 'Stop that process, or use another folder. Several workers share a Kafka that the settings name (kafka: and registry:).',
      code: 'stack:in_use',
    });
  }
  try {
    return await start(dir, options, log, signal, lock.release);
  } catch (error) {
    await lock.release();
    // Ctrl-C in the terminal also ends tools that run during the start; their errors then mean nothing.
    if (signal.aborted) throw new TributaryError('The start of the local stack was interrupted.', { kind: 'stopped', cause: error });
    throw fileError(error) ?? asTributaryError(error, 'The start of the local stack');
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
  if (moved.length > 0)
    log(`ports in use by other programs, changed: ${moved.map((name) => `${name} to ${memory.ports[name]}`).join(', ')}`);
  remember(dir, memory);

  const fetching = { cache: cacheFolder(), log, signal };
  const guardian = startGuardian();
  const running = new Map<PartName, RunningPart>();
  /** Parts that are ending. */
  const leaving = new Set<Promise<void>>();
  let stopping: Promise<void> | undefined;
  /** True once all parts have been up: from then on the owner restarts a part that dies. */
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
        // Another program took the port between our check and the start.
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
    // Parts that are being restarted must not come up after this.
    ending.abort();
    // First the parts that use the others, so that none waits for a server that has ended.
    await Promise.all([takeDown('connect', grace), takeDown('registry', grace)]);
    await Promise.all([takeDown('kafka', grace), takeDown('postgres', grace)]);
    await Promise.all(leaving);
    await release();
  }

  const abort = anySignal(signal, failed.signal);
  const awaited = tellAwaited(log);
  const upOrAbort = async (...names: PartName[]): Promise<void> => {
    try {
      for (const name of names) await awaited.during(TITLES[name], () => bringUp(name, abort));
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const starts = await Promise.allSettled([
    upOrAbort('postgres', 'registry'),
    upOrAbort(...(options.connect === true ? (['kafka', 'connect'] as const) : (['kafka'] as const))),
  ]);
  awaited.stop();
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
