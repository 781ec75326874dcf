import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { TributaryError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { through } from '../kafka/tcp-proxy.ts';
import { openTestEngine } from '../support/engine.ts';

/*
 * A process that runs the engine until it is killed. It loads, then waits for orders: one JSON object per line of
 * its input. Every event of the engine becomes one line of its output, written before the engine goes on.
 */

export interface Orders {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly login?: { readonly username: string; readonly password: string };
  readonly openBrokers?: boolean;
  readonly replicationFactor?: number;
  readonly prefix: string;
  readonly dataDir: string;
  readonly settings: Record<string, unknown>;
  /** `rounds`: every table once, again and again; `worker`: by schedule, until told to stop. */
  readonly mode: 'rounds' | 'worker';
  /** Port of a proxy that all talk with Kafka goes through. */
  readonly proxyPort?: number;
  /** Milliseconds its clock is ahead of the machine's. */
  readonly ahead: number;
  readonly death?: Death;
}

/** Kills itself inside the engine's call of its listeners, so that not one more statement of the engine runs. */
export interface Death {
  readonly at: 'transaction-committed' | 'batch-committed';
  /** How many of them it survives. */
  readonly after: number;
  /** Only those after it was asked to stop count. */
  readonly onceStopping?: boolean;
}

/** What the process tells beside the engine's events. */
export type Line = EngineEvent | { readonly type: 'loaded' } | { readonly type: 'opened' } | { readonly type: 'round' };

const say = (line: Line): void => void writeSync(1, `${JSON.stringify(line)}\n`);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

let ahead = 0;
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const order = JSON.parse(line) as Partial<Orders>;
  ahead = order.ahead ?? ahead;
  if (order.prefix !== undefined) void work(order as Orders);
});
say({ type: 'loaded' });

async function work({ mode, proxyPort, death, ...orders }: Orders): Promise<void> {
  const { engine, bus, close } = await openTestEngine({
    ...orders,
    clock: { now: () => Date.now() + ahead, timer: systemClock.timer },
    connections: [{ source: klaviyo, settings: orders.settings, schedule: '*/2 * * * * *' }],
    ...(proxyPort === undefined ? {} : { access: { socketFactory: through(proxyPort) } }),
  });
  let survived = 0;
  bus.on((event) => {
    say(event);
    if (!death || (death.onceStopping === true && !stop.signal.aborted)) return;
    const at = event.type === 'transaction' && event.outcome === 'committed' ? 'transaction-committed' : event.type;
    if (at !== death.at) return;
    survived += 1;
    if (survived > death.after) process.kill(process.pid, 'SIGKILL');
  });
  say({ type: 'opened' });
  if (mode === 'worker') {
    await engine.run(stop.signal);
  } else {
    while (!stop.signal.aborted) {
      try {
        await engine.sync([{ connection: 'klaviyo' }], stop.signal);
        say({ type: 'round' });
      } catch (error) {
        // Stopped, or Kafka did not answer before the round had begun: whoever supervises it would start it again.
        if (!(error instanceof TributaryError) || (error.kind !== 'stopped' && error.kind !== 'transient')) throw error;
      }
    }
  }
  await close();
  input.close();
}
