import { listrak } from '../../producers/listrak/index.ts';
import type { Row } from '../../src/core/types.ts';
import { describeSource, type TableSubject } from '../conformance/describe-source.ts';
import type { EventKind, ListrakTable } from '../../simulators/listrak/options.ts';
import { PASSWORD, startListrakSimulator, USER, type ListrakSimulator } from '../../simulators/listrak/simulator.ts';
import { fault } from '../../simulators/listrak/xml.ts';
import { TABLES } from './harness.ts';

type Subject = TableSubject<ListrakSimulator>;

const DAY = 86_400_000;
let made = 0;
const fresh = (): string => `n${(made += 1)}`;
const about = (table: ListrakTable, operation: string): Pick<Subject, 'truth' | 'lists'> => ({
  truth: (vendor) => vendor.truth.rows(table) as unknown as Row[],
  lists: { requestBody: `<${operation}` },
});

/** Somebody's first event, and a later one of somebody who had some. `pages` is how many a message has. */
const events = (kind: EventKind, operation: string, pages: number): Subject => ({
  ...about(`message_${kind}`, operation),
  stopAfter: pages + 2,
  add: ({ mutate, world }) => void mutate['event.add']({ kind, message: world.messages[2]?.id as number }),
  change: ({ mutate, world }) =>
    void mutate['event.add']({
      kind,
      message: world.messages[3]?.id as number,
      address: world.events(kind, world.messages[3] as never)[0]?.address as string,
      link: 4,
    }),
  edge: ({ mutate, clock }) => void mutate['event.add']({ kind, at: clock.now() }),
});

describeSource<ListrakSimulator>({
  source: listrak,
  sheet: TABLES,
  async start() {
    const vendor = await startListrakSimulator({
      lists: 3,
      messages: 8,
      days: 300,
      contacts: 75,
      events: 480,
      sends: 160,
      switches: { pageSize: 10 },
    });
    // Nothing that was sent goes on by itself.
    vendor.clock.advance(60 * DAY);
    return vendor;
  },
  settings: (vendor) => ({ username: USER, password: PASSWORD, base_url: vendor.url, concurrency: 1, full_pass_every: '1h' }),
  wrongKey: (vendor) => ({ settings: { username: USER, password: 'wrong-4b1d9e', base_url: vendor.url }, setting: 'password' }),
  secrets: () => [PASSWORD],
  settleMs: 3_600_000,
  edgeSeconds: 10,
  contentType: 'text/xml; charset=utf-8',
  refusal: (_status, text) => String(fault(text).body),
  tables: {
    lists: { ...about('lists', 'GetContactListCollection'), change: ({ mutate }) => mutate['list.rename']({ name: fresh() }) },
    messages: {
      ...about('messages', 'ReportListMessageActivity'),
      restarts: 'There is one call per list and window; all together they come again.',
      add: ({ mutate }) => void mutate['message.send']({}),
      change: ({ mutate, world }) => mutate['message.subject']({ id: world.messages[0]?.id as number, subject: fresh() }),
    },
    message_bounces: events('bounces', 'ReportRangeMessageContactBounces', 1),
    message_clicks: events('clicks', 'ReportRangeMessageContactClick', 1),
    message_opens: events('opens', 'ReportRangeMessageContactOpen', 3),
    message_reads: events('reads', 'ReportRangeMessageContactRead', 2),
    message_sends: {
      ...about('message_sends', 'ReportMessageContactSent'),
      stopAfter: 8,
      add: ({ mutate, world }) => mutate['message.deliver']({ id: world.messages[1]?.id as number }),
    },
    message_unsubs: events('unsubs', 'ReportRangeMessageContactRemoval', 1),
    subscribed_contacts: {
      ...about('subscribed_contacts', 'ReportRangeSubscribedContacts'),
      stopAfter: 6,
      add: ({ mutate }) => void mutate['contact.add']({}),
      edge: ({ mutate, clock }) => void mutate['contact.add']({ at: clock.now() }),
    },
  },
});
