import { pendo } from '../../producers/pendo/index.ts';
import type { Row } from '../../src/core/types.ts';
import { describeSource, type TableSubject } from '../conformance/describe-source.ts';
import type { ListName } from '../../simulators/pendo/mutations.ts';
import type { PendoTable } from '../../simulators/pendo/options.ts';
import { DEFAULT_KEY, startPendoSimulator, type PendoSimulator } from '../../simulators/pendo/simulator.ts';
import type { RawEvent } from '../../simulators/pendo/world.ts';

type Subject = TableSubject<PendoSimulator>;

const DAY = 86_400_000;
const empty = '{"startTime":1,"results":null}';
let made = 0;
const fresh = (): string => `n${(made += 1)}`;
const holds = (table: PendoTable): Pick<Subject, 'truth'> => ({ truth: (vendor) => vendor.truth.rows(table) as unknown as Row[] });
/** The name an aggregation is sent under. */
const named = (name: string): { on: string; requestBody: string } => ({
  on: 'POST /api/v1/aggregation',
  requestBody: `"requestId":"${name}"`,
});

function objects(table: PendoTable, list: ListName): Subject {
  const added: string[] = [];
  return {
    ...holds(table),
    lists: named(list),
    empty,
    stopAfter: 1,
    add: ({ change }) => void added.push(change['row.add']({ list })),
    change: ({ change, truth }) =>
      void change['row.change']({ list, id: String(truth.rows(table)[0]?.['id']), changes: { name: fresh() } }),
    remove: ({ change }) => void change['row.delete']({ list, id: added.pop() ?? '' }),
  };
}

function people(table: 'accounts' | 'visitors', id: string): Subject {
  const added: string[] = [];
  const touch = ({ change }: PendoSimulator): void =>
    change['metadata.set']({ list: table, id, group: 'custom', values: { tier: fresh() } });
  return {
    ...holds(table),
    lists: named(table),
    empty,
    stopAfter: 1,
    edge: touch,
    add: ({ change }) => void added.push(change['row.add']({ list: table })),
    change: touch,
    remove: ({ change }) => void change['row.delete']({ list: table, id: added.pop() ?? '' }),
  };
}

const schema = (table: PendoTable, of: 'account' | 'visitor'): Subject => ({
  ...holds(table),
  lists: `GET /api/v1/metadata/schema/${of}`,
  // No schema at all: a subscription has fields of the vendor's own.
  empty: '{}',
  add: ({ change }) => change['field.set']({ of, name: fresh(), descriptor: { Type: 'string', DisplayName: 'Fresh' } }),
  change: ({ change }) => change['field.set']({ of, name: 'seats', descriptor: { Type: 'integer', DisplayName: fresh() } }),
  remove: ({ change }) => change['field.set']({ of, name: 'odd' }),
});

function events(table: PendoTable, source: string, kind: RawEvent['kind']): Subject {
  const add = ({ change }: PendoSimulator): void => change['event.add']({ kind, tabId: fresh() });
  return { ...holds(table), lists: named(source), add, edge: add, stopAfter: 6 };
}

const HISTORY = { enabled: true, max_visitors: 1_000, max_calls: 100_000 };

const lists = {
  metadata_accounts: schema('metadata_accounts', 'account'),
  metadata_visitors: schema('metadata_visitors', 'visitor'),
  accounts: people('accounts', 'acct-0'),
  visitors: people('visitors', 'two words'),
  features: objects('features', 'features'),
  pages: objects('pages', 'pages'),
  guides: objects('guides', 'guides'),
  track_types: objects('track_types', 'trackTypes'),
};

describeSource<PendoSimulator>({
  source: pendo,
  sheet: [
    'accounts',
    'visitors',
    'features',
    'pages',
    'guides',
    'track_types',
    'metadata_accounts',
    'metadata_visitors',
    'events',
    'feature_events',
    'page_events',
    'track_events',
    'guide_events',
    'poll_events',
    'visitor_history',
  ],
  async start() {
    const vendor = await startPendoSimulator({
      now: Date.UTC(2026, 2, 12, 16),
      days: 6,
      visitors: 60,
      anonymous: 10,
      accounts: 25,
      features: 25,
      pages: 25,
      guides: 25,
      trackTypes: 25,
      sessions: 300,
      limits: { enabled: false },
    });
    for (const subject of Object.values(lists)) subject.add?.(vendor);
    return vendor;
  },
  settings: (vendor) => ({
    integration_key: DEFAULT_KEY,
    base_url: vendor.url,
    record_limit: 20,
    requests_per_second: 100_000,
    visitor_history: HISTORY,
  }),
  wrongKey: (vendor) => ({
    settings: { integration_key: 'wrong-key-4b1d9e7c', base_url: vendor.url, visitor_history: HISTORY },
    setting: 'integration_key',
  }),
  secrets: () => [DEFAULT_KEY],
  settleMs: DAY + 1_000,
  tables: {
    ...lists,
    events: events('events', 'events', 'page'),
    feature_events: events('feature_events', 'featureEvents', 'feature'),
    page_events: events('page_events', 'pageEvents', 'page'),
    track_events: events('track_events', 'trackEvents', 'track'),
    guide_events: events('guide_events', 'guideEvents', 'guide'),
    poll_events: events('poll_events', 'pollEvents', 'poll'),
    // The visitors with news are asked for in every run, their days only when there are some.
    visitor_history: {
      ...holds('visitor_history'),
      lists: ['GET /api/v1/visitor/*', named('newest_visitors')],
      add: ({ change }) => change['event.add']({ kind: 'feature', tabId: fresh() }),
      stopAfter: 60,
    },
  },
});
