import type { Clock } from '../core/clock.ts';
import { cronMoments, type NextMoment } from '../core/cron.ts';

/** How often the clock is looked at: it may jump, and a suspended machine counts no time. */
const LOOK_EVERY = 10_000;
/** A clock that goes back by more than this was wrong before, or is wrong now. */
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
  /** These tables' moment has come. */
  due(tables: readonly string[]): void;
  /** The clock was put back: the next moments are others now. */
  moved(): void;
}

/**
 * Calls `due` with the tables whose cron moment has come; tables that are due at once come together, so that they
 * share one cycle. However many moments were missed, they are made up for by one call, as soon as the clock is looked
 * at: when the process was late, suspended, or the clock was put forward. When it is put back, the next moments are
 * those after the time it shows then.
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
