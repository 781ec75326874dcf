import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { OpeningTurns } from './environment.ts';

/** Connections fenced, and connections whose topics are read, at once. */
const fencedAtOnce = 8;
const readAtOnce = 4;
/** An opening that takes longer (a large index is built anew, a broker does not answer) lets the next one begin. */
const patienceMs = 20_000;

export function createOpeningTurns(): OpeningTurns {
  return { fencing: row(fencedAtOnce), reading: row(readAtOnce) };
}

function row(most: number): OpeningTurns['fencing'] {
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
