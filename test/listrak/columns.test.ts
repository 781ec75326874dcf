import { describe, expect, it } from 'vitest';
import type { ListrakApi } from '../../producers/listrak/api.ts';
import { listrak } from '../../producers/listrak/index.ts';
import { listrakSettings } from '../../producers/listrak/settings.ts';
import type { Reader, Row } from '../../src/core/types.ts';
import { compileRecord } from '../support/records.ts';
import { client, engine } from '../sdk/harness.ts';
import { serve } from '../sdk/server.ts';
import type { ListrakTable } from '../../simulators/listrak/options.ts';

const NS = 'http://webservices.listrak.com/v31/';
const NIL = '<WSException xsi:nil="true" />';

/** An answer as the service writes it, and the record that must come of it: nothing here is taken from the definitions. */
const told: Record<ListrakTable, { operation: string; xml: string; record: object }> = {
  lists: {
    operation: 'GetContactListCollection',
    xml: `<WSContactList><ListID>1001</ListID><ListName>News &amp; offers</ListName><CreateDate>2015-08-31T16:02:41.65</CreateDate><FromName></FromName><FromEmail>shop@x.example</FromEmail><EnableRemovalLink>true</EnableRemovalLink><EnableBrowserLink>false</EnableBrowserLink><bounceHandling>2</bounceHandling><EnableDoubleOptin>true</EnableDoubleOptin><EnableListHygiene>false</EnableListHygiene><Vmta><VmtaID>41</VmtaID><Description>Pool 1</Description></Vmta><ShowEmailList>true</ShowEmailList><ShowAdvancedPersonalization>false</ShowAdvancedPersonalization><BounceUnsubscribeCount>3</BounceUnsubscribeCount><DomainAliasLink>links.x.example</DomainAliasLink><DomainAliasEmail>mail.x.example</DomainAliasEmail><EnableRSS>true</EnableRSS><EnableGoogleAnalytics>false</EnableGoogleAnalytics><GoogleTrackingDomains>only.example</GoogleTrackingDomains><EnableInternationalization>true</EnableInternationalization><EnableDynamicContent>false</EnableDynamicContent><EnableListRemoveHeader>true</EnableListRemoveHeader><DefaultMerchantID>7</DefaultMerchantID></WSContactList>`,
    record: {
      list_id: 1_001,
      list_name: 'News & offers',
      create_date: Date.UTC(2015, 7, 31, 16, 2, 41, 650),
      from_name: '',
      from_email: 'shop@x.example',
      enable_removal_link: true,
      enable_browser_link: false,
      bounce_handling: 2,
      enable_double_optin: true,
      enable_list_hygiene: false,
      vmta_id: 41,
      vmta_description: 'Pool 1',
      show_email_list: true,
      show_advanced_personalization: false,
      bounce_unsubscribe_count: 3,
      domain_alias_link: 'links.x.example',
      domain_alias_email: 'mail.x.example',
      enable_rss: true,
      enable_google_analytics: false,
      google_tracking_domains: '["only.example"]',
      enable_internationalization: true,
      enable_dynamic_content: false,
      enable_list_remove_header: true,
      _extra: '{"DefaultMerchantID":"7"}',
    },
  },
  messages: {
    operation: 'ReportListMessageActivity',
    xml: `<WSMessageActivity><ListID>1001</ListID><MsgID>700001</MsgID><Subject> Tea &lt;3 🍵 </Subject><SendDate>2024-01-31T23:59:59.5</SendDate><DeliverCount>1</DeliverCount><RemoveCount>2</RemoveCount><RemovePercent>3.25</RemovePercent><OpenCount>4</OpenCount><OpenPercent>5.5</OpenPercent><ReadCount>6</ReadCount><ReadPercent>7.75</ReadPercent><ClickCount>8</ClickCount><ClickerCount>9</ClickerCount><RepeatClickerCount>10</RepeatClickerCount><NewClickerCount>11</NewClickerCount><ClickerPercent>12.125</ClickerPercent><OrderTotal>12345.6789</OrderTotal><ConversionCount>14</ConversionCount><AverageOrderValue>15.0000</AverageOrderValue></WSMessageActivity>`,
    record: {
      msg_id: 700_001,
      list_id: 1_001,
      subject: ' Tea <3 🍵 ',
      send_date: Date.UTC(2024, 0, 31, 23, 59, 59, 500),
      deliver_count: 1,
      remove_count: 2,
      remove_percent: 3.25,
      open_count: 4,
      open_percent: 5.5,
      read_count: 6,
      read_percent: 7.75,
      click_count: 8,
      clicker_count: 9,
      repeat_clicker_count: 10,
      new_clicker_count: 11,
      clicker_percent: 12.125,
      order_total: 12_345.6789,
      conversion_count: 14,
      average_order_value: 15,
      _extra: null,
    },
  },
  message_bounces: {
    operation: 'ReportRangeMessageContactBounces',
    xml: '<WSContactBounce><ContactID>0000123</ContactID><EmailAddress>A@x.example</EmailAddress><BounceReason>HardBounce</BounceReason><BounceDetail>550 &lt;A@x&gt;</BounceDetail><BounceDate>8/31/2015 4:02:41 PM</BounceDate><BounceCount>4</BounceCount></WSContactBounce>',
    record: {
      msg_id: 700_001,
      email_address: 'A@x.example',
      contact_id: '0000123',
      bounce_reason: 'HardBounce',
      bounce_detail: '550 <A@x>',
      bounce_date: '8/31/2015 4:02:41 PM',
      bounce_count: 4,
      bounce_date_ts: Date.UTC(2015, 7, 31, 16, 2, 41),
      _extra: null,
    },
  },
  message_clicks: {
    operation: 'ReportRangeMessageContactClick',
    xml: '<WSContactClick><ContactID>0000123</ContactID><EmailAddress>a@x.example</EmailAddress><LinkDescription>Buy</LinkDescription><LinkUrl>https://x.example/?a=1&amp;b=2</LinkUrl><ClickDate>2015-08-31T16:02:41.65</ClickDate></WSContactClick>',
    record: {
      msg_id: 700_001,
      email_address: 'a@x.example',
      contact_id: '0000123',
      link_description: 'Buy',
      link_url: 'https://x.example/?a=1&b=2',
      click_date: '2015-08-31T16:02:41.65',
      click_date_ts: Date.UTC(2015, 7, 31, 16, 2, 41, 650),
      _extra: null,
    },
  },
  message_opens: {
    operation: 'ReportRangeMessageContactOpen',
    xml: '<WSContactOpen><ContactID></ContactID><EmailAddress>a@x.example</EmailAddress><OpenDate>some day</OpenDate></WSContactOpen>',
    record: { msg_id: 700_001, email_address: 'a@x.example', contact_id: null, open_date: 'some day', open_date_ts: null, _extra: null },
  },
  message_reads: {
    operation: 'ReportRangeMessageContactRead',
    xml: '<WSContactRead><EmailAddress>a@x.example</EmailAddress><ReadDate>2015-08-31T16:02:41</ReadDate></WSContactRead>',
    record: {
      msg_id: 700_001,
      email_address: 'a@x.example',
      contact_id: null,
      read_date: '2015-08-31T16:02:41',
      read_date_ts: Date.UTC(2015, 7, 31, 16, 2, 41),
      _extra: null,
    },
  },
  message_sends: {
    operation: 'ReportMessageContactSent',
    xml: '<WSMessageRecipient><EmailAddress>a@x.example</EmailAddress></WSMessageRecipient>',
    record: { msg_id: 700_001, email_address: 'a@x.example', _extra: null },
  },
  message_unsubs: {
    operation: 'ReportRangeMessageContactRemoval',
    xml: '<WSContactRemovalInfo><ContactID>0000123</ContactID><EmailAddress>a@x.example</EmailAddress><AdditionDate>0001-01-01T00:00:00</AdditionDate><RemovalDate>2015-08-31T16:02:41.006</RemovalDate><RemovalMethod>Unsubscribe Link</RemovalMethod></WSContactRemovalInfo>',
    record: {
      msg_id: 700_001,
      email_address: 'a@x.example',
      contact_id: '0000123',
      addition_date: null,
      removal_date: Date.UTC(2015, 7, 31, 16, 2, 41, 6),
      removal_method: 'Unsubscribe Link',
      _extra: null,
    },
  },
  subscribed_contacts: {
    operation: 'ReportRangeSubscribedContacts',
    xml: '<WSContactSubscriptionInfo><ContactID>0000123</ContactID><EmailAddress>a@x.example</EmailAddress><AdditionDate>2015-08-31T16:02:41</AdditionDate><AdditionMethod>API</AdditionMethod></WSContactSubscriptionInfo>',
    record: {
      contact_id: '0000123',
      list_id: 1_001,
      email_address: 'a@x.example',
      addition_date: Date.UTC(2015, 7, 31, 16, 2, 41),
      addition_method: 'API',
      _extra: null,
    },
  },
};

describe('a row as the service writes it', () => {
  it.each(Object.keys(told) as ListrakTable[])('of %s becomes this very record', async (name) => {
    const server = await serve((request, answer) => {
      let body = '';
      request
        .on('data', (chunk) => {
          body += String(chunk);
        })
        .on('end', () => {
          const operation = /v31\/(\w+)"$/.exec(String(request.headers['soapaction']))?.[1] ?? '';
          const { xml } = Object.values(told).find((one) => one.operation === operation) as { xml: string };
          const later = /<Page>(?!1<)/.test(body);
          const exception = body.includes('WSException') ? NIL : '';
          answer
            .writeHead(200, { 'content-type': 'text/xml; charset=utf-8' })
            .end(
              `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body><${operation}Response xmlns="${NS}"><${operation}Result>${later ? '' : xml}</${operation}Result>${exception}</${operation}Response></soap:Body></soap:Envelope>`,
            );
        });
    });
    const settings = listrakSettings.parse({ username: 'user', password: 'secret', base_url: server.url });
    const { http } = client(server.url);
    const api = listrak.connect(settings, { http: () => http, now: Date.now });
    const definition = (table: string) =>
      listrak.tables(settings).find((one) => one.name === table) as ReturnType<typeof listrak.tables>[number];
    const since = Date.UTC(2024, 0, 1);
    const rowsOf = async (table: string): Promise<readonly Row[]> =>
      (await engine(definition(table).read as Reader<ListrakApi>, api, { parents: rowsOf, since, runStart: since + 60 * 86_400_000 }).run())
        .rows;
    const rows = await rowsOf(name);
    expect(rows).toHaveLength(1);
    expect(compileRecord(definition(name))(rows[0] as Row)).toEqual(told[name].record);
  });
});
