import type { EventKind, Switches } from './options.ts';
import type { VendorRow } from './xml.ts';
import { DAY } from '../kit/durations.ts';
import { distinct, type SimEvent, type SimList, type SimMessage, type World } from './world.ts';
import { americanText, dateTimeText } from './zone.ts';

const NEVER = '0001-01-01T00:00:00';
export const METHODS = ['Subscribe Form', 'Import', 'API'] as const;
const REASONS = ['HardBounce', 'SoftBounce', 'BlockedContent'] as const;

/** Converts domain objects to the rows the service returns. */
export function rowsOf(world: World, switches: Switches) {
  const time = (at: number): string => dateTimeText(switches.timeZone, at);
  const textTime = (at: number | undefined): string =>
    at === undefined ? 'some day' : switches.textDates === 'american' ? americanText(switches.timeZone, at) : time(at);
  const percent = (part: number, of: number): string => (of === 0 ? '0' : ((100 * part) / of).toFixed(4));

  function list({ id, name, created, index }: SimList): VendorRow {
    return {
      ListID: id,
      ListName: name,
      CreateDate: created === undefined ? NEVER : time(created),
      FromName: index === 0 ? '' : `Shop ${index}`,
      FromEmail: `shop${index}@shop.example`,
      EnableRemovalLink: true,
      EnableBrowserLink: index % 2 === 0,
      bounceHandling: index % 3,
      EnableDoubleOptin: false,
      EnableListHygiene: true,
      Vmta: index === 0 ? null : { VmtaID: 40 + index, Description: `Pool ${index}` },
      ShowEmailList: true,
      ShowAdvancedPersonalization: false,
      BounceUnsubscribeCount: 3,
      DomainAliasLink: index === 0 ? null : 'links.shop.example',
      DomainAliasEmail: null,
      EnableRSS: false,
      EnableGoogleAnalytics: index % 3 !== 0,
      GoogleTrackingDomains: [null, ['shop.example'], ['shop.example', 'b.example', 'c.example']][index % 3] as string[] | null,
      EnableInternationalization: true,
      EnableDynamicContent: false,
      EnableListRemoveHeader: true,
    };
  }

  /** One row for each time a message was sent; earlier ones have smaller counters. */
  function message(one: SimMessage): { readonly at: number; readonly row: VendorRow }[] {
    const now = world.now();
    const counted = (kind: EventKind): SimEvent[] => world.events(kind, one);
    const [opens, reads, clicks, unsubs] = [counted('opens'), counted('reads'), counted('clicks'), counted('unsubs')];
    const clickers = distinct(clicks);
    return one.sent
      .filter((at) => at <= now)
      .map((at, number, all) => {
        const deliveries = one.recipients - (all.length - 1 - number);
        const orders = Math.floor(clicks.length / 10);
        return {
          at,
          row: {
            ListID: one.list.id,
            MsgID: one.id,
            Subject: one.subject,
            SendDate: time(at),
            DeliverCount: deliveries,
            RemoveCount: unsubs.length,
            RemovePercent: percent(unsubs.length, deliveries),
            OpenCount: opens.length,
            OpenPercent: percent(opens.length, deliveries),
            ReadCount: reads.length,
            ReadPercent: percent(reads.length, deliveries),
            ClickCount: clicks.length,
            ClickerCount: clickers,
            RepeatClickerCount: clicks.length - clickers,
            NewClickerCount: Math.floor(clickers / 2),
            ClickerPercent: percent(clickers, deliveries),
            OrderTotal: (orders * 19.99).toFixed(4),
            ConversionCount: orders,
            AverageOrderValue: orders === 0 ? '0' : '19.9900',
          },
        };
      });
  }

  function event(kind: EventKind, { address, contactId, at, link, bounces }: SimEvent): VendorRow {
    const who = { ContactID: contactId, EmailAddress: address };
    switch (kind) {
      case 'bounces':
        return {
          ...who,
          BounceReason: REASONS[bounces % 3] as string,
          BounceDetail: bounces % 2 === 0 ? '' : `550 5.1.${bounces} <${address ?? ''}>`,
          BounceDate: textTime(at),
          BounceCount: bounces,
        };
      case 'clicks':
        return {
          ...who,
          LinkDescription: link === 0 ? null : `Link ${link}`,
          LinkUrl: `https://shop.example/p/${link}?a=1&b=<${link}>`,
          ClickDate: textTime(at),
        };
      case 'opens':
        return { ...who, OpenDate: textTime(at) };
      case 'reads':
        return { ...who, ReadDate: textTime(at) };
      case 'unsubs':
        return {
          ...who,
          AdditionDate: time((at ?? 0) - 100 * DAY),
          RemovalDate: at === undefined ? NEVER : time(at),
          RemovalMethod: 'Unsubscribe Link',
        };
    }
  }

  const subscriber = (one: SimList, number: number): VendorRow => ({
    ContactID: world.contactId(one, number),
    EmailAddress: world.address(one, number),
    AdditionDate: time(one.added[number] as number),
    AdditionMethod: METHODS[number % 3] as string,
  });

  return { list, message, event, subscriber };
}
