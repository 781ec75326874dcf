import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, inject, it } from 'vitest';
import { customerIo } from '../../producers/customer_io/index.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { programArguments } from '../support/program.ts';

const PEOPLE = 8_000;
const MAIN = fileURLToPath(new URL('../../simulators/customer-io/main.ts', import.meta.url));

let vendor: ChildProcess | undefined;
let test: TestEngine | undefined;

afterEach(async () => {
  vendor?.kill('SIGKILL');
  await test?.close();
});

/** A process of its own, as the vendor is: what keeps us busy must not keep it busy. */
async function startVendor(): Promise<{ url: string; key: string; ask(operation: string): Promise<unknown> }> {
  const child = spawn(process.execPath, [...programArguments(MAIN), '--people', String(PEOPLE), '--deliveries', '0', '--activities', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  vendor = child;
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { url, controlUrl, keys } = JSON.parse(line) as { url: string; controlUrl: string; keys: Record<string, string> };
  return {
    url,
    key: keys['full'] as string,
    ask: async (operation) =>
      ((await (await fetch(`${controlUrl}/${operation}`, { method: 'POST' })).json()) as { result: unknown }).result,
  };
}

// Nine tenths and more on a quiet machine: `bench` measures it, and budget.test.ts proves it on a clock of its own. Here only
// half is asked for, so that a busy machine does not fail it and a pause after every request still does.
it('people are read at the pace the vendor allows, and no faster', { timeout: 180_000 }, async () => {
  const { url, key, ask } = await startVendor();
  test = await openTestEngine({
    ...inject('stack'),
    prefix: `cios${randomBytes(4).toString('hex')}`,
    connections: [{ source: customerIo, settings: { access_token: key, base_url: url }, tables: ['customers'] }],
  });
  const [summary] = await test.engine.sync([{ connection: 'customer_io' }], new AbortController().signal);
  expect(summary).toMatchObject({ outcome: 'succeeded', totals: { published: PEOPLE, deadLetters: 0 } });
  expect((await test.readTable('customers')).rows.size).toBe(PEOPLE);

  const arrivals = (await ask('traffic.arrivals')) as number[];
  expect(arrivals).toHaveLength(PEOPLE / 1_000 + PEOPLE / 100);
  const seconds = ((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)) / 1_000;
  const used = (arrivals.length - 1) / (10 * seconds);
  const refused = (summary?.totals.requests ?? 0) - arrivals.length;
  console.info(
    `customers: ${arrivals.length} requests in ${seconds.toFixed(1)} s, ${refused} refused, ${(used * 100).toFixed(1)} % of the budget`,
  );
  expect(await ask('traffic.peak')).toBeLessThanOrEqual(10);
  expect(used).toBeGreaterThan(0.5);
});
