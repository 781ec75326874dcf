import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaSettings, type Settings } from '../../config/settings.ts';
import { asTributaryError, TributaryError } from '../../core/errors.ts';
import type { KafkaAccess } from '../../kafka/client.ts';
import { activeWorkers } from '../../kafka/worker.ts';
import { createRegistry, type Registry } from '../../kafka/registry.ts';
import { withSharedClients } from '../../kafka/shared-clients.ts';
import { closeLocalFolder } from '../../core/local-folder.ts';
import { connectUrl } from '../../stack/connect.ts';
import { loginOf, recall, type PartName, type StackMemory } from '../../stack/memory.ts';
import { TITLES } from '../../stack/part.ts';
import { postgresAddress } from '../../stack/postgres.ts';
import { registryUrl } from '../../stack/registry.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import type { Cli } from '../app.ts';
import { ENDING, stackGrace } from './ending.ts';

/** Kafka and the registry for the duration of a command. */
export interface KafkaSession {
  readonly access: KafkaAccess;
  readonly registry: Registry;
  /** The embedded stack, when this process started it. */
  readonly stack: Stack | undefined;
  /** Kafka Connect of the embedded stack, when it runs. */
  readonly connectUrl: string | undefined;
  /** Log-in of the embedded stack's servers. */
  readonly login: Stack['login'] | undefined;
  /** PostgreSQL of the embedded stack, whichever process started it. */
  readonly postgres: Stack['postgres'] | undefined;
  /** Fires when the command is to end. */
  readonly stop: AbortSignal;
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Start the embedded Kafka Connect too. */
  readonly connect?: boolean;
  /** The command must own the embedded stack: refuse when another process owns it. */
  readonly own?: boolean;
  /** The command takes long: refuse an embedded stack that its owner may stop at any moment. */
  readonly lasting?: boolean;
  /** The command writes: at its end, Kafka gets a few seconds to commit what it holds. */
  readonly writes?: boolean;
}

export function stackFolder(settings: Settings): string {
  return join(settings.dataDir, 'stack');
}

/**
 * Opens the user's Kafka, or the embedded one: starts it when it does not run, or uses the one that another of our processes
 * has started.
 */
export async function openKafka(cli: Cli, settings: Settings, options: SessionOptions = {}): Promise<KafkaSession> {
  // Files that this process creates are accessible to the owner only: the indexes hold keys, which for some vendors are mail addresses.
  process.umask(0o077);
  closeLocalFolder(settings.dataDir);
  if (settings.kafka) return session(cli, settings, options, undefined, undefined);
  const dir = stackFolder(settings);
  cli.say('Opening the local Kafka (no kafka: in the settings) ...');
  let stack: Stack;
  try {
    stack = await startStack({
      dir,
      connect: options.connect ?? false,
      log: (line, routine) => (routine ? cli.log.debug(line) : cli.say(`  ${line}`)),
      signal: cli.interruption(),
      onPartDied: (part, error) => {
        cli.log.error(`${error.message} It is being restarted.`);
        void untilUp(cli, () => stack, part);
      },
    });
  } catch (error) {
    if (!(error instanceof TributaryError) || error.code !== 'stack:in_use' || options.own) throw error;
    return borrow(cli, settings, error, options);
  }
  cli.redactor.add(stack.postgres.password);
  return session(cli, settings, options, stack, stack);
}

/** Uses the embedded stack of another process. A worker keeps it running; any other command stops it when done. */
async function borrow(cli: Cli, settings: Settings, { message }: TributaryError, options: SessionOptions): Promise<KafkaSession> {
  const memory = await recall(stackFolder(settings));
  cli.redactor.add(memory.password);
  const borrowed = session(cli, settings, options, undefined, remembered(memory));
  const refuse = (why: string, remedy: string, cause?: unknown) =>
    new TributaryError(`${message.replace(/\.$/, '')}, ${why}.`, { kind: 'transient', code: 'stack:borrowed', remedy, cause });
  const workers = await activeWorkers(borrowed.access).catch((cause: unknown) => {
    throw refuse('which is starting or stopping it', 'Try again in a moment.', cause);
  });
  if (options.lasting && workers.length === 0) throw refuse('which stops it when it is done', 'Try again when that process has ended.');
  return borrowed;
}

/** Restarts a part that died, until it runs: it may have died because another part is down too. */
async function untilUp(cli: Cli, stack: () => Stack, part: PartName): Promise<void> {
  for (let wait = 1_000; ; wait = Math.min(wait * 2, 30_000)) {
    try {
      await stack().restart(part);
      cli.log.info(`Up again: ${TITLES[part]}.`);
      return;
    } catch (cause) {
      const error = asTributaryError(cause, `Starting ${TITLES[part]} again`);
      if (error.kind === 'stopped') return;
      cli.log.error(`${error.message} ${error.remedy ?? ''} It is tried again.`);
    }
    await sleep(wait, undefined, { ref: false });
  }
}

/** Addresses of the embedded stack that a command needs. */
export type StackPlaces = Pick<Stack, 'brokers' | 'registryUrl' | 'login' | 'postgres'> & { readonly connectUrl?: string | undefined };

/** The embedded stack's addresses as stored in its folder. */
export function remembered(memory: StackMemory): StackPlaces {
  return {
    brokers: [`127.0.0.1:${memory.ports.kafka}`],
    registryUrl: registryUrl(memory),
    login: loginOf(memory),
    postgres: postgresAddress(memory),
    connectUrl: memory.pids.connect === undefined ? undefined : connectUrl(memory),
  };
}

function session(
  cli: Cli,
  settings: Settings,
  options: SessionOptions,
  stack: Stack | undefined,
  places: StackPlaces | undefined,
): KafkaSession {
  const kafka = kafkaSettings(settings, places);
  const stop = cli.interruption();
  let askedAt: number | undefined;
  stop.addEventListener('abort', () => (askedAt = performance.now()), { once: true });
  return {
    access: {
      settings: kafka,
      onClientLog: ({ message, fields }) => cli.log.debug({ kafka: fields }, message),
      signal: options.writes ? later(stop, ENDING.saving) : stop,
    },
    registry: createRegistry(kafka, { signal: stop }),
    stop,
    stack,
    connectUrl: places?.connectUrl,
    login: places?.login,
    postgres: places?.postgres,
    close: async () => {
      await stack?.stop(askedAt === undefined ? undefined : stackGrace(performance.now() - askedAt));
    },
  };
}

/** Fires `ms` after the signal. */
function later(signal: AbortSignal, ms: number): AbortSignal {
  const end = new AbortController();
  setMaxListeners(0, end.signal);
  signal.addEventListener('abort', () => setTimeout(() => end.abort(), ms).unref(), { once: true });
  return end.signal;
}

/** Opens Kafka with {@link openKafka} for the duration of `work`, whose calls share their clients. */
export async function withKafka<T>(
  cli: Cli,
  work: (kafka: KafkaSession, settings: Settings) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  const settings = cli.settings();
  const kafka = await openKafka(cli, settings, options);
  try {
    return await withSharedClients(kafka.access, (access) => work({ ...kafka, access }, settings));
  } finally {
    await kafka.close();
  }
}
