import { describe, expect, it } from 'vitest';
import type { CustomerIoTable } from '../../simulators/customer-io/options.ts';
import { byKey, connected, workspace, type Workspace } from './harness.ts';

describe('suppressions', () => {
  it('come from all pages, and an address on two lists is two rows', async () => {
    const at = await workspace({ bounces: 1_100 });
    const found = byKey(at, 'eps_suppression', (await at.table('eps_suppression').run()).rows);
    expect([...found.values()].filter(({ suppression_type }) => suppression_type === 'bounces')).toHaveLength(1_100);
    for (const list of ['bounces', 'blocks']) expect(found.get(`${list}||gone000000@example.net`)).toBeDefined();
    expect(found.get('bounces||gone000001@example.net')).toMatchObject({ email: 'Gone000001@Example.net' });
  });

  it('come whole from a vendor that gives fewer at once than it was asked for', async () => {
    const at = await workspace({ bounces: 1_105, switches: { mostSuppressions: 505 } });
    const found = byKey(at, 'eps_suppression', (await at.table('eps_suppression').run()).rows);
    expect([...found.values()].filter(({ suppression_type }) => suppression_type === 'bounces')).toHaveLength(1_105);
  });

  it('are asked for by domain when domains are named', async () => {
    const at = await workspace({}, { esp_domains: [' Mail.Example.test', 'other.example.test'] });
    const found = byKey(at, 'eps_suppression', (await at.table('eps_suppression').run()).rows);
    expect(found.size).toBe(35);
    expect([...found.values()].every(({ domain }) => domain === 'mail.example.test')).toBe(true);
    expect(at.simulator.requests.list().every(({ query }) => query.includes('domain='))).toBe(true);
  });
});

describe('senders and newsletters', () => {
  it('that are hidden come whatever "hidden" means to the vendor', async () => {
    for (const hiddenIncludesAll of [false, true]) {
      const at = await workspace({ switches: { hiddenIncludesAll } });
      for (const empty of [false, true]) {
        if (empty) at.simulator.mutate['row.delete']({ table: 'sender_identities', id: 23 });
        const { rows, error } = await at.table('sender_identities').run();
        expect(error).toBeUndefined();
        expect([...byKey(at, 'sender_identities', rows).keys()].sort()).toEqual(empty ? ['21', '22'] : ['21', '22', '23']);
      }
    }
  });

  it('end with the empty page after a full one', async () => {
    const { simulator, table } = await workspace({ newsletters: 200 });
    const { pages, rows } = await table('newsletters').run();
    expect(rows).toHaveLength(200);
    expect(pages.map((page) => [page.rows.length, page.scan?.end !== undefined])).toEqual([
      [100, false],
      [100, false],
      [0, true],
    ]);
    simulator.switches.sameNext = Buffer.from('100').toString('base64');
    expect((await table('newsletters').run()).error).toMatchObject({ code: 'paging_loop' });
  });
});

describe('a listing', () => {
  const pagesOf: Partial<Record<CustomerIoTable, string>> = {
    messages: '/v1/messages',
    newsletters: '/v1/newsletters',
    activities: '/v1/activities',
    sender_identities: '/v1/sender_identities',
    customers: '/v1/customers',
  };

  it.each(Object.entries(pagesOf) as [CustomerIoTable, string][])(
    'of %s is not over with a page that does not say so',
    async (name, path) => {
      const { simulator, table } = await workspace({ people: 1_100, newsletters: 150 });
      for (const [value, after] of [
        [undefined, 0],
        [null, 0],
        [{}, 0],
        [false, 0],
        [undefined, 1],
      ] as const) {
        simulator.faults.clear();
        simulator.faults.add({ kind: 'member', at: 'next', value, on: `* ${path}`, after });
        const { error, pages } = await table(name).run();
        expect(error, `${String(value)} ${after}`).toMatchObject({ kind: 'data', code: 'no_end' });
        expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
      }
    },
  );

  it('of activities is no shorter for a page without any that names a next one', async () => {
    const { simulator, table } = await workspace({ activities: 450 });
    simulator.faults.add({ kind: 'member', at: 'activities', value: [], on: 'GET /v1/activities', after: 1, times: 1 });
    const { rows } = await table('activities').run();
    expect(rows).toHaveLength([...simulator.truth.rows('activities')].length - 100);
  });

  it.each([
    'campaigns',
    'broadcasts',
    'transactional_messages',
    'segments',
    'topics',
    'types',
    'snippets',
    'workspaces',
    'newsletters',
    'sender_identities',
    'ip_addresses',
  ] as const)('of %s is not empty because null stands in its place', async (name) => {
    const { simulator, table } = await workspace();
    const key = name === 'transactional_messages' ? 'messages' : name;
    simulator.faults.add({ kind: 'member', at: key, value: null });
    const { error, pages } = await table(name).run();
    expect(error).toMatchObject({ kind: 'data', code: 'no_list' });
    expect(pages).toEqual([]);
  });
});

describe('the addresses of webhooks', () => {
  it('show no credentials; the query only when that is wanted', async () => {
    const at = await workspace();
    const endpoints = (await at.table('reporting_webhooks').run()).rows.map((row) => row['endpoint']);
    expect(endpoints).toEqual([
      'https://hooks.example.test/cio',
      'https://hooks.example.test/in?token=••••&v=••••',
      'https://hooks.example.test/plain',
    ]);
    const open = connected(at.simulator, { redact_webhook_query: false });
    const shown = JSON.stringify((await open.table('reporting_webhooks').run()).rows);
    expect(shown).toContain('token=t0ken-in-query');
    expect(shown).not.toContain('s3cret-pass');
  });

  it('show none however oddly they are written', async () => {
    const at = await workspace();
    const written: [endpoint: string, hidden: string, plain: string][] = [
      ['hook:s3cret@hooks.example.test/cio', 'hooks.example.test/cio', 'hooks.example.test/cio'],
      [' https://hook:s3cret@hooks.example.test/cio', 'https://hooks.example.test/cio', 'https://hooks.example.test/cio'],
      ['//hook:s3cret@hooks.example.test', '//hooks.example.test', '//hooks.example.test'],
      ['https://a@b:s3cret@hooks.example.test/p@q', 'https://hooks.example.test/p@q', 'https://hooks.example.test/p@q'],
      ['https://hooks.example.test/in?t0ken', 'https://hooks.example.test/in?••••', 'https://hooks.example.test/in?t0ken'],
      [
        'https://hooks.example.test/in?a=1&t0ken&&b=c=d#e',
        'https://hooks.example.test/in?a=••••&••••&&b=••••#e',
        'https://hooks.example.test/in?a=1&t0ken&&b=c=d#e',
      ],
      ['https://hooks.example.test/in?', 'https://hooks.example.test/in?', 'https://hooks.example.test/in?'],
    ];
    at.simulator.world.lists.reporting_webhooks = written.map(([endpoint], id) => ({ id, endpoint }));
    const shown = async (from: Workspace): Promise<unknown[]> =>
      (await from.table('reporting_webhooks').run()).rows.map(({ endpoint }) => endpoint);
    expect(await shown(at)).toEqual(written.map(([, hidden]) => hidden));
    expect(await shown(connected(at.simulator, { redact_webhook_query: false }))).toEqual(written.map(([, , plain]) => plain));
  });
});
