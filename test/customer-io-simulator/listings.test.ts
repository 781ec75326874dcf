import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../simulators/customer-io/deliveries.ts';
import { ask, base64, pages, started } from './ask.ts';

const DAY = 86_400;
const WHOLE = {
  broadcasts: 'broadcasts',
  transactional: 'messages',
  campaigns: 'campaigns',
  segments: 'segments',
  exports: 'exports',
  reporting_webhooks: 'reporting_webhooks',
  snippets: 'snippets',
  'info/ip_addresses': 'ip_addresses',
  collections: 'collections',
  subscription_topics: 'topics',
  workspaces: 'workspaces',
  object_types: 'types',
};

describe('whole lists', () => {
  it('have their envelope and nothing beside it, whatever is asked', async () => {
    const simulator = await started();
    for (const [path, key] of Object.entries(WHOLE)) {
      const { body } = await ask(simulator, `/${path}`);
      expect(Object.keys(body), path).toEqual([key]);
      expect((await ask(simulator, `/${path}?limit=1&start=x&page=2&updated_since=9`)).body, path).toEqual(body);
    }
  });

  it('are null or empty in an empty workspace', async () => {
    const simulator = await started();
    const empty = async (path: string) => (await ask(simulator, path, { key: 'empty' })).body;
    for (const [path, key] of Object.entries(WHOLE)) {
      expect(await empty(`/${path}`), path).toEqual({ [key]: ['exports', 'collections', 'reporting_webhooks'].includes(path) ? null : [] });
    }
    expect(await empty('/esp/suppression/bounces')).toEqual({ suppressions: null });
    for (const key of ['messages', 'newsletters', 'activities', 'sender_identities'])
      expect(await empty(`/${key}`), key).toEqual({ [key]: [], next: '' });
    const everybody = { filter: { attribute: { field: 'cio_id', operator: 'exists' } } };
    expect((await ask(simulator, '/customers', { key: 'empty', body: everybody })).body).toEqual({
      identifiers: null,
      ids: null,
      next: '',
    });
  });

  it('show what is odd at the vendor', async () => {
    const simulator = await started();
    const rows = async (path: string, key: string): Promise<any[]> => (await ask(simulator, path)).body[key];
    const campaigns = await rows('/campaigns', 'campaigns');
    expect(campaigns[0]).toMatchObject({ tags: null, scheduled_start: 0 });
    expect(campaigns.some(({ first_started }) => first_started === 0)).toBe(true);
    expect(campaigns.map(({ object_attribute_triggers }) => typeof object_attribute_triggers)).toContain('string');
    expect(campaigns.filter((one) => 'beta_flag' in one)).toHaveLength(1);
    expect((await rows('/broadcasts', 'broadcasts')).map(({ tags }) => tags)).toEqual([['ops'], 'nil', null]);
    expect((await rows('/object_types', 'types')).map(({ id }) => id)).toEqual(['1', '2', '3']);
    expect(await rows('/workspaces', 'workspaces')).toHaveLength(3);
    expect((await rows('/segments', 'segments')).map(({ id }) => id)).not.toContain(simulator.world.archivedSegments[0]?.['id']);
    expect((await rows('/reporting_webhooks', 'reporting_webhooks'))[0].endpoint).toContain('s3cret-pass@');
  });

  it('lose what is deleted or archived at once', async () => {
    const simulator = await started();
    simulator.mutate['row.delete']({ table: 'campaigns', id: 12 });
    simulator.mutate['segment.archive']({ id: 3 });
    expect((await ask(simulator, '/campaigns')).body.campaigns.map(({ id }: { id: number }) => id)).not.toContain(12);
    expect((await ask(simulator, '/segments')).body.segments.map(({ id }: { id: number }) => id)).not.toContain(3);
  });
});

describe('deliveries', () => {
  it('come newest first, 50 or as many as are asked up to 1000, and end without a trailing page', async () => {
    const simulator = await started({ deliveries: 2_100, deliveryDays: 20 });
    expect((await ask(simulator, '/messages')).body.messages).toHaveLength(50);
    expect((await ask(simulator, '/messages?limit=0')).body.messages).toHaveLength(50);
    const all = await pages(simulator, '/messages?limit=5000');
    expect(all.map(({ messages, next }) => [messages.length, next])).toEqual([
      [1_000, base64('v20:1000')],
      [1_000, base64('v20:2000')],
      [100, ''],
    ]);
    const times = all.flatMap(({ messages }) => messages.map(({ created }: { created: number }) => created));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(new Set(all.flatMap(({ messages }) => messages.map(({ id }: { id: string }) => id))).size).toBe(2_100);
  });

  it('begin again behind the end, and refuse a token that is none', async () => {
    const simulator = await started();
    const first = (await ask(simulator, '/messages?limit=100')).body;
    expect((await ask(simulator, `/messages?limit=100&start=${base64('v20:99999')}`)).body).toEqual(first);
    for (const [path, token] of [
      ['messages', 'zzz'],
      ['newsletters', base64('v20:1')],
      ['sender_identities', base64('x')],
      ['activities', '12'],
      ['messages', base64('v20:')],
    ]) {
      const { status, body } = await ask(simulator, `/${path}?start=${encodeURIComponent(token!)}`);
      expect([status, body.errors[0].status, body.errors[0].detail], path).toEqual([
        400,
        '400',
        expect.stringMatching(/^bad request \(reference 01J\w+\)$/),
      ]);
    }
  });

  it('lie between bounds that both count, within half a year', async () => {
    const simulator = await started({ deliveries: 400, deliveryDays: 400 });
    const now = simulator.clock.now() / 1000;
    const [{ row }, next] = simulator.world.deliveries.slice(50, 52) as [Delivery, Delivery];
    const within = (await ask(simulator, `/messages?limit=1000&start_ts=${String(next.row['created'])}&end_ts=${String(row['created'])}`))
      .body.messages;
    const found: string[] = within.map(({ id }: { id: string }) => id);
    expect(found).toEqual(expect.arrayContaining([String(row['id']), String(next.row['id'])]));
    for (const path of ['/messages?limit=1000', `/messages?limit=1000&start_ts=0&end_ts=${now}`]) {
      const cut = (await ask(simulator, path)).body.messages;
      expect(cut.at(-1).created, path).toBeGreaterThanOrEqual(now - 183 * DAY);
      expect(cut.length, path).toBeLessThan(200);
    }
    expect((await ask(simulator, `/messages?limit=1000&start_ts=0&end_ts=${now - 200 * DAY}`)).body.messages.length).toBeGreaterThan(100);
  });

  it('show drafts instead of what was sent, and answers given only when asked', async () => {
    const simulator = await started();
    const drafts = (await ask(simulator, '/messages?drafts=true')).body.messages;
    expect(drafts).toHaveLength(4);
    expect(Object.keys(drafts[0].metrics)).toEqual(['drafted']);
    const plain = (await ask(simulator, '/messages')).body.messages[0];
    expect(Object.keys(plain)).toHaveLength(20);
    expect((await ask(simulator, '/messages?get_tracked_responses=true')).body.messages[0]).toHaveProperty('tracked_responses');
  });

  it('get metrics later, which move the number behind their id and not their time', async () => {
    const simulator = await started();
    const { row } = simulator.world.deliveries[30]!;
    const before = { ...row };
    const at = simulator.clock.now() / 1000;
    simulator.mutate['delivery.metric']({ id: String(row['id']), metric: 'clicked' });
    expect(row).toMatchObject({ created: before['created'], deduplicate_id: `${String(row['id'])}:${at}`, metrics: { clicked: at } });
    expect((await ask(simulator, `/messages/${encodeURIComponent(String(row['id']))}`)).body.message).toEqual(row);
  });
});

describe('between two pages', () => {
  it('rows come and go, and what stands behind them moves', async () => {
    const simulator = await started({ newsletters: 30 });
    simulator.midway.add('GET /v1/newsletters', 1, () => simulator.mutate['row.delete']({ table: 'newsletters', id: 80 }));
    await fetch(`${simulator.controlUrl}/midway.add`, {
      method: 'POST',
      body: JSON.stringify({ on: 'GET /v1/newsletters', after: 2, operation: 'row.add', args: { table: 'newsletters', row: { id: 900 } } }),
    });
    expect(simulator.midway.pending).toBe(2);
    const found = (await pages(simulator, '/newsletters?limit=10')).flatMap(({ newsletters }) =>
      newsletters.map(({ id }: { id: number }) => id),
    );
    expect(simulator.midway.pending).toBe(0);
    expect(found).toEqual([...Array.from({ length: 10 }, (_, n) => 80 + n), ...Array.from({ length: 19 }, (_, n) => 91 + n), 900]);
  });
});

describe('the other paged lists', () => {
  it('newsletters name a next page after an exactly full one', async () => {
    const simulator = await started({ newsletters: 20 });
    const all = await pages(simulator, '/newsletters?limit=10');
    expect(all.map(({ newsletters, next }) => [newsletters.length, next])).toEqual([
      [10, base64('10')],
      [10, base64('20')],
      [0, ''],
    ]);
    expect((await ask(simulator, `/newsletters?start=${base64('999')}`)).body).toEqual({ newsletters: [], next: '' });
  });

  it('senders name a next page after the last one; hidden ones are shown alone, or with the others', async () => {
    const simulator = await started();
    const ids = (all: any[]) => all.flatMap(({ sender_identities: rows }) => rows.map(({ id }: { id: number }) => id));
    const visible = await pages(simulator, '/sender_identities?hidden=false');
    expect([ids(visible), visible.map(({ next }) => next)]).toEqual([
      [21, 22],
      [base64('22'), ''],
    ]);
    expect(ids(await pages(simulator, '/sender_identities'))).toEqual([21, 22]);
    expect(ids(await pages(simulator, '/sender_identities?hidden=true'))).toEqual([23]);
    simulator.switches.hiddenIncludesAll = true;
    expect(ids(await pages(simulator, '/sender_identities?hidden=true'))).toEqual([21, 22, 23]);
  });

  it('activities come newest first, for 30 days, those of people who are gone when asked', async () => {
    const simulator = await started({ activities: 450, activityDays: 40 });
    expect((await ask(simulator, '/activities')).body).toMatchObject({ activities: { length: 10 }, next: '700000000000000010' });
    const all = await pages(simulator, '/activities?limit=1000&deleted=true');
    expect(all.map(({ activities }) => activities.length)).toEqual([100, 100, 100, 38]);
    const times = all.flatMap(({ activities }) => activities.map(({ timestamp }: { timestamp: number }) => timestamp));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(times.at(-1)).toBeGreaterThanOrEqual(simulator.clock.now() / 1000 - 30 * DAY);
    const some = await pages(simulator, '/activities?limit=100');
    expect(some.flatMap(({ activities }) => activities)).toHaveLength(
      338 -
        simulator.world.activities.filter(
          ({ row, ofDeleted }) => ofDeleted && Number(row['timestamp']) >= simulator.clock.now() / 1000 - 30 * DAY,
        ).length,
    );
    simulator.clock.advance(31 * DAY * 1000);
    expect((await ask(simulator, '/activities')).body.activities).toEqual([]);
  });

  it('suppressions go by offset and address, for four kinds', async () => {
    const simulator = await started({ bounces: 130 });
    const page = async (query: string) => (await ask(simulator, `/esp/suppression/bounces${query}`)).body;
    const rows = [...(await page('')).suppressions, ...(await page('?offset=100')).suppressions];
    expect(rows).toHaveLength(130);
    const emails = rows.map(({ email }: { email: string }) => email);
    expect(emails).toEqual(emails.toSorted());
    expect(await page('?offset=130')).toEqual({ suppressions: null });
    expect(await page('?domain=other.example.test')).toEqual({ suppressions: null });
    expect((await page('?domain=mail.example.test&limit=100000')).suppressions).toHaveLength(130);
    expect((await ask(simulator, '/esp/suppression/complaints')).body).toEqual({ errors: [{ detail: 'type is invalid', status: '400' }] });
  });
});
