import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { get, HEADERS, idsOf, simulator, walk } from './client.ts';
import { programArguments } from '../support/program.ts';

const MAIN = fileURLToPath(new URL('../../simulators/klaviyo/main.ts', import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

async function start(...options: string[]) {
  const child = spawn(process.execPath, [...programArguments(MAIN), ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return { child, ...(JSON.parse(line) as { url: string; controlUrl: string }) };
}

async function control(base: string, operation: string, args: unknown = {}): Promise<any> {
  const reply = (await (await fetch(`${base}/${operation}`, { method: 'POST', body: JSON.stringify(args) })).json()) as {
    result?: unknown;
    error?: string;
  };
  if (reply.error) throw new Error(reply.error);
  return reply.result;
}

describe('the simulator as a process', () => {
  it('prints its addresses, serves with the given key, and ends on SIGTERM', async () => {
    const { child, url, controlUrl } = await start(
      '--profiles',
      '30',
      '--events',
      '40',
      '--seed',
      '5',
      '--key',
      'pk_other',
      '--metrics',
      '12',
    );
    expect((await get({ url }, '/api/profiles')).status).toBe(401);
    expect(
      (await get({ url }, '/api/profiles', { 'page[size]': 100 }, { ...HEADERS, authorization: 'Klaviyo-API-Key pk_other' })).body.data,
    ).toHaveLength(30);
    expect(await control(controlUrl, 'truth.counts')).toEqual({ profiles: 30, events: 40, metrics: 12 });
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('changes by itself when asked to', async () => {
    const { child, controlUrl } = await start('--profiles', '50', '--events', '50', '--changes-per-minute', '6000');
    const deadline = { timeout: 20_000, interval: 50 };
    await vi.waitFor(async () => {
      const counts = await control(controlUrl, 'truth.counts');
      expect(counts.events).toBeGreaterThan(60);
      expect(counts.profiles).not.toBe(50);
    }, deadline);
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });
});

describe('the control interface', () => {
  it('offers every change, quirk and truth of the simulator', async () => {
    const sim = await simulator();
    const ask = (operation: string, args?: unknown) => control(sim.controlUrl, operation, args);
    const updated = await ask('updateProfiles', { count: 2 });
    expect(updated).toHaveLength(2);
    expect(await ask('insertProfiles', { count: 1 })).toHaveLength(1);
    expect(await ask('mergeProfiles', { count: 1 })).toEqual([{ source: expect.any(String), destination: expect.any(String) }]);
    expect(await ask('deleteProfiles', { ids: [updated[0]] })).toEqual([updated[0]]);
    expect(await ask('truth.has', { table: 'profiles', id: updated[0] })).toBe(false);
    expect(await ask('addEvents', { count: 3 })).toHaveLength(3);
    expect(await ask('addLateEvents', { count: 1, howLateMs: 5000 })).toHaveLength(1);
    expect(await ask('addFutureEvents', { count: 1 })).toHaveLength(1);
    const [metric] = await ask('addMetric', { name: 'Brewed' });
    expect(await ask('renameMetric', { id: metric, name: 'Steeped' })).toEqual([metric]);
    expect(await ask('removeMetric', { id: metric })).toEqual([metric]);
    expect(await ask('spoil', { table: 'events', as: 'oversize', count: 1 })).toHaveLength(1);
    await ask('quirks.set', { empty: ['metrics'] });
    expect((await get(sim, '/api/metrics')).body.data).toEqual([]);
    await ask('limits.set', { omitRetryAfter: true });
    expect(sim.limits.omitRetryAfter).toBe(true);
    await expect(ask('deleteProfiles', { ids: ['nobody'] })).rejects.toThrow('no such row');
    await expect(ask('deleteProfiles', { count: 1000 })).rejects.toThrow('1000 were asked for');
  });

  it('streams the truth', async () => {
    const sim = await simulator();
    for (const table of ['profiles', 'events', 'metrics'] as const) {
      const lines = (await (await fetch(`${sim.controlUrl}/truth/${table}`)).text()).trimEnd().split('\n');
      expect(lines).toEqual([...sim.truth[table]()].map((row) => row.json));
    }
    expect(idsOf(await walk(sim, '/api/metrics', {}))).toHaveLength(30);
  });
});
