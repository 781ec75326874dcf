import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, inject, test } from 'vitest';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { endingMs } from '../../src/cli/session/ending.ts';
import { settingsText, startProcess, until, writeFile } from '../support/command.ts';
import { startFaultyLine, type FaultyLine } from '../support/faulty-line.ts';

/*
 * The first SIGTERM ends a real `run` in time, whatever hangs. The bound itself is proved by `ending.test.ts`; here a limit
 * that leaves a busy machine room shows that nothing stands outside of it.
 */

const generous = endingMs + 15_000;
const { brokers, registryUrl } = inject('stack');
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function later<T extends { close(): Promise<unknown> }>(it: T): T {
  closing.push(() => it.close());
  return it;
}

type Part = 'vendor' | 'registry' | 'broker';

interface Lines {
  readonly vendor: FaultyLine;
  readonly registry: FaultyLine;
  readonly broker: FaultyLine;
}

/** `run`, whose vendor, registry and broker are reached by lines. */
async function running(silent: readonly Part[]): Promise<{ run: ReturnType<typeof startProcess>; lines: Lines }> {
  const cwd = mkdtempSync(join(tmpdir(), 'ending-'));
  closing.push(async () => rmSync(cwd, { recursive: true, force: true }));
  const vendor = later(await startKlaviyoSimulator({ seed: 1, profiles: 3_000, events: 40, limits: false }));
  const broker = brokers[0] ?? '';
  const lines: Lines = {
    vendor: later(await startFaultyLine(new URL(vendor.url).host)),
    registry: later(await startFaultyLine(new URL(registryUrl).host)),
    broker: later(await startFaultyLine(broker)),
  };
  // So slow that listing takes seconds.
  lines.vendor.suffer({ latencyMs: 100 });
  for (const part of silent) lines[part].suffer({ silent: true });
  const port = (url: string, to: number): string => url.replace(/:\d+/, `:${to}`);
  writeFile(
    cwd,
    'tributary.yaml',
    settingsText({
      prefix: `ending${randomBytes(4).toString('hex')}`,
      kafka: { brokers: [port(broker, lines.broker.port)], registryUrl: port(registryUrl, lines.registry.port) },
      metricsPort: 0,
      connections: `klaviyo: { settings: { api_key: ${DEFAULT_KEY}, base_url: "${port(vendor.url, lines.vendor.port)}" }, schedule: "* * * * *" }`,
    }),
  );
  const reroute = { [Number(broker.split(':')[1])]: lines.broker.port };
  const run = startProcess(
    { cwd, variables: { TEST_REROUTE: JSON.stringify(reroute) } },
    ['run', '--log-format', 'json'],
    [fileURLToPath(new URL('../support/reroute.mjs', import.meta.url))],
  );
  closing.push(async () => {
    run.kill();
    await run.ended;
  });
  return { run, lines };
}

async function endsInTime({ terminate, ended }: ReturnType<typeof startProcess>): Promise<void> {
  const asked = performance.now();
  terminate();
  const end = await Promise.race([ended, sleep(generous, undefined, { ref: false })]);
  const took = performance.now() - asked;
  expect(end, `still there after ${Math.round(took)} ms`).toBeDefined();
  expect(end?.code).toBe(130);
  expect(end?.err).not.toMatch(/bug in Tributary|^\s+at /m);
}

test.each([['vendor'], ['registry'], ['broker']] as const)('a %s that accepts and never answers', async (part) => {
  const { run, lines } = await running([part]);
  await until(`the ${part} is asked`, () => lines[part].heard() > 0);
  await sleep(500);
  await endsInTime(run);
});

test('vendor, registry and broker that fall silent in the middle of the work', async () => {
  const { run, lines } = await running([]);
  // The first table is read, and the others are being read.
  await until('it has read', () => /run succeeded/.test(run.err()));
  for (const line of Object.values(lines)) line.suffer({ silent: true });
  await until('something is asked in vain', () => lines.vendor.swallowed() + lines.broker.swallowed() > 0);
  await endsInTime(run);
});
