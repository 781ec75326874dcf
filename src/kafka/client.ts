import type { Admin, ISocketFactory, KafkaConfig, LogEntry } from 'kafkajs';
import { Kafka, logLevel } from 'kafkajs';
import { withDeadline } from './deadline.ts';
import { kafkaError } from './errors.ts';
import type { KafkaSettings } from './types.ts';

/** Everything that is needed to talk to the cluster; passed to every function of this folder. */
export interface KafkaAccess {
  readonly settings: KafkaSettings;
  /**
   * Gets kafkajs's own log lines. They belong at debug level: its ERROR lines for
   * CONCURRENT_TRANSACTIONS and for a loading coordinator are part of normal work.
   */
  readonly onClientLog?: (entry: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }) => void;
  /** Opens the sockets; the default is kafkajs's own. */
  readonly socketFactory?: ISocketFactory;
  /** Milliseconds until an unanswered request counts as failed. Default 15,000. */
  readonly requestTimeout?: number;
}

const RETRY = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 7 } as const;

/** A kafkajs client with our time-outs. `retries` bounds how long a dead cluster is tried (7 are about 7 s). */
export function createClient(
  access: KafkaAccess,
  options: { readonly retries?: number; readonly socketFactory?: ISocketFactory } = {},
): Kafka {
  const { settings } = access;
  const socketFactory = options.socketFactory ?? access.socketFactory;
  const log = access.onClientLog;
  const config: KafkaConfig = {
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    connectionTimeout: 5_000,
    authenticationTimeout: 10_000,
    requestTimeout: access.requestTimeout ?? 15_000,
    retry: { ...RETRY, retries: options.retries ?? RETRY.retries },
    logLevel: log === undefined ? logLevel.NOTHING : logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: line }: LogEntry) => {
        // The stack it gives is of its own insides.
        const { message, timestamp: _, logger: __, stack: ___, ...fields } = line;
        log?.({ message: `${namespace}: ${message}`, fields });
      },
    ...(socketFactory === undefined ? {} : { socketFactory }),
    ...tls(settings),
    ...(settings.sasl === undefined ? {} : { sasl: settings.sasl as NonNullable<KafkaConfig['sasl']> }),
  };
  return new Kafka(config);
}

function tls({ ssl }: KafkaSettings): Pick<KafkaConfig, 'ssl'> {
  if (ssl === undefined || ssl === false) return {};
  if (ssl === true) return { ssl: true };
  return { ssl };
}

/** Longer than anything an admin client is asked for takes: without an end to the waiting a connection could stand still for good. */
const ADMIN_DEADLINE = 60_000;

/**
 * Runs `work` with a connected admin client and disconnects it.
 *
 * @throws TributaryError that says what `doing` ("Creating topics") ran into, or that it took more than a minute.
 */
export async function withAdmin<T>(access: KafkaAccess, doing: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = createClient(access).admin();
  try {
    return await withDeadline(ADMIN_DEADLINE, doing, async () => {
      await admin.connect();
      return work(admin);
    });
  } catch (error) {
    throw kafkaError(error, access.settings, doing);
  } finally {
    await withDeadline(5_000, 'Closing', () => admin.disconnect()).catch(() => undefined);
  }
}
