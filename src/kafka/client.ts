import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Cluster, ISocketFactory, KafkaConfig, LogEntry, Producer, ProducerConfig } from 'kafkajs';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { registerCodecs } from './codecs.ts';
import { withDeadline } from './deadline.ts';
import { kafkaError, passes } from './errors.ts';
import { quietIdleConnections } from './idle-connections.ts';
import { likelyFirst, tryAllBrokers } from './seed-brokers.ts';
import { tokenProvider } from './tokens.ts';
import { trackSockets } from './tracked-sockets.ts';
import type { KafkaSettings } from './types.ts';

/** What is needed to talk to the cluster; passed to every function of this folder. */
export interface KafkaAccess {
  readonly settings: KafkaSettings;
  /**
   * Receives kafkajs's own log lines. Log them at debug level: its ERROR lines for CONCURRENT_TRANSACTIONS and for a loading
   * coordinator are part of normal work.
   */
  readonly onClientLog?: (entry: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }) => void;
  /** Opens the sockets; the default is kafkajs's own. */
  readonly socketFactory?: ISocketFactory;
  /** Creates the cluster object of a reading; the default is kafkajs's own. */
  readonly createCluster?: (access: KafkaAccess, socketFactory: ISocketFactory) => Cluster;
  /** Milliseconds until an unanswered request counts as failed. Default 15,000. */
  readonly requestTimeout?: number;
  /** Ends everything that uses this access at once: its sockets are closed and its calls throw `stopped`. */
  readonly signal?: AbortSignal;
  /** Clients shared by all calls; without them each call opens its own, which for hundreds of connections would be one per second. */
  readonly shared?: SharedClients;
}

/** Clients that outlive a call. Results and errors are those of {@link withAdmin}. */
export interface SharedClients {
  admin<T>(access: KafkaAccess, doing: string, work: (admin: Admin) => Promise<T>): Promise<T>;
  /** For short requests only, because they wait for each other. */
  cluster<T>(access: KafkaAccess, doing: string, work: (cluster: Cluster) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

registerCodecs();
quietIdleConnections();
tryAllBrokers();

const RETRY = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 7 } as const;

/**
 * A kafkajs client with our time-outs, whose sockets are closed by the access's signal. `retries` limits how long an
 * unreachable cluster is tried (7 are about 7 s).
 */
export function createClient(
  access: KafkaAccess,
  options: { readonly retries?: number; readonly socketFactory?: ISocketFactory } = {},
): Kafka {
  const { settings } = access;
  // A caller with its own socket factory tracks its sockets itself.
  const factory = options.socketFactory ?? trackSockets(access.socketFactory, access.signal).factory;
  const log = access.onClientLog;
  const config: KafkaConfig = {
    clientId: settings.clientId,
    brokers: likelyFirst(settings.brokers),
    connectionTimeout: 5_000,
    authenticationTimeout: 10_000,
    requestTimeout: access.requestTimeout ?? 15_000,
    retry: { ...RETRY, retries: options.retries ?? RETRY.retries },
    logLevel: log === undefined ? logLevel.NOTHING : logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: line }: LogEntry) => {
        // Its stack trace shows only kafkajs's own code.
        const { message, timestamp: _, logger: __, stack: ___, ...fields } = line;
        log?.({ message: `${namespace}: ${message}`, fields });
      },
    socketFactory: factory,
    ...tls(settings),
    ...sasl(settings),
  };
  return new Kafka(config);
}

function sasl(settings: KafkaSettings): Pick<KafkaConfig, 'sasl'> {
  const tokens = tokenProvider(settings);
  if (tokens !== undefined) return { sasl: { mechanism: 'oauthbearer', oauthBearerProvider: tokens } };
  return settings.sasl === undefined ? {} : { sasl: settings.sasl as NonNullable<KafkaConfig['sasl']> };
}

function tls({ ssl }: KafkaSettings): Pick<KafkaConfig, 'ssl'> {
  if (ssl === undefined || ssl === false) return {};
  if (ssl === true) return { ssl: true };
  return { ssl };
}

export const CONNECT_DEADLINE = 45_000;
/** Longer (ms) than any admin request takes. Without this limit a request on a dead connection could hang for ever. */
export const ADMIN_DEADLINE = 60_000;
export const CLOSE_DEADLINE = 3_000;
/** Attempts of one piece of work whose broker went away while it ran. */
const TRIES = 3;

/**
 * Runs `work` with a connected admin client: the shared one if there is one, otherwise a new one that is closed afterwards. When
 * the broker goes away, the work is started again with another client, so it must be safe to repeat.
 *
 * @throws TributaryError with what `doing` ("Creating topics") met, or that it took more than a minute; `stopped` when the
 * access's signal fires.
 */
export async function withAdmin<T>(access: KafkaAccess, doing: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  if (access.shared !== undefined) return access.shared.admin(access, doing, work);
  return untilBrokersStay(access, (begun) => {
    const sockets = trackSockets(access.socketFactory, access.signal);
    const admin = createClient(access, { socketFactory: sockets.factory }).admin();
    return withClient(
      access,
      doing,
      { ...sockets, connect: () => admin.connect(), disconnect: () => admin.disconnect() },
      ADMIN_DEADLINE,
      () => {
        begun();
        return work(admin);
      },
    );
  });
}

/** Repeats work that had `begun` when its broker went away. */
export async function untilBrokersStay<T>({ signal }: KafkaAccess, work: (begun: () => void) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    let hasBegun = false;
    try {
      return await work(() => (hasBegun = true));
    } catch (error) {
      if (!hasBegun || tries >= TRIES || !passes(error)) throw error;
      await sleep(200 * tries, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** The part of a client that is used here. `cut` closes its sockets for good. */
interface Client {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  cut(): void;
}

/** Runs `work` with a client of its own and then closes the client's sockets, however it ended, so that no retry of an abandoned call comes back. */
export async function withClient<T>(
  access: KafkaAccess,
  doing: string,
  client: Client,
  deadline: number | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    await withDeadline(CONNECT_DEADLINE, doing, () => client.connect(), access.signal);
    return await withDeadline(deadline, doing, work, access.signal);
  } catch (error) {
    throw kafkaError(error, access.settings, doing);
  } finally {
    await withDeadline(CLOSE_DEADLINE, 'Closing', () => client.disconnect(), access.signal).catch(() => undefined);
    client.cut();
  }
}

/** A producer without transactions, for records that may be written twice or lost: run log and control records. */
export function plainProducer(access: KafkaAccess, options: Partial<ProducerConfig> = {}): { readonly producer: Producer; cut(): void } {
  const sockets = trackSockets(access.socketFactory, access.signal);
  const producer = createClient(access, { socketFactory: sockets.factory }).producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    ...options,
  });
  return { producer, cut: sockets.cut };
}
