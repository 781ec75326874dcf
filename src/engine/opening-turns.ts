import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { OpeningTurns } from './environment.ts';

/** Connections being fenced at once, and connections whose topics are being read at once. */
const fencedAtOnce = 8;
const readAtOnce = 4;
/** After this time (ms) a slow opening (an index rebuild, a broker that does not answer) no longer holds the next one back. */
const patienceMs = 20_000;

export function createOpeningTurns(): OpeningTurns {
  return { fencing: queue(fencedAtOnce), reading: queue(readAtOnce) };
}

function queue(most: number): OpeningTurns['fencing'] {
  const limit = pLimit(most);
  return (work) =>
    new Promise((resolve, reject) => {
      void limit(async () => {
        const working = work();
        working.then(resolve, reject);
        const waiting = new AbortController();
        await Promise.race([
          working.then(
            () => undefined,
            () => undefined,
          ),
          delay(patienceMs, undefined, { ref: false, signal: waiting.signal }).catch(() => undefined),
        ]);
        waiting.abort();
      });
    });
}
