import { randomBytes } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { customerIo } from '../../producers/customer_io/index.ts';
import type { CustomerIoOptions } from '../../simulators/customer-io/options.ts';
import { startCustomerIoSimulator, type CustomerIoSimulator } from '../../simulators/customer-io/simulator.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { unlimited } from '../support/unlimited.ts';

const never = new AbortController().signal;

async function connected(
  key: (simulator: CustomerIoSimulator) => string,
  options: CustomerIoOptions = {},
): Promise<{ simulator: CustomerIoSimulator; test: TestEngine }> {
  const simulator = await startCustomerIoSimulator({
    people: 30,
    deliveries: 40,
    activities: 20,
    newsletters: 5,
    bounces: 5,
    clock: 'real',
    limits: { enabled: false },
    ...options,
  });
  onTestFinished(() => simulator.close());
  const test = await openTestEngine({
    ...inject('stack'),
    prefix: `cior${randomBytes(4).toString('hex')}`,
    connections: [{ source: unlimited(customerIo), settings: { access_token: key(simulator), base_url: simulator.baseUrl } }],
  });
  onTestFinished(() => test.close());
  return { simulator, test };
}

it('a key that may not read people reads the 17 other tables', async () => {
  const { simulator, test } = await connected(({ keys }) => keys.narrow);
  const summaries = await test.engine.sync([{ connection: 'customer_io' }], never);
  expect(summaries).toHaveLength(18);
  for (const {
    ref: { table },
    outcome,
    error,
    totals,
  } of summaries) {
    if (table === 'customers')
      expect([outcome, error], table).toEqual([
        'failed',
        expect.objectContaining({ kind: 'config', reach: 'table', message: expect.stringContaining('may not read customers') }),
      ]);
    else expect([outcome, totals.published], `${table}: ${error?.message}`).toEqual(['succeeded', (await test.readTable(table)).rows.size]);
    expect(totals.published > 0, table).toBe(table !== 'customers');
  }
  expect(simulator.requests.count({ status: 403 })).toBe(1);
}, 300_000);

it('a refused key ends every table at once: none asks a second time', async () => {
  const { simulator, test } = await connected(() => 'a-key-of-nobody', { switches: { openAddresses: false } });
  const summaries = await test.engine.sync([{ connection: 'customer_io' }], never);
  expect(summaries).toHaveLength(18);
  for (const {
    ref: { table },
    outcome,
    error,
  } of summaries) {
    expect([outcome, error], table).toEqual([
      'failed',
      expect.objectContaining({ kind: 'config', reach: 'connection', remedy: expect.stringContaining('access_token') }),
    ]);
    expect((await test.readTable(table)).messages, table).toBe(0);
  }
  const asked = simulator.requests.list();
  expect(asked.every(({ status }) => status === 401 || status === 0)).toBe(true);
  // The four tables that are read at once may each have asked whether the key is known at all; none after them does.
  const proofs = asked.filter(({ path }) => path === '/v1/workspaces').length;
  expect(proofs).toBeGreaterThanOrEqual(2);
  expect(proofs).toBeLessThanOrEqual(1 + 4);
  // Two lists of suppressions are asked for at a time.
  expect(asked.length - proofs).toBeGreaterThanOrEqual(17);
  expect(asked.length - proofs).toBeLessThanOrEqual(18);
}, 300_000);
