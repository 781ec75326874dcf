import { expect, it } from 'vitest';
import { listrak } from '../../producers/listrak/index.ts';
import { listrakSettings } from '../../producers/listrak/settings.ts';
import { client } from '../sdk/harness.ts';
import { serve } from '../sdk/server.ts';

const NS = 'http://webservices.listrak.com/v31/';
const RANGE = { StartDate: '2024-05-01T00:00:00', EndDate: '2024-05-02T00:00:00' };

/** What each operation is asked with, as the vendor's own pages show it. */
const asked = [
  ['GetContactListCollection', {}, ''],
  [
    'ReportListMessageActivity',
    { WSException: null, IncludeTestMessages: true, ...RANGE, ListID: 1_001 },
    '<ListID>1001</ListID><StartDate>2024-05-01T00:00:00</StartDate><EndDate>2024-05-02T00:00:00</EndDate><IncludeTestMessages>true</IncludeTestMessages><WSException xsi:nil="true"></WSException>',
  ],
  ...['Bounces', 'Click', 'Open', 'Read', 'Removal'].map(
    (kind) =>
      [
        `ReportRangeMessageContact${kind}`,
        { Page: 2, ...RANGE, MsgID: 700_123 },
        '<MsgID>700123</MsgID><StartDate>2024-05-01T00:00:00</StartDate><EndDate>2024-05-02T00:00:00</EndDate><Page>2</Page>',
      ] as const,
  ),
  [
    'ReportMessageContactSent',
    { WSException: null, Page: 2, MsgID: 700_123 },
    '<MsgID>700123</MsgID><Page>2</Page><WSException xsi:nil="true"></WSException>',
  ],
  [
    'ReportRangeSubscribedContacts',
    { Page: 2, ...RANGE, ListID: 1_001 },
    '<ListID>1001</ListID><StartDate>2024-05-01T00:00:00</StartDate><EndDate>2024-05-02T00:00:00</EndDate><Page>2</Page>',
  ],
] as const;

it.each(asked)("%s is asked for in the vendor's form, with time enough", async (operation, args, inner) => {
  let [body, action] = ['', ''];
  const server = await serve((request, answer) => {
    action = `${String(request.headers['soapaction'])} ${String(request.headers['content-type'])} ${String(request.url)}`;
    request
      .on('data', (chunk) => {
        body += String(chunk);
      })
      .on('end', () => {
        answer
          .writeHead(200, { 'content-type': 'text/xml; charset=utf-8' })
          .end(
            `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><${operation}Response xmlns="${NS}" /></soap:Body></soap:Envelope>`,
          );
      });
  });
  const { http } = client(server.url);
  const limits: (number | undefined)[] = [];
  const settings = listrakSettings.parse({ username: 'sync-user', password: 's3<&>cret', base_url: server.url });
  const api = listrak.connect(settings, {
    now: Date.now,
    http: () => ({
      ...http,
      post: (path, text, ask) => {
        limits.push(ask.timeoutMs);
        return http.post(path, text, ask);
      },
    }),
  });
  expect(await api.rows(operation, 'Any', args, { signal: new AbortController().signal })).toEqual([]);
  expect(action).toBe(`"${NS}${operation}" text/xml; charset=utf-8 /v31/IntegrationService.asmx`);
  expect(body).toContain(
    `<soap:Header><WSUser xmlns="${NS}"><UserName>sync-user</UserName><Password>s3&lt;&amp;&gt;cret</Password></WSUser></soap:Header>`,
  );
  expect(body).toContain(`<soap:Body><${operation} xmlns="${NS}">${inner}</${operation}></soap:Body>`);
  expect(limits).toEqual([operation === 'ReportListMessageActivity' ? 300_000 : undefined]);
});
