import { inspect } from 'node:util';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { HttpOptions } from '../../src/sdk/http/client.ts';
import { createSoapClient, rowsOf } from '../../src/sdk/soap/client.ts';
import type { SoapArguments, SoapAsk, SoapClient } from '../../src/sdk/soap/client.ts';
import type { JsonObject } from '../../src/core/types.ts';
import { client, type Heard } from './harness.ts';
import { serve } from './server.ts';

const NS = 'http://shop.example/v1/';
const PASSWORD = 'p<a>&s"7%s';

const WSDL = `<definitions xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="${NS}" targetNamespace="${NS}">
<types><s:schema elementFormDefault="qualified" targetNamespace="${NS}">
<s:element name="Orders"><s:complexType><s:sequence><s:element name="From" type="s:dateTime"/><s:element name="To" type="s:dateTime"/><s:element name="Page" type="s:int"/><s:element name="Note" type="s:string" nillable="true"/></s:sequence></s:complexType></s:element>
<s:element name="OrdersResponse"><s:complexType><s:sequence><s:element name="OrdersResult" type="tns:List" minOccurs="0"/></s:sequence></s:complexType></s:element>
<s:complexType name="List"><s:sequence><s:element name="Order" type="tns:Order" minOccurs="0" maxOccurs="unbounded" nillable="true"/></s:sequence></s:complexType>
<s:complexType name="Order"><s:sequence><s:element name="Id" type="s:string" minOccurs="0"/><s:element name="At" type="s:dateTime"/><s:element name="Total" type="s:decimal"/><s:element name="Count" type="s:int"/><s:element name="Paid" type="s:boolean"/><s:element name="Tag" type="s:string" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
<s:element name="User" type="tns:User"/><s:complexType name="User"><s:sequence><s:element name="Name" type="s:string"/><s:element name="Password" type="s:string"/></s:sequence></s:complexType>
</s:schema></types>
<message name="In"><part name="parameters" element="tns:Orders"/></message><message name="Out"><part name="parameters" element="tns:OrdersResponse"/></message>
<portType name="Shop"><operation name="Orders"><input message="tns:In"/><output message="tns:Out"/></operation></portType>
<binding name="Shop" type="tns:Shop"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Orders"><soap:operation soapAction="${NS}Orders" style="document"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
<service name="Shop"><port name="Shop" binding="tns:Shop"><soap:address location="http://elsewhere.example/"/></port></service>
</definitions>`;

const envelope = (body: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>${body}</soap:Body></soap:Envelope>`;
const response = (inner: string): string => envelope(`<OrdersResponse xmlns="${NS}">${inner}</OrdersResponse>`);
const orders = (rows: string): string => response(`<OrdersResult>${rows}</OrdersResult>`);
const fault = (text: string, code = 'soap:Server'): string =>
  envelope(`<soap:Fault><faultcode>${code}</faultcode><faultstring>${text}</faultstring><detail /></soap:Fault>`);

type Answering = string | ((response: ServerResponse) => void);

interface Shop {
  soap: SoapClient;
  heard: Heard;
  bodies: string[];
  actions: string[];
  repaired: number[];
  call(args?: SoapArguments, ask?: Partial<SoapAsk>): Promise<JsonObject | null>;
}

/** Answers in turn, the last one for ever. */
async function shop(answers: readonly Answering[], options: Partial<HttpOptions> = {}): Promise<Shop> {
  const bodies: string[] = [];
  const actions: string[] = [];
  const repaired: number[] = [];
  const server = await serve((request, answer, count) => {
    let text = '';
    request
      .on('data', (chunk) => {
        text += String(chunk);
      })
      .on('end', () => {
        bodies.push(text);
        actions.push(
          `${request.method} ${request.url} ${String(request.headers['soapaction'])} ${String(request.headers['content-type'])}`,
        );
        const spoken = answers[Math.min(count, answers.length) - 1] ?? '';
        if (typeof spoken === 'function') spoken(answer);
        else answer.writeHead(/:Fault>/.test(spoken) ? 500 : 200, { 'content-type': 'text/xml; charset=utf-8' }).end(spoken);
      });
  });
  const { http, heard } = client(server.url, { secrets: [PASSWORD], timeoutMs: 3_000, ...options });
  const soap = createSoapClient({
    http,
    title: 'Shop',
    vendor: 'shop',
    path: '/shop.asmx',
    wsdl: WSDL,
    header: { content: { User: { Name: 'me', Password: PASSWORD } }, namespace: NS },
    fault: ({ text, status }) =>
      text.includes('[Locked]')
        ? { kind: 'config', reach: 'connection', message: `Locked: ${text}` }
        : status === 429 || text === 'None'
          ? undefined
          : { kind: 'transient', code: 'shop:fault', tries: 3, message: `Fault ${status}: ${text}` },
    judge: (result) =>
      rowsOf(result, 'OrdersResult', 'Order')[0]?.['Id'] === 'sorry'
        ? { kind: 'data', code: 'shop:sorry', message: `Sorry, ${PASSWORD}.` }
        : undefined,
    onRepaired: (_operation, count) => repaired.push(count),
  });
  return {
    soap,
    heard,
    bodies,
    actions,
    repaired,
    call: (args = {}, ask = {}) => soap.call('Orders', args, { signal: new AbortController().signal, ...ask }),
  };
}

const thrown = async (work: Promise<unknown>): Promise<TributaryError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TributaryError);
  return error as TributaryError;
};

const html =
  (status: number, body: string) =>
  (answer: ServerResponse): void =>
    void answer.writeHead(status, { 'content-type': 'text/html' }).end(body);

describe('a SOAP request', () => {
  it('goes to the base URL with header, action and arguments in the order of the schema', async () => {
    const { call, bodies, actions } = await shop([orders('')]);
    await call({ Page: 2, Note: null, To: '2024-05-02T00:00:00', From: '2024-05-01T00:00:00' });
    expect(actions).toEqual([`POST /shop.asmx "${NS}Orders" text/xml; charset=utf-8`]);
    expect(bodies[0]).toContain(
      '<From>2024-05-01T00:00:00</From><To>2024-05-02T00:00:00</To><Page>2</Page><Note xsi:nil="true"></Note></Orders>',
    );
    expect(bodies[0]).toContain(`<User xmlns="${NS}"><Name>me</Name><Password>p&lt;a&gt;&amp;s&quot;7%s</Password></User>`);
  });

  it('refuses what the client would write as nothing, and unknown arguments', async () => {
    const { call, bodies } = await shop([orders('')]);
    expect(await thrown(call({ From: new Date() as never }))).toMatchObject({
      kind: 'internal',
      message: 'Orders cannot send the value of From.',
    });
    expect(await thrown(call({ Form: 'x' }))).toMatchObject({ kind: 'internal', message: 'Orders has no parameter Form.' });
    expect(bodies).toEqual([]);
  });
});

describe('a SOAP answer', () => {
  const rows = async (text: string): Promise<unknown> => {
    const { call } = await shop([text]);
    return rowsOf(await call(), 'OrdersResult', 'Order');
  };

  it('keeps times, decimals and numbers as they were written', async () => {
    expect(
      await rows(
        orders(
          '<Order><Id>007</Id><At>2015-08-31T16:02:41.65</At><Total>12345678901234.567890</Total><Count>9007199254740993</Count><Paid>true</Paid></Order>',
        ),
      ),
    ).toEqual([{ Id: '007', At: '2015-08-31T16:02:41.65', Total: '12345678901234.567890', Count: '9007199254740993', Paid: true }]);
  });

  it('gives one row and one repeated element as arrays', async () => {
    expect(await rows(orders('<Order><Id>1</Id><Tag>only</Tag></Order>'))).toEqual([{ Id: '1', Tag: ['only'] }]);
  });

  it('keeps white space, empty texts and CDATA, and leaves missing ones out', async () => {
    expect(await rows(orders('<Order><Id>  a b\n</Id><Tag></Tag><Tag> </Tag><Tag><![CDATA[<b> & c]]></Tag></Order>'))).toEqual([
      { Id: '  a b\n', Tag: ['', ' ', '<b> & c'] },
    ]);
  });

  it('shows elements that the description does not know', async () => {
    expect(await rows(orders('<Order><Id>1</Id><New>x</New><Box><In>1</In></Box></Order>'))).toEqual([
      { Id: '1', New: 'x', Box: { In: '1' } },
    ]);
  });

  it.each([
    ['no result', response('')],
    ['an empty result', response('<OrdersResult />')],
    ['a nil row', orders('<Order xsi:nil="true" />')],
    ['an empty row', orders('<Order />')],
    ['a response without anything', envelope(`<OrdersResponse xmlns="${NS}" />`)],
    ['a prefixed one', envelope(`<x:OrdersResponse xmlns:x="${NS}"/>`)],
  ])('holds no rows with %s', async (_name, text) => {
    expect(await rows(text)).toEqual([]);
  });

  it('hides no row that holds nothing among others', async () => {
    expect(await rows(orders('<Order /><Order><Id>1</Id></Order><Order xsi:nil="true" />'))).toEqual([{}, { Id: '1' }, {}]);
  });

  it('is repaired where it holds references that XML forbids, and those are counted', async () => {
    const { call, repaired, heard } = await shop([orders('<Order><Id>a&#x1F;b&#0;&#xFFFE;c&#10;&#x1F600;</Id></Order>')]);
    expect(rowsOf(await call(), 'OrdersResult', 'Order')).toEqual([{ Id: 'a\uFFFDb\uFFFD\uFFFDc\n😀' }]);
    expect(repaired).toEqual([3]);
    expect(heard.troubles).toEqual([]);
  });
});

describe('an answer that is no data', () => {
  it.each<[string, Answering]>([
    ['a well-formed web page', html(200, '<html><head/><body><h1>Hi</h1></body></html>')],
    ['a web page that is not well-formed', html(200, '<!DOCTYPE html><html><br><body>')],
    ['a bad gateway', html(502, '<html><body>502</body></html>')],
    ['a bad gateway without a body', html(502, '')],
    ['plain text', (answer) => void answer.writeHead(200).end('try later')],
    ['an empty body', ''],
    ['XML that stops in the middle', orders('<Order><Id>1').slice(0, -40)],
    ['other XML', '<other/>'],
    ['an envelope without a body', '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"/>'],
    ["an envelope with somebody else's answer", envelope('<ThingsResponse/>')],
    ['a response of another name beside it', envelope(`<OrdersResponse xmlns="${NS}"/><Note/>`)],
    ['a response of another namespace', envelope('<OrdersResponse xmlns="urn:other"/>')],
    ['a response that holds something else', response('<Notice>moved</Notice>')],
    ['text instead of a result', response('moved')],
    ['text in the result', orders('moved')],
    ['CDATA in the result', orders('<![CDATA[<Order/>]]>')],
    ['a nil result', response('<OrdersResult xsi:nil="true"/>')],
    ['two results', response('<OrdersResult/><OrdersResult/>')],
    ['a result in a comment', response('<!--<OrdersResult><Order><Id>1</Id></Order></OrdersResult>-->')],
    ['rows in a comment', orders('<!--<Order><Id>1</Id></Order>-->')],
    ['rows of another kind', orders('<Thing><Id>1</Id></Thing>')],
    ['a row that is text', orders('<Order>1</Order>')],
    ['a row that says one thing twice', orders('<Order><Id>1</Id><Id>2</Id></Order>')],
    ['an envelope of another namespace', '<Envelope xmlns="urn:other"><Body/></Envelope>'],
    ['two bodies', orders('').replace('<soap:Body>', '<soap:Body/><soap:Body>')],
    ['elements nested a thousand levels', orders(`<Order>${'<a>'.repeat(1_000)}${'</a>'.repeat(1_000)}</Order>`)],
    [
      'a document type with entities',
      `<!DOCTYPE x [<!ENTITY a "b"><!ENTITY f SYSTEM "file:///etc/hostname">]>${orders('<Order><Id>&a;&f;</Id></Order>').replace(/<\?.*?\?>/, '')}`,
    ],
    ['an entity of its own', orders('<Order><Id>&secret;</Id></Order>')],
    [
      'a reset',
      (answer) => {
        answer.socket?.resetAndDestroy();
      },
    ],
    [
      'a body cut short',
      (answer) => {
        answer.writeHead(200, { 'content-length': '1000' });
        answer.write('<soap');
        setTimeout(() => answer.destroy(), 10);
      },
    ],
  ])('is asked for again: %s', async (_name, bad) => {
    const { call, heard } = await shop([bad, orders('<Order><Id>1</Id></Order>')]);
    expect(rowsOf(await call(), 'OrdersResult', 'Order')).toEqual([{ Id: '1' }]);
    expect(heard.troubles).toMatchObject([{ kind: 'transient', remedy: expect.any(String) }]);
    expect(heard).toMatchObject({ recovered: 1, requests: [{ endpoint: 'Orders' }, { endpoint: 'Orders' }] });
  });

  it.each([
    ['a web page', '<!DOCTYPE html><html>Sign in</html>', /with a web page instead of data/],
    ['nothing', '', /with an empty body instead of data/],
    ['JSON', '{"ok":true}', /with something that is not SOAP instead of data/],
  ])('is told from SOAP when it is %s', async (_how, bad, message) => {
    const { call, heard } = await shop([bad, orders('<Order><Id>1</Id></Order>')]);
    await call();
    expect(heard.troubles).toMatchObject([
      { kind: 'transient', code: 'shop:invalid_xml', message: expect.stringMatching(message), remedy: expect.stringMatching(/base_url/) },
    ]);
  });

  it.each([
    ['stops in the middle', orders('<Order><Id>1').slice(0, -40)],
    ['holds nothing', '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"/>'],
    ['is a fault that means nothing', envelope('<soap:Fault><faultcode>x</faultcode><faultstring>None</faultstring></soap:Fault>')],
  ])('is not asked for again without an end when it is SOAP that %s', async (_how, bad) => {
    const { call, bodies } = await shop([(answer) => void answer.writeHead(200, { 'content-type': 'text/xml' }).end(bad)]);
    expect(await thrown(call())).toMatchObject({
      kind: 'transient',
      code: 'shop:broken_xml',
      message: 'Shop Orders sent a SOAP answer that cannot be read.',
    });
    expect(bodies).toHaveLength(5);
  });

  it('is waited for as long as the service says, also when it says it with a fault', async () => {
    const { call, heard } = await shop([
      (answer) => void answer.writeHead(429, { 'content-type': 'text/xml', 'retry-after': '2' }).end(fault('Slow down')),
      orders('<Order><Id>1</Id></Order>'),
    ]);
    const asked = Date.now();
    expect(rowsOf(await call(), 'OrdersResult', 'Order')).toEqual([{ Id: '1' }]);
    expect(Date.now() - asked).toBeGreaterThanOrEqual(1_950);
    expect(heard.throttled[0]?.until).toBeGreaterThanOrEqual(asked + 1_950);
    expect(heard.troubles).toEqual([]);
  });

  it('may be found in what it holds', async () => {
    const { call, bodies } = await shop([orders('<Order><Id>sorry</Id></Order>')]);
    expect(await thrown(call())).toMatchObject({ kind: 'data', code: 'shop:sorry', message: 'Sorry, ***.' });
    expect(bodies).toHaveLength(1);
  });

  it('is given up after the tries its verdict allows', async () => {
    const { call, heard, bodies } = await shop([fault('Busy')]);
    expect(await thrown(call())).toMatchObject({ kind: 'transient', code: 'shop:fault', message: 'Fault 500: Busy' });
    expect([bodies.length, heard.troubles.length]).toEqual([3, 2]);
  });

  it('is given as many tries whatever else went wrong before', async () => {
    const { call, bodies } = await shop([
      html(502, ''),
      html(503, ''),
      '',
      html(502, ''),
      fault('Busy'),
      fault('Busy'),
      orders('<Order><Id>1</Id></Order>'),
    ]);
    expect(rowsOf(await call(), 'OrdersResult', 'Order')).toEqual([{ Id: '1' }]);
    expect(bodies).toHaveLength(7);
  });

  it("is a fault whatever its status, and what the service means by it is up to the vendor's rules", async () => {
    const { call, bodies } = await shop([
      (answer) => void answer.writeHead(200, { 'content-type': 'text/xml' }).end(fault('Server was unable ---&gt; [Locked] out')),
    ]);
    expect(await thrown(call())).toMatchObject({
      kind: 'config',
      reach: 'connection',
      message: 'Locked: Server was unable ---> [Locked] out',
    });
    expect(bodies).toHaveLength(1);
  });

  it('is not waited for without an end, and given up after so many time-outs', async () => {
    const { call, heard } = await shop([() => undefined], { timeoutMs: 150 });
    expect(await thrown(call({}, { maxTimeouts: 2 }))).toMatchObject({ kind: 'transient', code: 'vendor:timeout' });
    expect(heard.requests).toEqual([
      { endpoint: 'Orders', status: 'error' },
      { endpoint: 'Orders', status: 'error' },
    ]);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const { call } = await shop([
      () => {
        stop.abort();
      },
    ]);
    expect(await thrown(call({}, { signal: stop.signal }))).toMatchObject({ kind: 'stopped' });
  });

  it('shows the password nowhere', async () => {
    const { call, soap, heard } = await shop([fault(`No &lt; ${PASSWORD.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}`)]);
    const error = await thrown(call());
    await thrown(call({}, { maxTries: 1 }));
    expect(inspect([error, soap, heard], { depth: 12, showHidden: true })).not.toContain(PASSWORD);
    expect(error.message).toContain('***');
  });
});

it('serves calls at the same time', async () => {
  let held: ServerResponse | undefined;
  const { soap } = await shop([
    (answer) => {
      held = answer;
    },
    (answer) => {
      answer.end(orders('<Order><Id>second</Id></Order>'));
      setTimeout(() => held?.end(orders('<Order><Id>first</Id></Order>')), 20);
    },
  ]);
  const signal = new AbortController().signal;
  const results = await Promise.all([1, 2].map((Page) => soap.call('Orders', { Page }, { signal })));
  expect(results.map((result) => rowsOf(result, 'OrdersResult', 'Order')[0]?.['Id']).sort()).toEqual(['first', 'second']);
});
