import { describe, expect, it } from 'vitest';
import { SOAP_FAULTS } from '../../simulators/listrak/soap-faults.ts';
import { rowsOf } from '../../simulators/listrak/rows.ts';
import { fault, response, rowXml } from '../../simulators/listrak/xml.ts';
import { account } from './harness.ts';

const small = { messages: 6, contacts: 60, events: 300, sends: 60 };
const CLICK = 'ReportRangeMessageContactClick';

describe('trouble that passes', () => {
  const passing = SOAP_FAULTS.filter(
    (name) => !['invalid-logon', 'login-attempts', 'prohibited-ip', 'ws-exception', 'illegal-char'].includes(name),
  );

  it.each(passing)('%s costs nothing but a try', async (name) => {
    const { table, simulator, heard, held, truth } = await account(small);
    simulator.soapFaults.add({ name, operation: CLICK, times: 1, after: 1 });
    const { rows, error } = await table('message_clicks').run();
    expect(error).toBeUndefined();
    expect(held('message_clicks', rows)).toEqual(truth('message_clicks'));
    expect(heard.troubles).toMatchObject([{ kind: 'transient', remedy: expect.any(String) }]);
    expect(heard.recovered).toBe(1);
  });

  it('that names a time is waited for that long, also when it says so with a fault', async () => {
    const { table, simulator, heard } = await account(small);
    const asked = Date.now();
    simulator.faults.add({
      kind: 'status',
      status: 429,
      contentType: 'text/xml',
      body: String(fault('Slow down').body),
      headers: { 'retry-after': '3' },
      times: 1,
    });
    expect((await table('lists').run()).error).toBeUndefined();
    expect(heard.throttled[0]?.until).toBeGreaterThanOrEqual(asked + 3_000);
    expect(heard.troubles).toEqual([]);
  });

  it('is given five tries with growing waits where the service itself refuses', async () => {
    const { table, simulator, heard } = await account({ ...small, messages: 2 }, { concurrency: 1 }, { random: () => 0.15 });
    const [first] = simulator.world.messages;
    simulator.soapFaults.add({ name: 'server-fault', operation: CLICK, id: first?.id as number });
    const { error, pages } = await table('message_clicks').run();
    expect(error).toBeUndefined();
    expect(simulator.calls.filter(({ parameters }) => parameters['MsgID'] === String(first?.id))).toHaveLength(5);
    expect(heard.troubles).toHaveLength(4);
    const times = heard.troubles.map(({ retryAt }) => retryAt as number);
    const waits = times.slice(1).map((at, n) => at - (times[n] as number));
    expect(waits.every((wait, n) => n === 0 || wait > (waits[n - 1] as number))).toBe(true);
    expect(pages.flatMap(({ warnings = [] }) => warnings)).toEqual([expect.stringContaining(`Message ${first?.id} could not be read`)]);
  });
});

describe('a message that cannot be read', () => {
  it.each(['iis-404', 'iis-404-broken', 'server-fault'] as const)(
    '(%s) leaves all others complete and is read from where it was once it can be',
    async (name) => {
      const { table, simulator, held, truth } = await account(small);
      const [, second] = simulator.world.messages;
      const id = second?.id as number;
      const reader = table('message_clicks');
      simulator.soapFaults.add({ name, operation: CLICK, id });
      const first = await reader.run();
      expect(first.error).toBeUndefined();
      const rest = new Map([...truth('message_clicks')].filter(([, record]) => record['msg_id'] !== id));
      expect(rest.size).toBeLessThan(truth('message_clicks').size);
      expect(held('message_clicks', first.rows)).toEqual(rest);
      expect(first.counted['items_left_out']).toBe(1);
      expect(first.pages.flatMap(({ readTo = [] }) => readTo)).toEqual([]);
      expect(reader.position?.['behind']).toEqual({ [id]: 0 });

      simulator.soapFaults.clear();
      const again = await reader.run();
      expect(held('message_clicks', [...first.rows, ...again.rows])).toEqual(truth('message_clicks'));
      expect(reader.position).not.toHaveProperty('behind');

      // Known by now, it falls behind by what it misses and no more.
      const from = simulator.clock.now();
      simulator.soapFaults.add({ name, operation: CLICK, id });
      for (let day = 0; day < 3; day += 1) {
        simulator.clock.advance(86_400_000);
        await reader.run();
      }
      expect(reader.position?.['behind']).toEqual({ [id]: from });
      simulator.soapFaults.clear();
      simulator.calls.splice(0);
      await reader.run();
      expect(simulator.calls.find(({ parameters }) => parameters['MsgID'] === String(id))?.parameters['StartDate']).toBe(
        new Date(from - 26 * 3_600_000).toISOString().slice(0, 19),
      );
    },
  );

  it('is no matter of one message when none can be read', async () => {
    const { table, simulator } = await account(small);
    simulator.soapFaults.add({ name: 'no-access', operation: CLICK });
    expect((await table('message_clicks').run()).error).toMatchObject({
      code: 'listrak:fault',
      remedy: expect.stringContaining('permissions'),
    });
  });

  it('is no matter of one message either when the next run finds all of them tried', async () => {
    const { table, simulator, held, truth } = await account(small);
    const reader = table('message_clicks');
    for (const name of ['no-access', 'iis-404', 'server-fault'] as const) {
      simulator.soapFaults.clear();
      simulator.soapFaults.add({ name, operation: CLICK });
      simulator.calls.splice(0);
      expect((await reader.run()).error, name).toMatchObject({ kind: 'transient' });
      expect(simulator.calls.filter(({ operation }) => operation === CLICK).length, name).toBeGreaterThanOrEqual(
        5 * simulator.world.messages.length,
      );
    }
    simulator.soapFaults.clear();
    const { rows, error } = await reader.run();
    expect(error).toBeUndefined();
    expect(held('message_clicks', rows)).toEqual(truth('message_clicks'));
  });

  it('keeps a report from ending well, however many runs it takes to have tried all of them', async () => {
    const { table, simulator, held, truth } = await account({ ...small, messages: 25 }, { concurrency: 1 });
    const reader = table('message_clicks');
    simulator.soapFaults.add({ name: 'no-access', operation: CLICK });
    for (let run = 0; run < 5; run += 1) {
      const { error, pages } = await reader.run();
      expect(error, `run ${run}`).toMatchObject({ code: 'listrak:fault' });
      expect(pages.flatMap(({ readTo = [] }) => readTo)).toEqual([]);
    }
    simulator.soapFaults.clear();
    const rows = [...(await reader.run()).rows, ...(await reader.run()).rows];
    expect(held('message_clicks', rows)).toEqual(truth('message_clicks'));
  });

  it('does not keep the recipients of others from being complete, though nothing else was to be read', async () => {
    const { table, simulator } = await account({ ...small, days: 100 }, { sends_lookback: '1h' });
    const reader = table('message_sends');
    simulator.soapFaults.add({ name: 'iis-404', operation: 'ReportMessageContactSent', id: simulator.world.messages[0]?.id as number });
    expect((await reader.run()).error).toBeUndefined();
    simulator.clock.advance(86_400_000);
    const { error, pages } = await reader.run();
    expect(error).toBeUndefined();
    expect(pages.flatMap(({ warnings = [] }) => warnings)).toHaveLength(1);
    expect(pages.flatMap(({ readTo = [] }) => readTo)).toEqual([]);
  });

  it('because its answer is broken each time, leaves all others complete as well, but the run has failed', async () => {
    const { table, simulator, held, truth } = await account(small);
    const id = simulator.world.messages[1]?.id as number;
    const reader = table('message_clicks');
    simulator.soapFaults.add({ name: 'truncated-xml', operation: CLICK, id });
    // The data that nobody could read were there: that is no success, the first time or any other.
    for (const run of [1, 2]) {
      const { rows, error, counted, pages } = await reader.run({ rescan: true });
      expect(error, `run ${run}`).toMatchObject({ code: 'listrak:broken_xml' });
      expect(counted['items_left_out']).toBe(1);
      expect(pages.flatMap(({ readTo = [] }) => readTo)).toEqual([]);
      expect(held('message_clicks', rows)).toEqual(new Map([...truth('message_clicks')].filter(([, record]) => record['msg_id'] !== id)));
      expect(reader.position?.['behind']).toEqual({ [id]: 0 });
    }
    simulator.soapFaults.clear();
    const { rows, error } = await reader.run();
    expect(error).toBeUndefined();
    const of = new Map([...truth('message_clicks')].filter(([, record]) => record['msg_id'] === id));
    for (const [key, record] of of) expect(held('message_clicks', rows).get(key)).toEqual(record);
  });

  it('of a list, because the answer about its messages is broken, leaves those of others complete, but the run has failed', async () => {
    const { table, simulator, held, truth } = await account(small);
    simulator.soapFaults.add({ name: 'truncated-xml', operation: 'ReportListMessageActivity', id: 1_001 });
    const { rows, error, pages } = await table('messages').run();
    expect(error).toMatchObject({ code: 'listrak:broken_xml' });
    expect(held('messages', rows)).toEqual(new Map([...truth('messages')].filter(([, record]) => record['list_id'] !== 1_001)));
    expect(pages.at(-1)).toMatchObject({ scan: { end: { unread: [{ list_id: '1001' }] } } });
  });

  it('because its report has no end, is left out, too', async () => {
    const { table, simulator } = await account({ ...small, messages: 2, events: 2_000 }, {});
    simulator.switches.ignorePage = true;
    expect((await table('message_opens').run()).error).toMatchObject({
      kind: 'data',
      message: expect.stringContaining('does not end: page 2 repeats'),
    });
  });
});

describe('a table of which nothing can be read', () => {
  it.each([
    ['iis-404', 'transient', 'listrak:404', /answered 404 instead of data/, /base_url/],
    ['ws-exception', 'data', 'listrak:exception', /could not answer ReportListMessageActivity/, /next run/],
  ] as const)('(%s) says what the service answered, and what to do', async (name, kind, code, message, remedy) => {
    const { table, simulator } = await account(small);
    simulator.soapFaults.add({ name, operation: 'ReportListMessageActivity' });
    const { error, rows } = await table('messages').run();
    expect(error).toMatchObject({ kind, code, message: expect.stringMatching(message), remedy: expect.stringMatching(remedy) });
    expect(rows).toEqual([]);
  });
});

describe('a list that cannot be read', () => {
  it.each(['no-access', 'ws-exception'] as const)('(%s) is named, and the messages of the others are read', async (name) => {
    const { table, simulator, held, truth } = await account(small);
    simulator.soapFaults.add({ name, operation: 'ReportListMessageActivity', id: 1_001 });
    const { rows, error, pages } = await table('messages').run();
    expect(error).toBeUndefined();
    expect(held('messages', rows)).toEqual(new Map([...truth('messages')].filter(([, record]) => record['list_id'] !== 1_001)));
    expect(pages.at(-1)).toMatchObject({
      scan: { end: { unread: [{ list_id: '1001' }] } },
      warnings: [expect.stringContaining('list 1001')],
    });
  });

  it('keeps the reports of its messages from being called complete', async () => {
    const { table, simulator, held, truth } = await account(small);
    simulator.soapFaults.add({ name: 'no-access', operation: 'ReportListMessageActivity', id: 1_001 });
    for (const name of ['message_clicks', 'message_sends'] as const) {
      const reader = table(name);
      const first = await reader.run();
      expect(first.error).toBeUndefined();
      expect(first.pages.flatMap(({ readTo = [] }) => readTo)).toEqual([]);
      expect(first.pages.flatMap(({ warnings = [] }) => warnings)).toEqual([expect.stringContaining('list 1001')]);
      const faults = simulator.soapFaults;
      faults.clear();
      const second = await reader.run();
      expect(held(name, [...first.rows, ...second.rows])).toEqual(truth(name));
      expect(second.pages.at(-1)?.readTo).toBe(simulator.clock.now());
      faults.add({ name: 'no-access', operation: 'ReportListMessageActivity', id: 1_001 });
    }
  });

  it('keeps its subscribers to itself until it can be', async () => {
    const { table, simulator, held, truth } = await account(small);
    const reader = table('subscribed_contacts');
    simulator.soapFaults.add({ name: 'server-fault', operation: 'ReportRangeSubscribedContacts', id: 1_002 });
    const first = await reader.run();
    expect(held('subscribed_contacts', first.rows)).toEqual(
      new Map([...truth('subscribed_contacts')].filter(([, record]) => record['list_id'] !== 1_002)),
    );
    simulator.soapFaults.clear();
    const second = await reader.run();
    expect(held('subscribed_contacts', [...first.rows, ...second.rows])).toEqual(truth('subscribed_contacts'));
  });

  it('is no matter of one list when none can be read', async () => {
    const { table, simulator } = await account(small);
    simulator.soapFaults.add({ name: 'no-access', operation: 'ReportListMessageActivity' });
    expect((await table('messages').run()).error).toMatchObject({ code: 'listrak:fault' });
  });
});

it('lists that are out of sight for a while cost no more than that', async () => {
  const { table, simulator } = await account(small);
  const reader = table('message_clicks');
  await reader.run();
  const before = reader.position;
  const lists = simulator.world.lists.splice(0);
  simulator.clock.advance(3_600_000);
  const empty = await table('lists').run();
  expect(empty.pages.at(-1)?.warnings).toEqual([expect.stringContaining('no list')]);
  expect(empty.pages.at(-1)).not.toHaveProperty('readTo');
  const without = await reader.run();
  expect(without.pages).toMatchObject([{ warnings: [expect.stringContaining('no longer shows anything to read')] }]);
  expect(without.pages[0]).not.toHaveProperty('readTo');
  expect(reader.position).toEqual(before);
  simulator.world.lists.push(...lists);
  simulator.calls.splice(0);
  await reader.run();
  const starts = new Set(simulator.calls.filter(({ operation }) => operation === CLICK).map(({ parameters }) => parameters['StartDate']));
  expect([...starts]).toEqual([new Date(simulator.clock.now() - 27 * 3_600_000).toISOString().slice(0, 19)]);
});

it.each(['empty', 'absent', 'nil-row', 'self-closed'] as const)(
  'lists that are not there from the beginning (%s) are a success that claims nothing, and cost nothing once they are',
  async (style) => {
    const { table, simulator } = await account({ ...small, switches: { empty: style } });
    const lists = simulator.world.lists.splice(0);
    const tables = ['lists', 'messages', 'message_clicks', 'subscribed_contacts'] as const;
    const readers = new Map(tables.map((name) => [name, table(name)]));
    for (const [name, reader] of readers) {
      const { error, pages, rows } = await reader.run();
      expect([error, rows.length, pages.flatMap(({ readTo = [] }) => readTo)], name).toEqual([undefined, 0, []]);
    }
    simulator.world.lists.push(...lists);
    simulator.clock.advance(3_600_000);
    for (const [name, reader] of readers) {
      const { error, pages, rows } = await reader.run();
      expect(error, name).toBeUndefined();
      expect(rows.length, name).toBeGreaterThan(0);
      expect(pages.at(-1)?.readTo, name).toBe(simulator.clock.now());
    }
  },
);

it('characters that XML forbids become U+FFFD and are counted', async () => {
  const { table, simulator, record } = await account(small);
  simulator.soapFaults.add({ name: 'illegal-char', operation: 'ReportListMessageActivity', id: 1_001, times: 1 });
  const { rows, counted, error } = await table('messages').run();
  expect(error).toBeUndefined();
  expect(counted['characters_replaced']).toBe(1);
  expect(rows.filter((row) => String(record('messages', row)['subject']).startsWith('\uFFFD'))).toHaveLength(1);
});

describe('a list or message without a usable id', () => {
  it.each(['', '0', '-7', 'abc', '1e3', '1.5', '0x10'])('(%j) is a fault of what is read below it, and all others are read', async (id) => {
    const { table, simulator, held, truth } = await account(small);
    const [, second] = simulator.world.lists;
    const other = second?.id as number;
    const shown = simulator.world.lists
      .map((list) => rowXml('WSContactList', rowsOf(simulator.world, simulator.switches).list(list)))
      .join('');
    const spoilt = shown.replace(`<ListID>${other}</ListID>`, `<ListID>${id}</ListID>`);
    const { body } = response('GetContactListCollection', `<GetContactListCollectionResult>${spoilt}</GetContactListCollectionResult>`);
    simulator.faults.add({
      kind: 'status',
      status: 200,
      contentType: 'text/xml',
      body: String(body),
      requestBody: '<GetContactListCollection',
    });
    for (let twice = 0; twice < 2; twice += 1) {
      const messages = await table('messages').run();
      expect(messages.error).toMatchObject({ kind: 'data', code: 'listrak:parent_id' });
      expect(messages.pages.some(({ scan }) => scan?.end !== undefined)).toBe(false);
      expect(held('messages', messages.rows)).toEqual(new Map([...truth('messages')].filter(([, record]) => record['list_id'] !== other)));
      const contacts = await table('subscribed_contacts').run();
      expect(contacts.error).toMatchObject({ kind: 'data', code: 'listrak:parent_id' });
      expect(contacts.pages.flatMap(({ readTo = [] }) => readTo)).toEqual([]);
      expect(held('subscribed_contacts', contacts.rows)).toEqual(
        new Map([...truth('subscribed_contacts')].filter(([, record]) => record['list_id'] !== other)),
      );
    }
  });
});
