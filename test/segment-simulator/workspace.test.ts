import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { ask, askAll, started } from './ask.ts';
import { programArguments } from '../support/program.ts';

const HOUR = 3_600_000;

describe('the workspace', () => {
  it('is the same from the same seed and another from another', async () => {
    const rows = async (seed: number) => (await started({ seed })).truth.rows('source_connected_warehouses');
    expect(await rows(3)).toEqual(await rows(3));
    expect(await rows(3)).not.toEqual(await rows(4));
  });

  it('has every odd row the producer must bear', async () => {
    const { workspace, truth } = await started();
    const perSource = workspace.sources.map((s) => workspace.connections.get(s['id'] as string)?.length ?? 0);
    expect(Math.max(...perSource)).toBeGreaterThanOrEqual(2);
    expect(perSource).toContain(0);
    const ids = workspace.destinations.map((d) => d['id']);
    expect(new Set(ids).size).toBe(ids.length - 1);
    expect(workspace.gone.size).toBe(1);
    expect(workspace.sources.some((s) => !('name' in s) && !('settings' in s))).toBe(true);
    expect(workspace.destinations.some((d) => !('name' in d))).toBe(true);
    expect(workspace.sources.some((s) => encodeURIComponent(s['id'] as string) !== s['id'])).toBe(true);
    for (const table of truth.tables) expect(truth.rows(table).length, table).toBeGreaterThan(0);
  });

  it('answers every listing with what it says it holds', async () => {
    const sim = await started();
    const listings = {
      '/sources': ['sources', 'sources'],
      '/destinations': ['destinations', 'destinations'],
      '/warehouses': ['warehouses', 'warehouses'],
      '/users': ['users', 'users'],
      '/groups': ['groups', 'userGroups'],
      '/transformations': ['transformations', 'transformations'],
      '/catalog/destinations': ['catalog_destinations', 'destinationsCatalog'],
      '/catalog/sources': ['catalog_sources', 'sourcesCatalog'],
      '/catalog/warehouses': ['catalog_warehouses', 'warehousesCatalog'],
    } as const;
    for (const [path, [table, key]] of Object.entries(listings))
      expect(await askAll(sim, path, key, 3), path).toEqual(sim.truth.rows(table));
  });

  it('answers the children of each source and destination, and 404 for the one that is gone', async () => {
    const sim = await started();
    const warehouses: any[] = [];
    const destinations: any[] = [];
    const missing: string[] = [];
    for (const { id } of sim.truth.rows('sources') as { id: string }[]) {
      const path = `/sources/${encodeURIComponent(id)}`;
      const reply = await ask(sim, `${path}/connected-warehouses`);
      if (reply.status === 404) missing.push(id);
      else {
        warehouses.push(...reply.body.data.warehouses.map((w: any) => ({ ...w, sourceId: id })));
        destinations.push(
          ...(await ask(sim, `${path}/connected-destinations`)).body.data.destinations.map((d: any) => ({ ...d, recordSourceId: id })),
        );
      }
    }
    expect(missing).toEqual([...sim.workspace.gone]);
    expect(warehouses).toEqual(sim.truth.rows('source_connected_warehouses'));
    expect(destinations).toEqual(sim.truth.rows('source_connected_destinations'));
    const subscriptions: any[] = [];
    for (const id of new Set(sim.truth.rows('destinations').map((d) => d['id'])))
      subscriptions.push(...(await ask(sim, `/destinations/${id}/subscriptions`)).body.data.subscriptions);
    expect(subscriptions).toEqual(sim.truth.rows('destination_subscriptions'));
  });
});

describe('delivery metrics', () => {
  it('are one object per pair over an explicit window', async () => {
    const sim = await started();
    const end = Math.floor(sim.clock.now() / HOUR) * HOUR;
    for (const row of sim.truth.rows('destination_delivery_metrics_summary')) {
      const { body } = await ask(
        sim,
        `/destinations/${row['destinationId']}/delivery-metrics?sourceId=${encodeURIComponent(row['sourceId'] as string)}&granularity=HOUR&startTime=${new Date(end - 24 * HOUR).toISOString()}&endTime=${new Date(end).toISOString()}`,
      );
      const { destinationId: _d, windowStart: _s, windowEnd: _e, granularity: _g, ...answered } = row;
      expect(body).toEqual({ data: { deliveryMetricsSummary: answered } });
    }
  });

  it('refuse a missing source, windows too long or too old, and pairs that do not exist', async () => {
    const sim = await started();
    const { id, sourceId } = sim.workspace.destinations[4] as { id: string; sourceId: string };
    const at = (hoursAgo: number) => new Date(sim.clock.now() - hoursAgo * HOUR).toISOString();
    const path = (query: string) => `/destinations/${id}/delivery-metrics?${query}`;
    const source = `sourceId=${encodeURIComponent(sourceId)}`;
    expect(await ask(sim, path(''))).toMatchObject({ status: 422, body: { errors: [{ field: 'sourceId' }] } });
    expect((await ask(sim, path(source))).status).toBe(200);
    expect((await ask(sim, path(`${source}&startTime=${at(5)}`))).status).toBe(422);
    expect((await ask(sim, path(`${source}&granularity=HOUR&startTime=${at(169)}&endTime=${at(100)}`))).status).toBe(422);
    expect((await ask(sim, path(`${source}&granularity=DAY`))).status).toBe(422);
    expect((await ask(sim, path('sourceId=other'))).status).toBe(404);
    sim.switches.deviceModeMetrics = 404;
    const device = sim.workspace.destinations[2] as { id: string; sourceId: string };
    expect((await ask(sim, `/destinations/${device.id}/delivery-metrics?sourceId=${encodeURIComponent(device.sourceId)}`)).status).toBe(
      404,
    );
  });
});

describe('what people do in it', () => {
  it('adds, renames, moves, disables and deletes, in process and over the control interface', async () => {
    const sim = await started();
    const control = async (operation: string, args: unknown) =>
      (await (await fetch(`${sim.controlUrl}/${operation}`, { method: 'POST', body: JSON.stringify(args) })).json()) as {
        result: any;
        error?: string;
      };
    const added = sim.mutate['source.add']({ name: 'New' });
    await control('source.rename', { id: added['id'], name: 'Newer' });
    expect((await askAll(sim, '/sources', 'sources')).at(-1)).toMatchObject({ id: added['id'], name: 'Newer' });
    const moved = sim.workspace.destinations[5]?.['id'];
    expect((await control('destination.move', { id: moved, sourceId: added['id'] })).result).toMatchObject({ sourceId: added['id'] });
    expect((await askAll(sim, `/sources/${added['id']}/connected-destinations`, 'destinations')).map((d) => d.id)).toEqual([moved]);
    sim.mutate['destination.disable']({ id: moved as string });
    expect((await askAll(sim, '/destinations', 'destinations')).find((d) => d.id === moved).enabled).toBe(false);
    await control('source.delete', { id: added['id'] });
    expect((await ask(sim, `/sources/${added['id']}/connected-warehouses`)).status).toBe(404);
    expect((await askAll(sim, '/destinations', 'destinations')).some((d) => d.id === moved)).toBe(false);
    const event = (await control('audit.add', { type: 'Source Deleted' })).result;
    sim.clock.advance(1);
    expect((await ask(sim, '/audit-events?pagination.count=1')).body.data.events).toEqual([event]);
    expect((await control('source.delete', { id: 'nobody' })).error).toContain('nobody');
    await control('switches.set', { protocols: false });
    expect((await ask(sim, '/transformations')).status).toBe(403);
    const lines = (await (await fetch(`${sim.controlUrl}/users`)).text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual(sim.truth.rows('users'));
  });

  it('names every secret it holds', async () => {
    const sim = await started();
    const secrets = sim.truth.secrets();
    expect(secrets).toContain((sim.workspace.sources[0] as { writeKeys: string[] } | undefined)?.writeKeys[0]);
    for (const kind of ['source', 'destination', 'warehouse', 'subscription', 'hash'])
      expect(
        secrets.some((s) => s.startsWith(`SECRET-${kind}-`)),
        kind,
      ).toBe(true);
  });
});

describe('as a process', () => {
  it('prints where it listens, in both regions, and ends on a signal', async () => {
    const child = spawn(
      process.execPath,
      [
        ...programArguments(join(import.meta.dirname, '../../simulators/segment/main.ts')),
        '--eu-port',
        '0',
        '--sources',
        '4',
        '--destinations',
        '5',
        '--audit-events',
        '5',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      const [line] = await new Promise<string[]>((resolve) =>
        createInterface({ input: child.stdout }).once('line', (text) => resolve([text])),
      );
      const { us, eu } = JSON.parse(line as string) as Record<string, { url: string; tokens: { business: string } }>;
      const status = async (url: string, token: string) => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status;
      expect([
        await status(us!.url, us!.tokens.business),
        await status(eu!.url, eu!.tokens.business),
        await status(eu!.url, us!.tokens.business),
      ]).toEqual([200, 200, 401]);
    } finally {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    }
  });
});
