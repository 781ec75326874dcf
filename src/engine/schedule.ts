import cron from 'node-cron';

/** Hourly unless a table or the settings say otherwise. */
export const defaultSchedule = '0 * * * *';

export interface Schedule {
  /** Epoch ms of a table's next periodic run. */
  nextRunAt(table: string): number | undefined;
  stop(): Promise<void>;
}

/**
 * Calls `onDue` with the tables whose cron moment has come; tables that share an expression come
 * together, so that they share one cycle.
 */
export function startSchedule(expressions: ReadonlyMap<string, string>, onDue: (tables: readonly string[]) => void): Schedule {
  const byExpression = new Map<string, string[]>();
  for (const [table, expression] of expressions) {
    const tables = byExpression.get(expression) ?? [];
    tables.push(table);
    byExpression.set(expression, tables);
  }
  const tasks = new Map([...byExpression].map(([expression, tables]) => [expression, cron.schedule(expression, () => onDue(tables))]));
  return {
    nextRunAt(table) {
      const expression = expressions.get(table);
      return expression === undefined ? undefined : (tasks.get(expression)?.getNextRun()?.getTime() ?? undefined);
    },
    async stop() {
      for (const task of tasks.values()) await task.destroy();
    },
  };
}

/** Longest time between two of the next moments of a cron expression, ms; weekends and the like count. */
export function longestInterval(expression: string): number {
  const task = cron.createTask(expression, () => undefined);
  try {
    const moments = task.getNextRuns(16).map((moment) => moment.getTime());
    return Math.max(0, ...moments.slice(1).map((moment, index) => moment - (moments[index] ?? moment)));
  } finally {
    void task.destroy();
  }
}
