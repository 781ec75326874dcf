import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sendControl } from '../../src/kafka/meta/control.ts';
import { followStatus, type DisplayState } from '../../src/observability/status-view.ts';
import type { SegmentTable } from '../../simulators/segment/options.ts';
import { failures, never, openOnStack, type OnStack } from './on-stack.ts';

const tables: readonly SegmentTable[] = [
  'sources',
  'users',
  'transformations',
  'audit_events',
  'source_connected_warehouses',
  'usage_api_calls_workspace_daily',
];
let on: OnStack;

beforeAll(async () => {
  on = await openOnStack({ switches: { auditTrail: false, protocols: false } }, { tables });
});

afterAll(() => on?.close());

it("a table the plan does not hold is disabled with the vendor's reason, and comes back once it does", async () => {
  const { test, simulator, expectTruth } = on;
  const status = followStatus(
    test.bus,
    tables.map((table) => ({ connection: 'segment', source: 'segment', table })),
    () => simulator.clock.now(),
  );
  const stateOf = (table: SegmentTable): DisplayState | undefined => status.snapshot().tables.find((one) => one.table === table)?.state;
  const stop = new AbortController();
  const running = test.engine.run(stop.signal);
  try {
    await vi.waitFor(
      () => {
        expect(stateOf('transformations')).toEqual({
          kind: 'disabled',
          reason: expect.stringContaining('Protocols is not enabled for this workspace'),
        });
        expect(stateOf('audit_events')).toEqual({
          kind: 'disabled',
          reason: expect.stringContaining('Audit Trail is not part of this plan'),
        });
        for (const other of ['sources', 'users', 'source_connected_warehouses'] as const)
          expect(stateOf(other), other).toMatchObject({ kind: 'scheduled' });
      },
      { timeout: 240_000, interval: 100 },
    );

    Object.assign(simulator.switches, { auditTrail: true, protocols: true });
    await sendControl(
      test.access,
      (['transformations', 'audit_events'] as const).map((table) => ({
        connection: 'segment',
        table,
        slot: 'trigger',
        value: { id: `again-${table}`, at: simulator.clock.now() },
      })),
    );
    await vi.waitFor(
      () => {
        for (const table of ['transformations', 'audit_events'] as const)
          expect(stateOf(table), table).toMatchObject({ kind: 'scheduled' });
      },
      { timeout: 240_000, interval: 100 },
    );
  } finally {
    stop.abort();
    await running;
    status.stop();
  }
  for (const table of tables) await expectTruth(table);
}, 600_000);

it('verifying compares the topics with the vendor, children of sources included', async () => {
  const { test, simulator } = on;
  for (const table of tables) {
    expect(await test.engine.verify({ connection: 'segment', table }, never), table).toMatchObject({
      vendorRows: simulator.truth.rows(table).length,
      missing: { count: 0 },
      surplus: { count: 0 },
      different: { count: 0 },
      unusable: 0,
    });
  }
  const id = simulator.workspace.sources[0]?.['id'] as string;
  simulator.mutate['warehouses.connect']({ sourceId: id, warehouseIds: [] });
  const connected = await test.engine.verify({ connection: 'segment', table: 'source_connected_warehouses' }, never);
  expect(connected.surplus.count).toBe(simulator.workspace.warehouses.length);
});

it('a token that is withdrawn stops every table and says which setting to look at', async () => {
  const { simulator, sync } = on;
  const before = simulator.tokens.business;
  simulator.tokens.business = 'another';
  try {
    const summaries = await sync();
    expect([...summaries.values()].map(({ outcome }) => outcome)).toEqual(tables.map(() => 'failed'));
    for (const { error, ref } of summaries.values()) {
      expect(error, ref.table).toMatchObject({ kind: 'config', reach: 'connection', remedy: expect.stringContaining('api_token') });
      expect(JSON.stringify([error?.message, error?.remedy, error?.detail])).not.toContain(before);
    }
  } finally {
    simulator.tokens.business = before;
  }
  expect(failures(await sync())).toEqual([]);
});
