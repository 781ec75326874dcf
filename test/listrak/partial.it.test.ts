import { randomBytes } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { listrak } from '../../producers/listrak/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Row } from '../../src/core/types.ts';
import { readStates } from '../../src/kafka/meta/state.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import type { ListrakTable } from '../../simulators/listrak/options.ts';
import { PASSWORD, startListrakSimulator, USER } from '../../simulators/listrak/simulator.ts';
import { openTestEngine } from '../support/engine.ts';
import { recordsOf } from '../support/records.ts';
import { TABLES } from './harness.ts';

const REPORTS = TABLES.filter((table) => table.startsWith('message_'));

it('a list whose messages cannot be read is named, all else is complete, and no table claims to be fresh without it', async () => {
  const stack = inject('stack');
  const simulator = await startListrakSimulator({ messages: 9, contacts: 90, events: 400, sends: 90 });
  onTestFinished(() => simulator.close());
  const began = performance.now();
  // The vendor's time stands still, ours has to move for anything to be waited for.
  const clock = { now: () => simulator.clock.now() + Math.floor(performance.now() - began), timer: systemClock.timer };
  const settings = { username: USER, password: PASSWORD, base_url: simulator.url };
  const test = await openTestEngine({
    ...stack,
    prefix: `partial${randomBytes(4).toString('hex')}`,
    clock,
    random: () => 0,
    connections: [{ source: listrak, settings }],
  });
  onTestFinished(() => test.close());
  const definitionOf = (table: string): TableDefinition =>
    test.settings.connections[0]?.tables.find(({ name }) => name === table) as TableDefinition;
  const truth = (table: ListrakTable) => recordsOf(definitionOf(table), simulator.truth.rows(table) as unknown as Row[]);
  async function sync(tables: readonly ListrakTable[] = TABLES): Promise<ReadonlyMap<string, number | undefined>> {
    for (const { ref, outcome, error } of await test.engine.sync([{ connection: 'listrak', tables }], new AbortController().signal))
      expect(outcome, `${ref.table}: ${error?.message}`).toBe('succeeded');
    const { states } = await readStates(test.access, 'listrak');
    return new Map([...states].map(([table, { readTo }]) => [table, readTo]));
  }
  const warned = (from: number): string[] =>
    test.events
      .slice(from)
      .flatMap((event) => (event.type === 'warning' && event.message.includes('1001') ? [event.table] : []))
      .sort();

  simulator.soapFaults.add({ name: 'no-access', operation: 'ReportListMessageActivity', id: 1_001 });
  const missing = new Set(simulator.world.messages.filter(({ list }) => list.id === 1_001).map(({ id }) => id));
  const first = await sync();
  expect(warned(0)).toEqual(['messages', ...REPORTS].sort());
  for (const table of ['messages', ...REPORTS] as ListrakTable[]) {
    expect(first.get(table), table).toBeUndefined();
    const wanted = new Map([...truth(table)].filter(([, record]) => !missing.has(Number(record['msg_id']))));
    expect(wanted.size).toBeGreaterThan(0);
    expect((await test.readTable(table)).rows, table).toEqual(wanted);
  }
  for (const table of ['lists', 'subscribed_contacts'] as const)
    expect(first.get(table), table).toBeGreaterThanOrEqual(simulator.clock.now());

  // Also of one that reads the messages for itself.
  const from = test.events.length;
  expect((await sync(['message_opens'])).get('message_opens')).toBeUndefined();
  expect(warned(from)).toEqual(['message_opens']);

  simulator.soapFaults.clear();
  simulator.clock.advance(60_000);
  const second = await sync();
  for (const table of TABLES) {
    expect(second.get(table), table).toBeGreaterThanOrEqual(simulator.clock.now());
    expect((await test.readTable(table)).rows, table).toEqual(truth(table));
  }
});
