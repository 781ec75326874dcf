import { klaviyo } from '../../producers/klaviyo/index.ts';
import type { Row } from '../../src/core/types.ts';
import { describeSource, type TableSubject } from '../conformance/describe-source.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';

const HOUR = 3_600_000;
const nothing = '{"data":[],"links":{"self":"","next":null,"prev":null}}';
const inAttributes = (row: Row, name: string): Row => ({ ...row, attributes: { ...(row.attributes as Row), [name]: 1 } });

/** Metrics that come and go have no events, so that no event's metric changes its name. */
const addedMetrics: string[] = [];
const firstMetric = (vendor: KlaviyoSimulator): string => [...vendor.truth.metrics()][0]?.id ?? '';

const metric: TableSubject<KlaviyoSimulator> = {
  *truth(vendor) {
    for (const row of vendor.truth.metrics()) yield row.resource();
  },
  lists: 'GET /api/metrics',
  stopAfter: 1,
  empty: nothing,
  unknown: inAttributes,
  add: (vendor) => void addedMetrics.push(...vendor.change.addMetric({ name: `Fed the cat ${addedMetrics.length}` })),
  change: (vendor) => void vendor.change.renameMetric({ id: addedMetrics.at(-1) ?? '', name: `Fed the cat, ${vendor.clock.now()}` }),
  remove: (vendor) => void vendor.change.removeMetric({ id: addedMetrics.pop() ?? '' }),
};

const profile: TableSubject<KlaviyoSimulator> = {
  *truth(vendor) {
    for (const row of vendor.truth.profiles()) yield row.resource();
  },
  lists: 'GET /api/profiles',
  stopAfter: 2,
  empty: nothing,
  unknown: inAttributes,
  add: (vendor) => void vendor.change.insertProfiles({ count: 1 }),
  change: (vendor) => void vendor.change.updateProfiles({ count: 1 }),
  remove: (vendor) => void vendor.change.deleteProfiles({ count: 1 }),
  edge: (vendor) => void vendor.change.updateProfiles({ count: 1 }),
};

const addEvent = (vendor: KlaviyoSimulator): void => void vendor.change.addEvents({ count: 1, metric: firstMetric(vendor) });
const event: TableSubject<KlaviyoSimulator> = {
  *truth(vendor) {
    for (const row of vendor.truth.events()) yield { ...row.resource(), metric: vendor.truth.metricOf(row.id).resource() };
  },
  lists: 'GET /api/events',
  empty: nothing,
  unknown: inAttributes,
  add: addEvent,
  edge: addEvent,
  stopAfter: 12,
};

describeSource<KlaviyoSimulator>({
  source: klaviyo,
  sheet: ['profile', 'event', 'metric'],
  start: () => startKlaviyoSimulator({ now: Date.UTC(2026, 5, 10, 12), profiles: 350, events: 2_000, limits: false }),
  settings: (vendor) => ({ api_key: DEFAULT_KEY, base_url: vendor.url, sweep_every: '1h' }),
  wrongKey: (vendor) => ({ settings: { api_key: 'pk_wrong_4b1d9e7c', base_url: vendor.url }, setting: 'api_key' }),
  secrets: () => [DEFAULT_KEY],
  settleMs: 2 * HOUR,
  contentType: 'application/vnd.api+json',
  refusal: (status, text) =>
    JSON.stringify({ errors: [{ id: '1', status, code: 'refused', title: 'Refused.', detail: text, source: { pointer: '/data/' } }] }),
  tables: { metric, profile, event },
});
