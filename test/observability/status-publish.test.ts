import { afterEach, expect, it, vi } from 'vitest';
import type { StatusNotice } from '../../src/kafka/meta/status-log.ts';
import { publishStatus } from '../../src/observability/status-publish.ts';
import type { DisplayState, TableStatus } from '../../src/observability/status-view.ts';

afterEach(() => void vi.useRealTimers());

/** A worker with one table, and what it has told of it: table states, and `alive` for its own. */
function publishing() {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const now = { ms: 1_000_000, state: { kind: 'scheduled' } as DisplayState, revision: 0, problem: undefined as string | undefined };
  const told: string[] = [];
  let looks = 0;
  const refusals: Error[] = [];
  const publisher = publishStatus({
    log: {
      send: async (notices: readonly StatusNotice[]) => {
        const refusal = refusals.shift();
        if (refusal !== undefined) throw refusal;
        told.push(...notices.map((notice) => ('table' in notice ? (notice.status as TableStatus).state.kind : 'alive')));
      },
      withdraw: async () => undefined,
      close: async () => undefined,
    } as never,
    status: {
      snapshot: () => {
        looks += 1;
        const table: TableStatus = { connection: 'c', source: 's', table: 't', state: now.state, runs: {}, deadLetters: 0, timeline: [] };
        return { v: 1, at: now.ms, assigned: ['c'], tables: [table] };
      },
      revision: () => now.revision,
    },
    worker: { worker: 'w', host: 'h', pid: 1, version: '1', startedAt: 0 },
    settingsProblem: () => now.problem,
    now: () => now.ms,
    onRetry: () => undefined,
  });
  return {
    now,
    refusals,
    publisher,
    /** What is told in the next look, and how often it asked for the whole status. */
    async look(after = 1_500): Promise<{ told: string[]; looks: number }> {
      now.ms += after;
      await vi.advanceTimersByTimeAsync(1_500);
      const seen = { told: told.splice(0), looks };
      looks = 0;
      return seen;
    },
  };
}

it('an idle worker says every ten seconds that it lives, and looks at its tables only when something has happened', async () => {
  const { now, look, publisher } = publishing();
  expect(await look()).toEqual({ told: ['alive', 'scheduled'], looks: 1 });
  expect(await look()).toEqual({ told: [], looks: 0 });
  expect(await look(10_000)).toEqual({ told: ['alive'], looks: 1 });
  now.state = { kind: 'paused' };
  now.revision += 1;
  expect(await look()).toEqual({ told: ['paused'], looks: 1 });
  now.problem = 'the file cannot be read';
  expect(await look()).toEqual({ told: ['alive'], looks: 1 });
  expect(await look()).toEqual({ told: [], looks: 0 });
  await publisher.stop();
});

it('the speed of a run is told although nothing has happened', async () => {
  const { now, look, publisher } = publishing();
  const running = { kind: 'in_progress', mode: 'periodic', startedAt: 0, rows: 10 } as const;
  now.state = { ...running, rowsPerSecond: 10 };
  expect(await look()).toEqual({ told: ['alive', 'in_progress'], looks: 1 });
  now.state = { ...running, rowsPerSecond: 5 };
  expect(await look()).toEqual({ told: ['in_progress'], looks: 1 });
  await publisher.stop();
});

it('what could not be told is told later', async () => {
  const { now, look, refusals, publisher } = publishing();
  await look();
  now.state = { kind: 'paused' };
  now.revision += 1;
  refusals.push(new Error('no broker'));
  expect((await look()).told).toEqual([]);
  expect((await look()).told).toEqual(['paused']);
  await publisher.stop();
});
