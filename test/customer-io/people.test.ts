import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import type { VanishedVerdict } from '../../src/core/table.ts';
import { byKey, workspace, type Workspace } from './harness.ts';

async function verdicts({ api, definition }: Workspace, cioIds: readonly string[]): Promise<VanishedVerdict[]> {
  const found: VanishedVerdict[] = [];
  const ctx = { api, signal: new AbortController().signal };
  for await (const verdict of definition('customers').confirm!(
    ctx as never,
    cioIds.map((id) => ({ id })),
  ))
    found.push(verdict);
  return found;
}

describe('people', () => {
  it('known by e-mail only, by id only or by a number-like id all come, nobody keyed by an empty text', async () => {
    const at = await workspace({ people: 1_250 });
    const { rows, pages } = await at.table('customers').run();
    const found = byKey(at, 'customers', rows);
    expect(found.size).toBe(1_250);
    expect(found.has('')).toBe(false);
    expect(found.get('30e00001')).toMatchObject({ cio_id: '30e00001' });
    const people = [...found.values()];
    expect(people.filter(({ customer_id }) => customer_id === null)).toHaveLength(26);
    expect(people.filter(({ email }) => email === null)).toHaveLength(26);
    expect(at.simulator.requests.count({ route: 'POST /v1/customers' })).toBe(2);
    expect(at.simulator.requests.count({ route: 'POST /v1/customers/attributes' })).toBe(13);
    expect(pages.flatMap(({ seen = [] }) => seen)).toHaveLength(1_250);
    expect(pages.map(({ scan }) => scan?.end !== undefined).indexOf(true)).toBe(pages.length - 1);
  });

  it('come wrapped as well as plain', async () => {
    const at = await workspace({ switches: { wrapCustomer: true } });
    const wrapped = byKey(at, 'customers', (await at.table('customers').run()).rows);
    at.simulator.switches.wrapCustomer = false;
    expect(byKey(at, 'customers', (await at.table('customers').run()).rows)).toEqual(wrapped);
    expect(wrapped.size).toBe(230);
  });

  it('that the profiles do not show fail the table instead of emptying it', async () => {
    const at = await workspace({ switches: { blindProfiles: true } });
    const { error, pages } = await at.table('customers').run();
    expect(error).toMatchObject({ kind: 'data', code: 'no_details' });
    expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
  });

  it('that go between being found and being asked for are counted and not taken for gone', async () => {
    const { simulator, table } = await workspace({ people: 30 });
    const [gone] = [...simulator.world.people.keys()];
    simulator.faults.add({ kind: 'slow', delayMs: 50, on: 'POST /v1/customers' });
    const reader = table('customers');
    const running = reader.run();
    simulator.mutate['person.delete']({ cioId: gone! });
    const { rows, counted, pages } = await running;
    const listed = pages.flatMap(({ seen = [] }) => seen).length;
    expect(rows).toHaveLength(29);
    expect(listed - rows.length).toBe(counted['listed_without_details'] ?? 0);
  });

  it('go on at the page of the search that was cut', async () => {
    const at = await workspace({ people: 2_400 });
    const customers = at.table('customers');
    const before = await customers.run({ stopAfter: 12 });
    const after = await customers.run();
    expect(new Set([...before.pages, ...after.pages].map((page) => page.scan?.id)).size).toBe(1);
    expect(before.rows.length + after.rows.length).toBe(2_600);
    expect(byKey(at, 'customers', [...before.rows, ...after.rows]).size).toBe(2_400);
  });

  it('who slip from one page to another because somebody went meanwhile are still there when asked for', async () => {
    const at = await workspace({ people: 2_300 });
    const { simulator } = at;
    const all = [...simulator.world.people.keys()].sort();
    simulator.midway.add('POST /v1/customers', 1, () => simulator.mutate['person.delete']({ cioId: all[10]! }));
    const { pages, error } = await at.table('customers').run();
    expect(error).toBeUndefined();
    const seen = new Set(pages.flatMap(({ seen: shown = [] }) => shown).map(({ identifiers }) => (identifiers as Row)['cio_id']));
    const slipped = all.filter((cioId) => !seen.has(cioId));
    expect(slipped).toEqual([all[1_000]]);
    expect((await verdicts(at, [...slipped, all[10]!])).map(({ gone }) => gone)).toEqual([false, true]);
  });

  it('who are missing are asked for one more time, 100 at a time', async () => {
    const at = await workspace();
    const all = [...at.simulator.world.people.keys()].slice(0, 150);
    for (const cioId of all.slice(0, 3)) at.simulator.mutate['person.delete']({ cioId });
    const found = await verdicts(at, all);
    expect(found.filter(({ gone }) => gone).map(({ key }) => key['id'])).toEqual(all.slice(0, 3));
    expect(found).toHaveLength(150);
    expect(at.simulator.requests.count({ route: 'POST /v1/customers/attributes' })).toBe(2);
  });

  it('whose ids come as numbers are no more gone than others', async () => {
    const at = await workspace({ people: 5 });
    at.simulator.faults.add({
      kind: 'status',
      status: 200,
      on: 'POST /v1/customers/attributes',
      body: JSON.stringify({ customers: [{ identifiers: { cio_id: 12 }, attributes: {} }] }),
    });
    expect(await verdicts(at, ['12', '13'])).toMatchObject([{ gone: false }, { gone: true }]);
  });

  it.each([
    ['other people', [{ identifiers: { cio_id: 'another' }, attributes: {} }]],
    ['people without an id', [{ identifiers: {}, attributes: {} }]],
    ['no people at all', [null, 'a']],
  ])('are not gone when the vendor answers with %s', async (_what, customers) => {
    const at = await workspace({ people: 150 });
    at.simulator.faults.add({ kind: 'status', status: 200, on: 'POST /v1/customers/attributes', body: JSON.stringify({ customers }) });
    expect(await verdicts(at, ['12'])).toMatchObject([{ gone: false, doubt: expect.any(String) }]);
    const { error, pages } = await at.table('customers').run();
    expect(error).toMatchObject({ kind: 'data', code: 'other_answer' });
    expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
  });
});
