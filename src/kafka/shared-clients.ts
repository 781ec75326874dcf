import type { Admin, Cluster } from 'kafkajs';
import { ADMIN_DEADLINE, CLOSE_DEADLINE, CONNECT_DEADLINE, createClient, untilBrokersStay } from './client.ts';
import type { KafkaAccess, SharedClients } from './client.ts';
import { createCluster } from './cluster.ts';
import { withDeadline } from './deadline.ts';
import { kafkaError, passes } from './errors.ts';
import { trackSockets } from './tracked-sockets.ts';

/** One client for all callers. It is opened with the first request and replaced when its brokers went away. */
interface Kept<C> {
  use<T>(caller: KafkaAccess, doing: string, work: (client: C) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface Life<C> {
  readonly client: C;
  readonly connected: Promise<void>;
  users: number;
  retired: boolean;
  end(): void;
}

/** One admin client and one cluster object for all who share this access. Call `close` when nobody uses them any more. */
export function shareClients(access: KafkaAccess): SharedClients {
  const admin = keep<Admin>(access, (sockets) => createClient(access, { socketFactory: sockets.factory }).admin());
  const cluster = keep<Cluster>(access, (sockets) => createCluster(access, sockets.factory));
  return {
    admin: admin.use,
    cluster: cluster.use,
    close: async () => void (await Promise.all([admin.close(), cluster.close()])),
  };
}

/** Runs `work` with an access whose calls share their clients, for a command that asks much in a short time. */
export async function withSharedClients<T>(access: KafkaAccess, work: (access: KafkaAccess) => Promise<T>): Promise<T> {
  const shared = shareClients(access);
  try {
    return await work({ ...access, shared });
  } finally {
    await shared.close();
  }
}

function keep<C extends { connect(): Promise<void>; disconnect(): Promise<void> }>(
  access: KafkaAccess,
  make: (sockets: ReturnType<typeof trackSockets>) => C,
): Kept<C> {
  let current: Life<C> | undefined;

  const open = (): Life<C> => {
    const sockets = trackSockets(access.socketFactory, access.signal);
    const client = make(sockets);
    const connected = client.connect();
    const end = (): void => {
      client.disconnect().catch(() => undefined);
      sockets.cut();
    };
    const life: Life<C> = { client, connected, users: 0, retired: false, end };
    // Whatever the reason, such as a refused log-in: the next request tries again.
    connected.catch(() => retire(life));
    return life;
  };
  /** The client gets no new requests; running requests are not interrupted. */
  const retire = (life: Life<C>): void => {
    if (current === life) current = undefined;
    if (!life.retired && life.users === 0) life.end();
    life.retired = true;
  };

  return {
    use: (caller, doing, work) =>
      untilBrokersStay(caller, async (begun) => {
        const life = (current ??= open());
        life.users += 1;
        try {
          await withDeadline(CONNECT_DEADLINE, doing, () => life.connected, caller.signal);
          begun();
          return await withDeadline(ADMIN_DEADLINE, doing, () => work(life.client), caller.signal);
        } catch (error) {
          const told = kafkaError(error, caller.settings, doing);
          // A client that lost its brokers, or that does not answer, is replaced.
          if (told.kind === 'transient' && (passes(error) || told.code === 'kafka:deadline')) retire(life);
          throw told;
        } finally {
          life.users -= 1;
          if (life.retired && life.users === 0) life.end();
        }
      }),
    close: async () => {
      const last = current;
      current = undefined;
      if (last === undefined) return;
      await withDeadline(CLOSE_DEADLINE, 'Closing', () => last.client.disconnect(), access.signal).catch(() => undefined);
      last.end();
    },
  };
}
