import { setImmediate } from 'node:timers/promises';

/** Lets everything else that waits for the event loop go first. Work that may take long asks for it every few milliseconds. */
export const othersFirst = (): Promise<void> => setImmediate();

/** Longest time that work keeps the event loop before others go first, ms. */
const LONGEST_TURN_MS = 20;

/** Gives turns to others whenever a turn has taken long: `if (turns.over()) await turns.next()`, so that quick work pays no promise. */
export const takeTurns = (): Turns => new Turns();

/** A class, because closures that are made for each page are compiled for each page. */
class Turns {
  #began = performance.now();

  over(): boolean {
    return performance.now() - this.#began > LONGEST_TURN_MS;
  }

  async next(): Promise<void> {
    await othersFirst();
    this.#began = performance.now();
  }
}
