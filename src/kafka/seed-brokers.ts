import { createRequire } from 'node:module';
import { passes } from './errors.ts';

interface Seed {
  readonly connectionPool: { readonly host: string; readonly port: number };
  readonly versions: unknown;
  connect(): Promise<void>;
}

/** What is used here of a client's brokers (kafkajs 2.2.4, src/cluster/brokerPool). */
interface BrokerPool {
  seedBroker: Seed | undefined;
  versions: unknown;
  readonly logger: { error(message: string, extra: object): void };
  readonly retrier: (attempt: (bail: (error: unknown) => void, retryCount: number, retryTime: number) => Promise<void>) => Promise<void>;
  hasConnectedBrokers(): boolean;
  /** Takes the next of the configured brokers. */
  createSeedBroker(): Promise<void>;
  connect(): Promise<void>;
}

/** Addresses that did not answer when they were last asked. */
const away = new Set<string>();

/** The brokers to begin with, those that did not answer last. */
export const likelyFirst = (brokers: readonly string[]): string[] => [...brokers].sort((a, b) => Number(away.has(a)) - Number(away.has(b)));

/**
 * Makes clients of kafkajs go on to the next configured broker whatever became of the last. By itself it does so only when the
 * connection is refused: a broker that accepts connections and is frozen, or whose proxy closes them, kept clients
 * from the others for good.
 */
export function tryAllBrokers(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/cluster/brokerPool') as { readonly prototype: BrokerPool };
  prototype.connect = async function connect(this: BrokerPool): Promise<void> {
    if (this.hasConnectedBrokers()) return;
    if (this.seedBroker === undefined) await this.createSeedBroker();
    return this.retrier(async (bail, retryCount, retryTime) => {
      const seed = this.seedBroker as Seed;
      const { host, port } = seed.connectionPool;
      try {
        await seed.connect();
        this.versions = seed.versions;
        away.delete(`${host}:${port}`);
      } catch (error) {
        const { message } = error as Error;
        this.logger.error(message, { retryCount, retryTime });
        if (!passes(error)) {
          bail(error);
          return;
        }
        away.add(`${host}:${port}`);
        await this.createSeedBroker();
        // Of some of these errors kafkajs says that they cannot pass.
        throw Object.assign(new Error(message, { cause: error }), { retriable: true });
      }
    });
  };
}
