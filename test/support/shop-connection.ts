import { rmSync } from 'node:fs';
import type { ConnectionSettings } from '../../src/config/settings.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { TributaryError } from '../../src/core/errors.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { createConnection, type Connection } from '../../src/engine/connection.ts';
import type { ConnectionEnvironment } from '../../src/engine/environment.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { createOpeningTurns } from '../../src/engine/opening-turns.ts';
import { LogBrokers } from './log-brokers.ts';
import { memoryFolder } from './memory-folder.ts';
import { shopSource, type ShopVendor } from './shop-source.ts';

/** The connection `shop` of a process, over brokers in memory and a vendor in the test's hands. */
export interface Shop {
  readonly kafka: LogBrokers;
  readonly vendor: ShopVendor;
  /** Of the indexes. */
  readonly folder: string;
  readonly events: EngineEvent[];
  /** Topics whose schemas were registered. */
  readonly registered: readonly string[];
  /** Errors with which the registry refuses the schemas of a topic. */
  readonly refuses: Record<string, TributaryError>;
  readonly now: number;
  readonly lifetime: AbortController;
  /** Another connection of that name, as another process would open it. */
  connect(tables?: readonly string[], more?: Partial<ConnectionEnvironment>): Connection;
  close(): Promise<void>;
}

export function openShop(): Shop {
  const kafka = new LogBrokers();
  const vendor: ShopVendor = { items: ['a'], shops: new Map([['s1', ['p1']]]), refusals: new Map() };
  const folder = memoryFolder('connection-');
  const events: EngineEvent[] = [];
  const registered: string[] = [];
  const refuses: Record<string, TributaryError> = {};
  const opened: Connection[] = [];
  const now = Date.UTC(2026, 0, 1);
  const lifetime = new AbortController();

  function connect(tables: readonly string[] = ['item'], more: Partial<ConnectionEnvironment> = {}): Connection {
    const source = shopSource(vendor);
    const settings = {
      name: 'shop',
      source,
      settings: {},
      tables: source.tables({}).filter(({ name }) => tables.includes(name)),
      history: { range: 'all' },
      schedules: new Map(),
    } as unknown as ConnectionSettings;
    const registry = {
      registerTable: async (topic: string) => {
        registered.push(topic);
        await kafka.before['registerTable']?.();
        if (refuses[topic] !== undefined) throw refuses[topic];
        return { keySchemaId: 1, valueSchemaId: 2 };
      },
    };
    const connection = createConnection(
      settings,
      {
        access: kafka.access(),
        registry: registry as never,
        indexDir: folder,
        turns: createOpeningTurns(),
        emit: (event) => void events.push(event),
        redactor: createRedactor(),
        clock: { ...systemClock, now: () => now },
        random: () => 0,
        createWriter: kafka.createWriter,
        ...more,
      },
      lifetime.signal,
    );
    opened.push(connection);
    return connection;
  }

  return {
    kafka,
    vendor,
    folder,
    events,
    registered,
    refuses,
    now,
    lifetime,
    connect,
    async close() {
      for (const connection of opened) await connection.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
