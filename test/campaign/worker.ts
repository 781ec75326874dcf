import { writeSync } from 'node:fs';
import { asTributaryError } from '../../src/core/errors.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { openTestEngine } from '../support/engine.ts';
import { remoteShop } from '../support/shop-server.ts';

/** A process that runs the engine: `worker` until it is told to stop, `once` for one pass. What happens becomes lines of its output. */
export interface WorkerOrders {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly prefix: string;
  readonly dataDir: string;
  readonly vendorUrl: string;
  readonly connections: number;
  readonly schedule: string;
  readonly timezone?: string;
  readonly sessionTimeout?: number;
  readonly mode: 'worker' | 'once';
}

export type WorkerLine = { readonly at: number } & (
  | EngineEvent
  | {
      readonly type: 'ended';
      readonly outcomes: Readonly<Record<string, number>>;
      readonly published: number;
      readonly errors: readonly string[];
    }
);

const kept = new Set([
  'connection-assigned',
  'connection-revoked',
  'connection-failed',
  'run-started',
  'run-ended',
  'deletes-withheld',
  'notice',
  'index-rebuilt',
  'warning',
]);

export const connectionNames = (count: number): string[] => Array.from({ length: count }, (_, at) => `shop_${at + 1}`);

async function main(orders: WorkerOrders): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const say = (line: object): void => void writeSync(1, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
  const { engine, bus, close } = await openTestEngine({
    ...orders,
    connections: connectionNames(orders.connections).map((name) => ({
      name,
      source: remoteShop,
      tables: ['item'],
      settings: { url: orders.vendorUrl },
      schedule: orders.schedule,
    })),
  });
  bus.on((event) => {
    if (kept.has(event.type)) say(event);
  });
  const errors: string[] = [];
  const outcomes: Record<string, number> = {};
  let published = 0;
  try {
    if (orders.mode === 'worker') await engine.run(stop.signal);
    else {
      for (const { outcome, totals, error } of await engine.sync(
        connectionNames(orders.connections).map((connection) => ({ connection })),
        stop.signal,
      )) {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        published += totals.published + totals.deleted;
        if (error) errors.push(`${error.kind} ${error.code ?? ''}: ${error.message}`);
      }
    }
  } catch (thrown) {
    const error = asTributaryError(thrown, 'The engine');
    errors.push(`${error.kind} ${error.code ?? ''}: ${error.message}`);
  }
  await close();
  say({ type: 'ended', outcomes, published, errors });
  process.exitCode = errors.length > 0 ? 1 : 0;
}

if (/campaign\/worker\.[jt]s$/.test(process.argv[1] ?? '') && process.argv[2] !== undefined)
  await main(JSON.parse(process.argv[2]) as WorkerOrders);
