import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { expect, inject } from 'vitest';
import { segment } from '../../producers/segment/index.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import type { SegmentOptions, SegmentTable } from '../../simulators/segment/options.ts';
import { startSegmentSimulator, type SegmentSimulator } from '../../simulators/segment/segment-simulator.ts';
import { openTestEngine, type TestConnection, type TestEngine, type TopicTable } from '../support/engine.ts';
import { recordsOf, type Records } from '../support/records.ts';
import { summariesByTable } from '../support/summaries.ts';

export const never = new AbortController().signal;

/** A simulated workspace, an engine over the shared stack, and what the topics have to hold. */
export interface OnStack {
  readonly simulator: SegmentSimulator;
  readonly test: TestEngine;
  readonly prefix: string;
  definition(name: SegmentTable): TableDefinition;
  sync(tables?: readonly SegmentTable[]): Promise<Map<string, RunSummary>>;
  /** Compares the topic with the vendor's truth, row by row. */
  expectTruth(name: SegmentTable): Promise<TopicTable>;
  close(): Promise<void>;
}

export async function openOnStack(
  options: SegmentOptions,
  { settings: more, ...connection }: Partial<TestConnection> = {},
): Promise<OnStack> {
  const simulator = await startSegmentSimulator({ limits: { enabled: false }, ...options });
  const began = performance.now();
  // The vendor's time stands still, so that its truth does; ours has to move for anything to be waited for.
  const clock: Clock = { now: () => simulator.clock.now() + Math.floor(performance.now() - began), timer: systemClock.timer };
  const prefix = `segment${randomBytes(4).toString('hex')}`;
  const settings = { api_token: simulator.tokens.business, base_url: simulator.url, requests_per_minute: 100_000, ...more };
  const test = await openTestEngine({ ...inject('stack'), clock, prefix, connections: [{ source: segment, settings, ...connection }] });

  function definition(name: SegmentTable): TableDefinition {
    return test.settings.connections[0]?.tables.find((table) => table.name === name) as TableDefinition;
  }

  function truth(name: SegmentTable): Records {
    return recordsOf(definition(name), simulator.truth.rows(name));
  }

  return {
    simulator,
    test,
    prefix,
    definition,
    async sync(tables) {
      const summaries = await test.engine.sync([{ connection: 'segment', ...(tables && { tables }) }], never);
      return summariesByTable(summaries);
    },
    async expectTruth(name) {
      const topic = await test.readTable(name);
      const wanted = truth(name);
      expect([...topic.rows.keys()].sort(), name).toEqual([...wanted.keys()].sort());
      const [wrong] = [...wanted].filter(([key, record]) => !isDeepStrictEqual({ ...topic.rows.get(key) }, { ...record }));
      expect(wrong && topic.rows.get(wrong[0]), name).toEqual(wrong?.[1]);
      expect(topic.repeated, name).toBe(0);
      return topic;
    },
    async close() {
      await test.close();
      await simulator.close();
    },
  };
}

export const failures = (summaries: Map<string, RunSummary>): string[] =>
  [...summaries.values()].filter(({ outcome }) => outcome !== 'succeeded').map(({ ref, error }) => `${ref.table}: ${error?.message}`);
