import { createRedactor } from '../../src/core/redact.ts';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { ownKey } from '../../src/import/keys.ts';
import { noMapping } from '../../src/import/mapping.ts';
import { startImport } from '../../src/import/start-import.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { startSftp } from '../../simulators/klaviyo/sftp.ts';
import { openTestEngine } from '../support/engine.ts';

export interface RoundTrip {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly login?: { readonly username: string; readonly password: string };
  readonly prefix: string;
  readonly dir: string;
  readonly profiles: number;
  readonly events: number;
  /** How far it is, for a person who waits. */
  say?(text: string): void;
}

/** Of each kind: what stands once where the file says it, and everything else. */
export interface Compared {
  readonly atVendor: { profiles: Tally; events: Tally };
  readonly inTopic: { profiles: Tally; events: Tally };
}

export interface Tally {
  equal: number;
  different: number;
  twice: number;
  /** The first that differs, as found. */
  example?: unknown;
}

const FIRST = Date.UTC(2026, 0, 1) / 1_000;
const METRICS = ['Bought', 'Returned', 'Viewed', 'Asked', 'Paid'];
const CITIES = ['Łódź', 'Opole', 'New York, NY', 'the "old" town', 'two\nlines', '東京'];
const at = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;
const seconds = (n: number): number => FIRST + n * 7;
const time = (n: number): string => new Date(seconds(n) * 1_000).toISOString().slice(0, 19).replace('T', ' ');

/** One row of each file by its number; made anew wherever it is needed, so that nothing of the files is kept in memory. */
const profileRow = (n: number): string[] => [`v${n}@import.test`, `x-${n}`, `Anna ${n}`, at(CITIES, n), String(n % 50)];
const eventRow = (n: number, profiles: number): string[] => [
  `v${n % profiles}@import.test`,
  at(METRICS, n),
  time(n),
  `${n}.25`,
  `o-${n}`,
  at(CITIES, n),
];
const HEADERS = {
  profiles: ['Email', 'External ID', 'First Name', 'City', 'Shoe Size'],
  events: ['Email', 'Metric Name', 'Timestamp', 'Value', 'Unique ID', 'Shop'],
};

async function writeCsv(path: string, header: readonly string[], count: number, row: (n: number) => readonly string[]): Promise<void> {
  const line = (cells: readonly string[]): string => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`;
  const out = createWriteStream(path);
  out.write(line(header));
  for (let n = 0; n < count;) {
    let text = '';
    for (const end = Math.min(count, n + 1_000); n < end; n += 1) text += line(row(n));
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

/** Counts each number once, whatever order they come in. */
function tally(count: number): { add(n: number, equal: boolean, found: unknown): void; readonly result: Tally } {
  const seen = new Uint8Array(count);
  const result: Tally = { equal: 0, different: 0, twice: 0 };
  return {
    result,
    add(n, equal, found) {
      if (!Number.isInteger(n) || n < 0 || n >= count || !equal) {
        result.different += 1;
        result.example ??= found;
      } else if (seen[n] === 1) result.twice += 1;
      else {
        seen[n] = 1;
        result.equal += 1;
      }
    },
  };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const number = (text: unknown, before: string): number =>
  String(text).startsWith(before) ? Number(String(text).slice(before.length).split('@')[0]) : -1;

/** Imports both files over SFTP, compares the account with them, reads the account by a sync, and compares the topics with them. */
export async function roundTrip({ dir, profiles, events, prefix, say = () => undefined, ...stack }: RoundTrip): Promise<Compared> {
  mkdirSync(dir, { recursive: true });
  const files = { profiles: join(dir, 'people.csv'), events: join(dir, 'orders.csv') };
  await writeCsv(files.profiles, HEADERS.profiles, profiles, profileRow);
  await writeCsv(files.events, HEADERS.events, events, (n) => eventRow(n, profiles));
  const account = await startKlaviyoSimulator({ profiles: 10, events: 20, metrics: 3, limits: false });
  const dataDir = join(dir, 'data');
  const sftp = await startSftp({ users: { sim_user: ownKey(dataDir).text }, ingest: (kind, file) => void account.ingest(kind, file) });
  const settings = { api_key: DEFAULT_KEY, base_url: account.url, sftp: { host: '127.0.0.1', port: sftp.port, user: 'sim_user' } };
  let later = 0;
  const engine = await openTestEngine({
    ...stack,
    prefix,
    dataDir,
    connections: [{ source: klaviyo, settings, tables: ['profile', 'event'] }],
    clock: { now: () => Date.now() + later, timer: systemClock.timer },
  });
  try {
    for (const kind of ['profiles', 'events'] as const) {
      const began = performance.now();
      const { record } = await startImport({
        connection: engine.settings.connections[0] as never,
        dataDir,
        access: engine.access,
        clock: systemClock,
        signal: new AbortController().signal,
        onEvent: () => undefined,
        redactor: createRedactor(),
        kind,
        file: files[kind],
        mapping: noMapping,
        consent: false,
        strict: true,
        by: 'round trip',
      });
      const took = (performance.now() - began) / 1_000;
      say(
        `${record?.sentRows} ${kind} (${record?.bytes} bytes, ${sftp.accepted.length} files so far) checked, sent and taken in ${took.toFixed(1)} s`,
      );
    }
    const atVendor = vendorTally(account, profiles, events);
    // The API shows a profile half a minute after it was changed.
    later = 60_000;
    account.clock.advance(later);
    const began = performance.now();
    await engine.engine.sync([{ connection: 'klaviyo' }], new AbortController().signal);
    say(`synced in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    const [people, orders] = [tally(profiles), tally(events)];
    await engine.visitTable('profile', ({ kind, record = {} }) => {
      if (kind !== 'row' || !String(record.email).endsWith('@import.test')) return;
      const n = number(record.email, 'v');
      const { email, external_id, first_name, location_city, properties } = record;
      const found = [
        email,
        external_id,
        first_name,
        location_city,
        (JSON.parse(String(properties)) as Record<string, unknown>)['Shoe Size'],
      ];
      people.add(n, same(found, profileRow(n)), found);
    });
    await engine.visitTable('event', ({ kind, record = {} }) => {
      if (kind !== 'row' || !String(record.unique_id).startsWith('o-')) return;
      const n = number(record.unique_id, 'o-');
      const { metric_name, event_timestamp, value, unique_id, event_properties } = record;
      const shop = (JSON.parse(String(event_properties)) as Record<string, unknown>).Shop;
      const [, metric, , , unique, city] = eventRow(n, profiles);
      const found = [metric_name, Number(event_timestamp), value, unique_id, shop];
      orders.add(n, same(found, [metric, seconds(n), n + 0.25, unique, city]), found);
    });
    return { atVendor, inTopic: { profiles: people.result, events: orders.result } };
  } finally {
    await engine.close();
    await sftp.close();
    await account.close();
  }
}

function vendorTally({ truth }: KlaviyoSimulator, profiles: number, events: number): Compared['atVendor'] {
  const [people, orders] = [tally(profiles), tally(events)];
  const owner = new Map<string, number>();
  for (const row of truth.profiles()) {
    const { id, attributes } = row.resource() as { id: string; attributes: Record<string, unknown> };
    if (!String(attributes.email).endsWith('@import.test')) continue;
    const n = number(attributes.email, 'v');
    owner.set(id, n);
    const { city } = attributes.location as { city?: unknown };
    const { 'Shoe Size': shoes } = attributes.properties as Record<string, unknown>;
    const found = [attributes.email, attributes.external_id, attributes.first_name, city, shoes];
    people.add(n, same(found, profileRow(n)), found);
  }
  for (const row of truth.events()) {
    const { attributes, relationships } = row.resource() as {
      attributes: { timestamp: number; event_properties: Record<string, unknown> | null };
      relationships: { profile: { data: { id: string } } };
    };
    const { $event_id, $value, Shop } = attributes.event_properties ?? {};
    if (!String($event_id).startsWith('o-')) continue;
    const n = number($event_id, 'o-');
    const found = [owner.get(relationships.profile.data.id), attributes.timestamp, $value, Shop];
    orders.add(n, same(found, [n % profiles, seconds(n), n + 0.25, at(CITIES, n)]), found);
  }
  return { profiles: people.result, events: orders.result };
}
