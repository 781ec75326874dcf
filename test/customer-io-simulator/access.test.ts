import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, base64, pages, started } from './ask.ts';
import { programArguments } from '../support/program.ts';

const EVERYBODY = { filter: { and: [{ attribute: { field: 'cio_id', operator: 'exists' } }] } };

describe('keys', () => {
  it('are asked for everywhere but at the addresses', async () => {
    const simulator = await started();
    for (const authorization of ['', 'Basic x', 'Bearer nobody', `bearer ${simulator.keys.full}`]) {
      const { status, body } = await ask(simulator, '/campaigns', { authorization });
      expect([status, body], authorization).toEqual([401, { errors: [{ detail: 'unauthorized', status: '401' }] }]);
      expect((await ask(simulator, '/info/ip_addresses', { authorization })).status).toBe(200);
    }
  });

  it('work in their own region, and see what their scope allows', async () => {
    const simulator = await started();
    simulator.switches.region = 'eu';
    expect((await ask(simulator, '/campaigns')).status).toBe(401);
    simulator.switches.region = 'us';
    expect((await ask(simulator, '/customers', { key: 'narrow', body: EVERYBODY })).status).toBe(403);
    expect((await ask(simulator, '/campaigns', { key: 'narrow' })).status).toBe(200);
  });

  it('meet plain text where there is no such path, and JSON where there is no such thing', async () => {
    const simulator = await started();
    const nothing = await ask(simulator, '/no/such/path');
    expect([nothing.status, nothing.body, nothing.headers.get('content-type')]).toEqual([
      404,
      '404 page not found',
      'text/plain; charset=utf-8',
    ]);
    expect((await ask(simulator, '/exports/999')).body.errors[0]).toMatchObject({
      status: '404',
      detail: expect.stringMatching(/^not found \(reference/),
    });
    expect((await ask(simulator, '/exports/501')).body.export).toMatchObject({ id: 501 });
  });

  it('are told nothing of what is left', async () => {
    const { headers } = await ask(await started(), '/campaigns');
    expect([...headers.keys()].filter((name) => /rate/i.test(name))).toEqual([]);
    expect(headers.get('cache-control')).toBe('must-revalidate,no-cache,no-store');
  });
});

describe('the rate limit', () => {
  it("is ten in any second for all keys of a workspace, and none of another's business", async () => {
    const simulator = await started({ limits: { enabled: true } });
    const replies = await Promise.all(
      Array.from({ length: 14 }, (_, n) => ask(simulator, '/topics-none', { key: n % 2 === 0 ? 'full' : 'narrow' })),
    );
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(4);
    const refused = replies.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(refused?.body.errors[0]).toMatchObject({ status: '429', detail: expect.stringContaining('rate limited to 10 requests per 1s') });
    expect((await ask(simulator, '/campaigns', { key: 'empty' })).status).toBe(200);
    expect(simulator.traffic.peakPerSecond).toBe(10);
    expect(simulator.traffic.arrivals).toHaveLength(11);
  });

  it('of a day says no time', async () => {
    const simulator = await started();
    simulator.limits.dailyQuotaSpent = true;
    const { status, headers } = await ask(simulator, '/campaigns');
    expect([status, headers.get('retry-after')]).toEqual([429, null]);
  });
});

describe('people', () => {
  it('are found by a filter, in the order of their cio_id', async () => {
    const simulator = await started();
    const all = await pages(simulator, '/customers?limit=60', EVERYBODY);
    expect(all.map(({ next }) => next)).toEqual([base64('0:60'), base64('0:120'), '']);
    const found = all.flatMap(({ identifiers }) => identifiers.map(({ cio_id: id }: { cio_id: string }) => id));
    expect(found).toEqual([...simulator.world.people.keys()].sort());
    expect(all.flatMap(({ ids }) => ids)).toContain('');
    const count = async (filter: unknown): Promise<number> =>
      (await ask(simulator, '/customers?limit=1000', { body: { filter } })).body.identifiers?.length ?? 0;
    const [by, none] = [{ attribute: { field: 'id', operator: 'exists' } }, { attribute: { field: 'nothing', operator: 'exists' } }];
    const known = await count(by);
    expect(known).toBeLessThan(130);
    expect(await count({ not: by })).toBe(130 - known);
    expect(await count({ or: [by, { not: by }] })).toBe(130);
    expect(await count({ and: [by, none] })).toBe(0);
    expect(await count({ attribute: { field: 'plan', operator: 'eq', value: 'pro' } })).toBeGreaterThan(10);
    expect(await count({ segment: { id: 4 } })).toBe(22);
  });

  it('are not found by a filter that is none', async () => {
    const simulator = await started();
    for (const [body, pointer] of [
      [{}, '/filter'],
      [{ filter: { and: [{ attribute: { field: 'x', operator: 'gt' } }] } }, '/filter/and/0/attribute'],
      [{ filter: { and: [], or: [] } }, '/filter'],
    ] as const) {
      const { status, body: reply } = await ask(simulator, '/customers', { body });
      expect([status, reply.errors[0].source], JSON.stringify(body)).toEqual([422, { pointer }]);
    }
  });

  it('are shown to who asks for them by the kind of id that was told', async () => {
    const simulator = await started();
    const [numberLike, mailOnly] = [...simulator.world.people.values()];
    const profiles = async (ids: unknown, kind = 'cio_id') => ask(simulator, `/customers/attributes?id_type=${kind}`, { body: { ids } });
    const { body } = await profiles([numberLike!.cioId, mailOnly!.cioId, 'nobody']);
    expect(body.customers.map(({ id }: { id: string }) => id)).toEqual(['30e00001', mailOnly!.cioId]);
    expect(body.customers[1].identifiers).toEqual({ cio_id: mailOnly!.cioId, id: null, email: 'person1@example.test' });
    expect(Object.values(body.customers[0].attributes).every((value) => typeof value === 'string')).toBe(true);
    expect((await profiles([`cio_${numberLike!.cioId}`])).body).toEqual({ customers: [] });
    expect((await profiles([numberLike!.cioId], 'id')).body).toEqual({ customers: [] });
    expect((await profiles(['person1@example.test'], 'email')).body.customers[0].id).toBe('person1@example.test');
    simulator.switches.wrapCustomer = true;
    expect((await profiles([numberLike!.cioId])).body.customers[0].customer.id).toBe('30e00001');
    for (const ids of [[], Array.from({ length: 101 }, String), 'x']) expect((await profiles(ids)).status).toBe(400);
  });
});

describe('the simulator as a process', () => {
  it('prints its addresses, serves, tells the truth, and ends on SIGTERM', async () => {
    const main = fileURLToPath(new URL('../../simulators/customer-io/main.ts', import.meta.url));
    const child = spawn(process.execPath, [...programArguments(main), '--people', '20', '--deliveries', '30'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { url, controlUrl, keys } = JSON.parse(line) as { url: string; controlUrl: string; keys: Record<string, string> };
    const reply = await fetch(`${url}/messages?limit=1000`, { headers: { authorization: `Bearer ${keys['full']}` } });
    const truth = (await (await fetch(`${controlUrl}/messages`)).text()).trim().split('\n');
    expect(truth).toHaveLength(30);
    expect(((await reply.json()) as { messages: unknown[] }).messages.length).toBeLessThanOrEqual(30);
    const added = await fetch(`${controlUrl}/person.add`, { method: 'POST', body: '{}' });
    expect(((await added.json()) as { result: { id: string } }).result.id).toMatch(/^5f3a02/);
    expect((await (await fetch(`${controlUrl}/customers`)).text()).trim().split('\n')).toHaveLength(21);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
