import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaProxy } from '../kafka/tcp-proxy.ts';
import type { KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import type { Death } from './worker-child.ts';
import type { WorkerProcess } from './worker-process.ts';

/** What a moment can look at and meddle with. */
export interface Scene {
  readonly worker: WorkerProcess;
  readonly vendor: KlaviyoSimulator;
  readonly proxy: KafkaProxy;
  /** From 0 to below 1, from the test's seed. */
  readonly random: () => number;
}

/** A way to die. */
export interface Moment {
  readonly name: string;
  readonly times: number;
  /** Given to the process with its orders, where it has to kill itself. */
  readonly death?: (random: () => number) => Death;
  /** Resolves at the moment at which the process is to be killed. */
  readonly comes?: (scene: Scene) => Promise<void>;
}

const upTo = (random: () => number, most: number): number => Math.floor(random() * (most + 1));

export const moments: readonly Moment[] = [
  {
    name: 'starting',
    times: 2,
    comes: ({ random }) => sleep(random() * 1_500),
  },
  {
    name: 'fetching a page',
    times: 5,
    async comes({ vendor, worker, random }) {
      const on = ['GET /api/profiles', 'GET /api/events', 'GET /api/metrics'][upTo(random, 2)] as string;
      // The first rule that fits is the one applied.
      const slow = vendor.faults.list().map(({ rule }) => rule);
      vendor.faults.clear();
      vendor.faults.add({ kind: 'hang', on, after: upTo(random, 3), times: 1 });
      slow.forEach((rule) => vendor.faults.add(rule));
      const asked = (): boolean => (vendor.faults.list()[0]?.hits ?? 0) > 0;
      const deadline = Date.now() + 120_000;
      while (!asked()) {
        if (Date.now() > deadline)
          throw new Error(`${on} was not asked within 120 s; the process said last: ${JSON.stringify(worker.lines.at(-1))}`);
        await sleep(10);
      }
      await sleep(random() * 100);
    },
  },
  {
    name: 'sending rows',
    times: 2,
    comes: after(1, ({ proxy }) => proxy.lose('produce', 'request')),
  },
  {
    name: 'before the commit',
    times: 4,
    comes: after(1, ({ proxy }) => proxy.lose('endTxn', 'request')),
  },
  {
    name: 'between the commit and its answer',
    times: 5,
    comes: after(1, ({ proxy }) => proxy.lose('endTxn', 'answer')),
  },
  {
    name: 'between the commit and the index',
    times: 4,
    death: (random) => ({ at: 'transaction-committed', after: upTo(random, 2) }),
  },
  {
    name: 'after the index was written',
    times: 1,
    death: (random) => ({ at: 'batch-committed', after: upTo(random, 2) }),
  },
  {
    name: 'shutting down',
    times: 3,
    async comes({ worker, random }) {
      await worker.line('a page', ({ type }) => type === 'page-read');
      await sleep(random() * 800);
      worker.signal('SIGTERM');
      await sleep(random() * 60);
    },
  },
  {
    name: 'shutting down, between the commit and the index',
    times: 2,
    death: () => ({ at: 'transaction-committed', after: 0, onceStopping: true }),
    async comes({ worker }) {
      await worker.line('a page', ({ type }) => type === 'page-read');
      worker.signal('SIGTERM');
      await worker.gone();
    },
  },
];

/** Once up to `most` batches were committed. */
function after(most: number, comes: (scene: Scene) => Promise<void>): (scene: Scene) => Promise<void> {
  return async (scene) => {
    let left = upTo(scene.random, most);
    if (left > 0) await scene.worker.line('a committed batch', ({ type }) => type === 'batch-committed' && (left -= 1) === 0);
    await comes(scene);
  };
}
