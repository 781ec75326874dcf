/** How long (ms) an interval can still be changed by requests that end later. */
const REMEMBERED = 300_000;

type Interval = [from: number, to: number];

/** Time in which a run did nothing but wait for the rate limit. Times are epoch ms. */
export interface Standstill {
  /** A request was held back from `from` to `to`. */
  waited(from: number, to: number): void;
  /** A request was being answered from `from` to `to`. */
  busy(from: number, to: number): void;
  /** Milliseconds in which some request was held back and none was being answered. */
  total(): number;
}

/** Requests of a run wait at the same time: their intervals overlap, and are reported when they end, in any order. */
export function createStandstill(): Standstill {
  const still: Interval[] = [];
  const active: Interval[] = [];
  let over = 0;
  return {
    waited(from, to) {
      let parts: Interval[] = [[from, to]];
      for (const [begin, end] of overlapping(active, from, to)) parts = parts.flatMap((part) => subtract(part, begin, end));
      for (const [begin, end] of parts) add(still, begin, end);
      over += forget(still, to);
      forget(active, to);
    },
    busy(from, to) {
      add(active, from, to);
      const touched = overlapping(still, from, to);
      if (touched.length === 0) return;
      const at = still.indexOf(touched[0] as Interval);
      still.splice(at, touched.length, ...touched.flatMap((one) => subtract(one, from, to)));
    },
    total: () => over + still.reduce((sum, [from, to]) => sum + to - from, 0),
  };
}

/** The intervals that overlap with this one, in order; searched from the end, where recent ones are. */
function overlapping(all: readonly Interval[], from: number, to: number): Interval[] {
  const found: Interval[] = [];
  for (let i = all.length - 1; i >= 0; i -= 1) {
    const one = all[i] as Interval;
    if (one[1] < from) break;
    if (one[0] <= to) found.unshift(one);
  }
  return found;
}

function add(all: Interval[], from: number, to: number): void {
  if (to <= from) return;
  const touched = overlapping(all, from, to);
  const first = touched[0];
  if (first === undefined) {
    let at = all.length;
    while (at > 0 && (all[at - 1] as Interval)[0] > to) at -= 1;
    all.splice(at, 0, [from, to]);
    return;
  }
  const last = touched.at(-1) as Interval;
  all.splice(all.indexOf(first), touched.length, [Math.min(from, first[0]), Math.max(to, last[1])]);
}

function subtract([from, to]: Interval, begin: number, end: number): Interval[] {
  const parts: Interval[] = [
    [from, Math.min(to, begin)],
    [Math.max(from, end), to],
  ];
  return parts.filter(([a, b]) => b > a);
}

/** Removes intervals that can no longer change and returns their total length. */
function forget(all: Interval[], now: number): number {
  let sum = 0;
  while (all[0] !== undefined && all[0][1] < now - REMEMBERED) {
    const [from, to] = all.shift() as Interval;
    sum += to - from;
  }
  return sum;
}
