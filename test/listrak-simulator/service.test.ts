import { describe, expect, it } from 'vitest';
import { Client, WSDL } from 'soap';
import { listrakWsdl } from '../../producers/listrak/wsdl.ts';
import { SOAP_FAULTS } from '../../simulators/listrak/soap-faults.ts';
import { NAMESPACE } from '../../simulators/listrak/xml.ts';
import { EVER, service } from './ask.ts';

const OPEN = 'ReportRangeMessageContactOpen';
const SENT = 'ReportMessageContactSent';
const LISTS = 'GetContactListCollection';

describe('a call', () => {
  it("is answered in the service's form, elements in their order", async () => {
    const { ask, simulator } = await service();
    const { status, type, text, all } = await ask(LISTS);
    expect([status, type]).toEqual([200, 'text/xml; charset=utf-8']);
    expect(text).toContain(
      `<soap:Body><${LISTS}Response xmlns="${NAMESPACE}"><${LISTS}Result><WSContactList><ListID>1001</ListID><ListName>News &amp; &lt;offers&gt;</ListName><CreateDate>`,
    );
    expect(all('ListID')).toEqual(['1001', '1002', '1003']);
    expect(all('GoogleTrackingDomains')).toHaveLength(4);
    expect(all('CreateDate')[1]).toBe('0001-01-01T00:00:00');
    expect(text.match(/<Vmta>/g)).toHaveLength(2);
    expect(text).toContain('<FromName />');
    expect(simulator.calls).toEqual([{ operation: LISTS, parameters: {}, user: 'sync-user', at: simulator.clock.now() }]);
  });

  it('is taken with unquoted actions, prefixes, any order, unknown elements and a query', async () => {
    const { ask, simulator } = await service();
    const id = simulator.world.messages[0]?.id as number;
    const plain = await ask(OPEN, { MsgID: id, ...EVER, Page: 1 });
    const odd = await ask(
      OPEN,
      {},
      {
        action: NAMESPACE + OPEN,
        query: `?op=${OPEN}`,
        body: `<x:${OPEN} xmlns:x="${NAMESPACE}"><x:Page>1</x:Page><x:Other>1</x:Other><x:EndDate>2100-01-01T00:00:00</x:EndDate><x:MsgID>${id}</x:MsgID><x:StartDate>2000-01-01T00:00:00.5Z</x:StartDate></x:${OPEN}>`,
      },
    );
    expect(odd.text).toBe(plain.text);
    expect(odd.all('EmailAddress').length).toBeGreaterThan(10);
  });

  it('to something unknown, or of another namespace, is a fault of the client', async () => {
    const { ask } = await service();
    expect((await ask('DeleteEverything')).text).toContain(
      '<faultcode>soap:Client</faultcode><faultstring>Server did not recognize the value of HTTP Header SOAPAction',
    );
    expect((await ask(LISTS, {}, { body: `<${LISTS} xmlns="http://other/"/>` })).status).toBe(500);
    expect((await ask(LISTS, {}, { body: `<${OPEN} xmlns="${NAMESPACE}"/>` })).status).toBe(500);
  });

  it.each(['', 'yesterday', '2024-13-01T00:00:00', '05/01/2024'])('with the date "%s" is a fault of the client', async (date) => {
    const { ask, simulator } = await service();
    const { status, text } = await ask(OPEN, {
      MsgID: simulator.world.messages[0]?.id as number,
      StartDate: date,
      EndDate: '2100-01-01',
      Page: 1,
    });
    expect([status, text.includes('soap:Client')]).toEqual([500, true]);
  });
});

describe('the login', () => {
  it('is looked at in the order of address, lock, password, right', async () => {
    const { ask, simulator } = await service();
    const hidden = (how = {}): Promise<string> =>
      ask(OPEN, { MsgID: simulator.world.hidden.message, ...EVER }, how).then(
        ({ text }) => /\[(\w+)\]/.exec(text)?.[1] ?? text.slice(-200),
      );
    expect(await hidden()).toContain('The user may not do this');
    for (let n = 0; n < 5; n += 1) expect(await hidden({ password: 'x' })).toBe('InvalidLogonAttempt');
    expect(await hidden()).toBe('LoginAttemptsExceeded');
    simulator.switches.prohibitedAddress = true;
    expect(await hidden()).toBe('ProhibitedIPAddress');
    simulator.switches.prohibitedAddress = false;
    simulator.mutate['user.unlock']();
    expect(await hidden({ user: 'somebody' })).toBe('InvalidLogonAttempt');
    expect(JSON.stringify(simulator.calls)).not.toContain('s3cret');
  });
});

describe('a report', () => {
  it('comes in pages, and past its end without rows', async () => {
    const { ask, simulator } = await service({ switches: { pageSize: 4 } });
    const { id, recipients } = simulator.world.messages[0] as { id: number; recipients: number };
    const pages = await Promise.all([0, 1, 2, 3, 4].map(async (Page) => (await ask(SENT, { MsgID: id, Page })).all('EmailAddress')));
    expect(pages[0]).toEqual(pages[1]);
    expect(pages.slice(1).map((page) => page.length)).toEqual([4, 4, recipients - 8, 0]);
    expect(new Set(pages.slice(1).flat()).size).toBe(recipients);
    simulator.switches.shiftPages = true;
    expect((await ask(SENT, { MsgID: id, Page: 2 })).all('EmailAddress')[0]).toBe(pages[1]?.at(-1));
  });

  it('writes "no rows" in any of the ways there are', async () => {
    const { ask, simulator } = await service();
    const seen: string[] = [];
    for (const empty of ['empty', 'absent', 'nil-row', 'self-closed'] as const) {
      simulator.switches.empty = empty;
      seen.push(
        /<soap:Body>(.*)<\/soap:Body>/
          .exec((await ask(SENT, { MsgID: simulator.world.messages[0]?.id as number, Page: 99 })).text)?.[1]
          ?.replace(` xmlns="${NAMESPACE}"`, '') ?? '',
      );
    }
    const nothing = '<WSException xsi:nil="true" />';
    expect(seen).toEqual([
      `<${SENT}Response><${SENT}Result />${nothing}</${SENT}Response>`,
      `<${SENT}Response>${nothing}</${SENT}Response>`,
      `<${SENT}Response><${SENT}Result><WSMessageRecipient xsi:nil="true" /></${SENT}Result>${nothing}</${SENT}Response>`,
      `<${SENT}Response />`,
    ]);
  });

  it('holds what happened from its start until before its end, or with it', async () => {
    const { ask, simulator } = await service();
    const message = simulator.world.messages[0]?.id as number;
    simulator.mutate['event.add']({ kind: 'opens', message, address: 'edge@x', at: Date.UTC(2026, 0, 1) });
    const holds = async (StartDate: string, EndDate: string): Promise<boolean> =>
      (await ask(OPEN, { MsgID: message, StartDate, EndDate, Page: 1 })).all('EmailAddress').includes('edge@x');
    expect([
      await holds('2026-01-01', '2026-01-02'),
      await holds('2025-12-31', '2026-01-01'),
      await holds('2026-01-01T00:00:01', '2026-01-02'),
    ]).toEqual([true, false, false]);
    simulator.switches.inclusiveEnd = true;
    expect(await holds('2025-12-31', '2026-01-01')).toBe(true);
    simulator.switches.timeZone = 'America/Chicago';
    expect(await holds('2025-12-31T18:00:00', '2025-12-31T18:00:01')).toBe(true);
  });

  it('has repeated events, ties, other spellings, and no order', async () => {
    const { simulator } = await service({ events: 2_000 });
    const [message] = simulator.world.messages;
    const clicks = simulator.world.events('clicks', message as never);
    const times = new Map<string, number[]>();
    for (const { address, at } of clicks) times.set(String(address), [...(times.get(String(address)) ?? []), at as number]);
    const repeated = [...times.values()].filter((all) => all.length > 1);
    expect(repeated.length).toBeGreaterThan(2);
    expect(repeated.some((all) => new Set(all).size < all.length)).toBe(true);
    expect(clicks.some(({ address }) => address !== address?.toLowerCase())).toBe(true);
    expect(clicks.map(({ at }) => at)).not.toEqual(clicks.map(({ at }) => at as number).sort((a, b) => a - b));
    expect(clicks.every(({ contactId }) => contactId.startsWith('0'))).toBe(true);
    expect(simulator.truth.rows('message_clicks').filter(({ MsgID }) => MsgID === message?.id)).toHaveLength(times.size);
  });
});

describe('messages', () => {
  it('count what their reports hold, also as time goes on', async () => {
    const { ask, simulator } = await service();
    const [last] = simulator.world.messages.slice(-1);
    const count = async (): Promise<[number, number]> => {
      const { all } = await ask('ReportListMessageActivity', { ListID: last?.list.id as number, ...EVER, IncludeTestMessages: 'true' });
      const at = all('MsgID').indexOf(String(last?.id));
      return [Number(all('OpenCount')[at]), (await ask(OPEN, { MsgID: last?.id as number, ...EVER, Page: 1 })).all('EmailAddress').length];
    };
    const [counter, rows] = await count();
    expect(counter).toBe(rows);
    simulator.mutate['event.add']({ kind: 'opens', message: last?.id as number, at: simulator.clock.now() + 60_000 });
    expect(await count()).toEqual([rows, rows]);
    simulator.clock.advance(61_000);
    expect(await count()).toEqual([rows + 1, rows + 1]);
  });

  it('show tests only when asked to, and one twice that was sent twice', async () => {
    const { ask, simulator } = await service();
    const ids = async (IncludeTestMessages?: string): Promise<string[]> =>
      (
        await Promise.all(
          [1_001, 1_002, 1_003].map(async (ListID) =>
            (
              await ask('ReportListMessageActivity', {
                ListID,
                ...EVER,
                ...(IncludeTestMessages === undefined ? {} : { IncludeTestMessages }),
              })
            ).all('MsgID'),
          ),
        )
      ).flat();
    const all = await ids('true');
    const tests = simulator.world.messages.filter(({ test }) => test).map(({ id }) => String(id));
    expect(tests.length).toBe(1);
    expect(all.length).toBe(simulator.world.messages.length + 1);
    expect((await ids()).sort()).toEqual(all.filter((id) => !tests.includes(id)).sort());
  });
});

describe('a fault', () => {
  it.each(SOAP_FAULTS)('%s is sent where it was asked for, and nowhere else', async (name) => {
    const { ask, simulator } = await service();
    const [first, second] = simulator.world.messages;
    const good = await ask(SENT, { MsgID: first?.id as number, Page: 1 });
    simulator.soapFaults.add({ name, operation: SENT, id: first?.id as number, after: 1, times: 1 });
    expect((await ask(SENT, { MsgID: first?.id as number, Page: 1 })).text).toBe(good.text);
    expect((await ask(SENT, { MsgID: second?.id as number, Page: 1 })).status).toBe(200);
    const bad = await ask(SENT, { MsgID: first?.id as number, Page: 1 });
    expect(bad.text).not.toBe(good.text);
    expect(bad.status).toBe(
      {
        'fault-200': 200,
        'ws-exception': 200,
        'html-200': 200,
        'truncated-xml': 200,
        'illegal-char': 200,
        notice: 200,
        'result-text': 200,
        'result-nil': 200,
        'result-twice': 200,
        'result-commented': 200,
        'result-cdata': 200,
        'other-response': 200,
        'two-responses': 200,
        'iis-404': 404,
        'iis-404-broken': 404,
        'bad-gateway': 502,
        'bad-gateway-empty': 502,
        unavailable: 503,
      }[name as string] ?? 500,
    );
    expect((await ask(SENT, { MsgID: first?.id as number, Page: 1 })).text).toBe(good.text);
  });
});

it('describes itself as we do', async () => {
  const { simulator } = await service();
  const told = await (await fetch(`${simulator.url}/v31/IntegrationService.asmx?WSDL`)).text();
  const described = async (text: string): Promise<unknown> => {
    const wsdl = await new Promise<WSDL>((resolve, reject) => {
      const parsed = new WSDL(text, 'x.wsdl', {});
      parsed.onReady((error: unknown) => (error ? reject(new Error(String(error))) : resolve(parsed)));
    });
    return JSON.parse(JSON.stringify(new Client(wsdl).describe()));
  };
  const [theirs, ours] = [await described(told), await described(listrakWsdl)];
  expect(
    Object.keys((ours as { IntegrationService: { IntegrationServiceSoap: object } }).IntegrationService.IntegrationServiceSoap),
  ).toHaveLength(9);
  expect(theirs).toEqual(ours);
});
