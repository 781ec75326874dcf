import type { Clock } from '../core/clock.ts';
import { cronMoments, type NextMoment } from '../core/cron.ts';

/** Milliseconds between two looks at the clock. One long timer is not enough: the clock may jump, and a suspended machine counts no time. */
const LOOK_EVERY = 10_000;
/** A clock that goes back by more than this (ms) was set; less is ordinary correction. */
const SET_BACK = 60_000;

export interface Schedule {
  /** Epoch ms of a table's next periodic run. */
  nextRunAt(table: string): number | undefined;
  stop(): void;
}

interface Entry {
  readonly tables: string[];
  readonly after: NextMoment;
  next: number | undefined;
}

export interface ScheduleListener {
  /** These tables are due now. */
  due(tables: readonly string[]): void;
  /** The clock was set back, so the next runs have other times now. */
  moved(): void;
}

/**
 * Calls `due` with the tables whose cron time has come. Tables that are due at the same time come in one call, so that
 * they share one cycle. Any number of missed times (late process, suspended machine, clock set forward) causes one call,
 * at the next look at the clock. After the clock was set back, the next times are computed from its new time.
 */
export function startSchedule(
  expressions: ReadonlyMap<string, string>,
  timezone: string,
  clock: Clock,
  listener: ScheduleListener,
): Schedule {
  let seen = clock.now();
  const entries = new Map<string, Entry>();
  for (const [table, expression] of expressions) {
    const known = entries.get(expression);
    if (known) {
      known.tables.push(table);
      continue;
    }
    const after = cronMoments(expression, timezone);
    entries.set(expression, { tables: [table], after, next: after(seen) });
  }
  let cancel = wait();

  function wait(): () => void {
    const next = Math.min(...[...entries.values()].map((entry) => entry.next ?? Infinity));
    return clock.timer(Math.min(LOOK_EVERY, Math.max(0, next - clock.now())), look);
  }

  function look(): void {
    const now = clock.now();
    const setBack = now < seen - SET_BACK;
    seen = setBack ? now : Math.max(seen, now);
    const due: string[] = [];
    for (const entry of entries.values()) {
      const isDue = !setBack && entry.next !== undefined && entry.next <= now;
      if (isDue) due.push(...entry.tables);
      if (isDue || setBack) entry.next = entry.after(now);
    }
    cancel = wait();
    if (setBack) listener.moved();
    if (due.length > 0) listener.due(due);
  }

  return {
    nextRunAt(table) {
      const expression = expressions.get(table);
      return expression === undefined ? undefined : entries.get(expression)?.next;
    },
    stop: () => cancel(),
  };
}
