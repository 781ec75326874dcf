import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { DeadLetter } from '../../src/kafka/types.ts';
import type { TableRecord } from '../../src/core/table.ts';
import { parseLossless } from '../../simulators/kit/lossless-json.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import type { TruthRow } from '../../simulators/klaviyo/truth.ts';
import { settingsText, startCommand, writeFile, type Ended } from '../support/command.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';

const stack = inject('stack');
/** What changes just now is asked for half a minute later; this clock is already there. */
const ahead: Clock = { now: () => Date.now() + 90_000, timer: systemClock.timer };
const suite = randomBytes(3).toString('hex');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-bad-input-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A vendor and an installation that reads it; what the command prints is looked through each time. */
async function install(name: string, options: Parameters<typeof startKlaviyoSimulator>[0], clock = systemClock) {
  const vendor = await startKlaviyoSimulator({ limits: false, ...options });
  const prefix = `garbage${suite}${name}`;
  const config = writeFile(
    folder,
    `${name}.yaml`,
    settingsText({
      prefix,
      kafka: stack,
      metricsPort: 1,
      more: `data_dir: ${name}`,
      connections: `klaviyo:\n  settings: { api_key: ${DEFAULT_KEY}, base_url: "${vendor.url}" }`,
    }),
  );
  const engine = await openTestEngine({
    ...stack,
    prefix,
    connections: [{ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: vendor.url } }],
  });
  async function run(...args: string[]): Promise<Ended> {
    const ended = await startCommand({ sources: [klaviyo], cwd: folder, clock }, [...args, '--config', config]).ended;
    expect(ended.out + ended.err).not.toMatch(/^\s+at /m);
    expect(ended.out + ended.err).not.toContain(DEFAULT_KEY);
    return ended;
  }
  return {
    vendor,
    engine,
    run,
    deadLetters: async (table: string): Promise<DeadLetter[]> =>
      JSON.parse((await run('dead-letters', 'list', `klaviyo.${table}`, '--json')).out) as DeadLetter[],
    async close() {
      await engine.close();
      await vendor.close();
    },
  };
}

async function rowsOf(engine: TestEngine, table: string): Promise<Map<string, TableRecord>> {
  const { rows } = await engine.readTable(table);
  return new Map([...rows].map(([key, record]) => [(JSON.parse(key) as { id: string }).id, record]));
}

/** Equal whatever the order of members; integers beyond 2^53 count digit by digit. */
function canonical(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
    .join()}}`;
}

const columnsOf: Record<string, string> = { timestamp: 'event_timestamp', datetime: 'event_datetime' };

/** Members of a resource's attributes that are neither in a column as they are nor in `_extra`. */
function lostOf(attributes: Record<string, unknown>, record: TableRecord): string[] {
  const extra = record['_extra'] === null ? {} : (parseLossless(String(record['_extra'])) as Record<string, unknown>);
  const holds = (column: string, value: unknown): boolean => {
    const held = record[column];
    // A section that is null has its parts in columns of their own.
    if (value === null) return (held ?? null) === null;
    if (held === undefined) return false;
    if (held === value || String(held) === String(value)) return true;
    if (typeof value === 'string' && typeof held === 'number')
      return Date.parse(value.replace(' ', 'T')) === held || Number(value) === held;
    return typeof held === 'string' && isJson(held) && canonical(parseLossless(held)) === canonical(value);
  };
  const kept = (value: unknown, column: string, extraValue: unknown): boolean => {
    if (extraValue !== undefined && canonical(extraValue) === canonical(value)) return true;
    if (holds(column, value)) return true;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    // A section may be spread over columns, one per part.
    return Object.entries(value).every(([part, inner]) =>
      kept(inner, `${column}_${part}`, (extraValue as Record<string, unknown> | undefined)?.[part]),
    );
  };
  return Object.entries(attributes)
    .filter(([name, value]) => !kept(value, columnsOf[name] ?? name, extra[name]))
    .map(([name]) => name);
}

function isJson(text: string): boolean {
  try {
    parseLossless(text);
    return true;
  } catch {
    return false;
  }
}

const truthOf = (rows: Iterable<TruthRow>): Map<string, { attributes: Record<string, unknown>; relationships: unknown }> =>
  new Map([...rows].map((row) => [row.id, row.resource()]));

describe('rows that are wrong', () => {
  const kinds = ['wrong-types', 'unknown-fields', 'lone-surrogates', 'extreme-years'] as const;
  const spoilt: { table: 'profile' | 'event'; as: string; id: string }[] = [];
  let home: Awaited<ReturnType<typeof install>>;
  let profiles: Map<string, TableRecord>;
  let events: Map<string, TableRecord>;
  let big: { profile: string; event: string };

  beforeAll(async () => {
    home = await install('rows', { profiles: 520, events: 1_150, metrics: 230 }, ahead);
    const { vendor } = home;
    const pick = (table: 'profiles' | 'events', as: (typeof kinds)[number] | 'oversize', count: number): string[] =>
      vendor.change.spoil({ table, as, count });
    big = { profile: pick('profiles', 'oversize', 1)[0] as string, event: pick('events', 'oversize', 1)[0] as string };
    for (const as of kinds) {
      for (const id of pick('profiles', as, 3)) spoilt.push({ table: 'profile', as, id });
      for (const id of pick('events', as, 3)) spoilt.push({ table: 'event', as, id });
    }
    vendor.clock.advance(120_000);
    vendor.quirks.nullIdRows = 1;
    vendor.quirks.duplicateAcrossPages = true;
    vendor.quirks.swapAdjacent = true;
  });
  afterAll(() => home?.close());

  it('do not keep the rest from arriving', async () => {
    const { vendor, run, engine } = home;
    const first = await run('sync');
    expect(first.out).toMatch(/klaviyo\.event .* succeeded/);
    expect(first.code).toBe(0);
    profiles = await rowsOf(engine, 'profile');
    events = await rowsOf(engine, 'event');
    const metrics = await rowsOf(engine, 'metric');
    expect([...metrics.keys()].sort()).toEqual([...vendor.truth.metrics()].map(({ id }) => id).sort());
    const wanted = {
      profile: new Set([...vendor.truth.profiles()].map(({ id }) => id)),
      event: new Set([...vendor.truth.events()].map(({ id }) => id)),
    };
    for (const [table, found] of [
      ['profile', profiles],
      ['event', events],
    ] as const) {
      const missing = [...wanted[table]].filter((id) => !found.has(id));
      expect(missing).toEqual([big[table]]);
      expect([...found.keys()].filter((id) => !wanted[table].has(id))).toEqual([]);
    }
  });

  it.each(kinds)('%s: every value is in its column or in _extra', (as) => {
    const truth = { profile: truthOf(home.vendor.truth.profiles()), event: truthOf(home.vendor.truth.events()) };
    const chosen = spoilt.filter((one) => one.as === as);
    expect(chosen).toHaveLength(6);
    for (const { table, id } of chosen) {
      const record = (table === 'profile' ? profiles : events).get(id);
      expect(record, `${table} ${id}`).toBeDefined();
      expect(lostOf(truth[table].get(id)?.attributes ?? {}, record ?? {}), `${table} ${id}`).toEqual([]);
    }
  });

  it('what a relationship of a wrong shape pointed at is kept', () => {
    const [{ id } = { id: '' }] = spoilt.filter(({ table, as }) => table === 'event' && as === 'wrong-types');
    const record = events.get(id);
    expect(JSON.parse(String(record?.['_extra']))).toMatchObject({
      resource: { relationships: { profile: { data: [] }, metric: { data: { type: 'metric', id: 7 } }, attributions: 'none' } },
    });
  });

  it('in ordinary rows nothing is lost either: NUL, integers beyond 2^53, awkward names', () => {
    const seen = { nul: 0, wide: 0 };
    for (const [table, truth, found] of [
      ['profile', home.vendor.truth.profiles(), profiles],
      ['event', home.vendor.truth.events(), events],
    ] as const) {
      for (const row of truth) {
        const record = found.get(row.id);
        if (!record || spoilt.some(({ id }) => id === row.id)) continue;
        const { attributes } = row.resource() as { attributes: Record<string, unknown> };
        expect(lostOf(attributes, record), `${table} ${row.id}`).toEqual([]);
        if (row.json.includes('\\u0000')) seen.nul += 1;
        if (row.json.includes('9007199254740993')) seen.wide += 1;
      }
    }
    expect(seen.nul).toBeGreaterThan(0);
    expect(seen.wide).toBeGreaterThan(0);
  });

  it('a row of 5 MB and rows without a key are dead letters with reason, size and id', async () => {
    const letters = await home.deadLetters('event');
    const large = letters.find(({ reason }) => reason === 'too_large');
    expect(large).toMatchObject({
      key: JSON.stringify({ id: big.event }),
      detail: expect.stringMatching(/takes \d{7} bytes, a message may take \d+/) as string,
    });
    expect(large?.rawBytes).toBeGreaterThan(5_000_000);
    expect(large?.raw.length).toBeGreaterThan(100_000);
    expect(letters.filter(({ reason }) => reason === 'missing_key').length).toBeGreaterThan(0);

    const shown = await home.run('dead-letters', 'list', 'klaviyo.event');
    expect(shown.out).toMatch(new RegExp(`klaviyo\\.event .* too_large +\\{"id":"${big.event}"\\} .* 5\\d{6}`));
    const status = await home.run('status');
    expect(status.out).toMatch(new RegExp(`klaviyo\\.event +synced.* ${letters.length} +-\\n`));
  });

  it('reading them again publishes nothing', async () => {
    const second = await home.run('sync', 'klaviyo.event', 'klaviyo.metric', '--json');
    expect(second.code, second.out + second.err).toBe(0);
    const runs = JSON.parse(second.out) as { table: string; totals: { published: number; fetched: number; deleted: number } }[];
    for (const { table, totals } of runs)
      expect({ table, published: totals.published, deleted: totals.deleted }).toEqual({ table, published: 0, deleted: 0 });
    expect(runs.every(({ totals }) => totals.fetched > 0)).toBe(true);
  });
});

it('pages that cannot be used are asked for again: HTML with 200, cut text, cut connection, bytes, nothing', async () => {
  const home = await install('pages', { profiles: 130, events: 60, metrics: 210 });
  const { vendor } = home;
  const on = { metric: 'GET /api/metrics', profile: 'GET /api/profiles', event: 'GET /api/events' };
  vendor.faults.add({ kind: 'html', on: on.metric, times: 1 });
  vendor.faults.add({ kind: 'cut-text', on: on.metric, query: 'page[cursor]', times: 1 });
  vendor.faults.add({ kind: 'garbage', on: on.profile, times: 1 });
  vendor.faults.add({ kind: 'cut-connection', on: on.profile, query: 'page[cursor]', times: 1 });
  vendor.faults.add({ kind: 'cut-text', on: on.event, times: 1 });
  vendor.faults.add({ kind: 'empty', on: on.event, query: 'less-than(datetime', times: 1 });
  const { code, out, err } = await home.run('sync');
  expect(code).toBe(0);
  expect(vendor.faults.list().map(({ hits }) => hits)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(err).toMatch(/klaviyo\.metric: Klaviyo answered 200 to GET \/api\/metrics with a web page instead of data\. It is tried again/);
  expect(out).toMatch(/klaviyo\.metric +210 +210 .*succeeded/);
  for (const [table, truth] of [
    ['metric', vendor.truth.metrics()],
    ['profile', vendor.truth.profiles()],
    ['event', vendor.truth.events()],
  ] as const) {
    expect([...(await rowsOf(home.engine, table)).keys()].sort(), table).toEqual([...truth].map(({ id }) => id).sort());
  }
  await home.close();
});

it('a page full of what is no resource: usable rows arrive, the rest are dead letters, the next run is well', async () => {
  const home = await install('strange', { profiles: 30, events: 30, metrics: 30 });
  const { vendor } = home;
  const strange = [null, 5, 'text', true, [], {}, { id: null }, { id: {} }, { id: ['a'] }];
  const body = (type: string): string => `{"data":[${strange.map((one) => JSON.stringify(one)).join()},
    {"type":"${type}","id":"bare"},
    {"type":"${type}","id":"text","attributes":"text","meta":{"a":1}},
    {"type":"${type}","id":"list","attributes":[1],"relationships":[2]},
    {"type":"${type}","id":9007199254740993,"attributes":{"id":"inner","name":{"a":1},"created":"0000-01-01T00:00:00Z","updated":"9999-12-31T23:59:59.999999Z","datetime":"9999-12-31T23:59:59.999999Z","surprise":12345678901234567890,"half":"\\ud800","nul":"\\u0000"}},
    {"type":"${type}","id":"twice","attributes":{"surprise":1}},
    {"type":"${type}","id":"twice","attributes":{"surprise":2}}
  ],"links":{"self":"x"}}`;
  const answer = (on: string, type: string, query = '') =>
    vendor.faults.add({ kind: 'status', status: 200, contentType: 'application/vnd.api+json', body: body(type), on, query, times: 1 });
  answer('GET /api/metrics', 'metric');
  answer('GET /api/profiles', 'profile', 'less-than(updated');
  answer('GET /api/events', 'event', 'less-than(datetime');
  const first = await home.run('sync');
  expect(first.out).not.toMatch(/failed/);
  expect(first.code).toBe(0);
  for (const table of ['metric', 'profile', 'event']) {
    const rows = await rowsOf(home.engine, table);
    const extra = (id: string): unknown => parseLossless(String(rows.get(id)?.['_extra']));
    expect([...rows.keys()], table).toEqual(expect.arrayContaining(['bare', 'text', 'list', '9007199254740993', 'twice']));
    expect(extra('text'), table).toMatchObject({ resource: { attributes: 'text', meta: { a: 1 } } });
    expect(extra('list'), table).toMatchObject({ resource: { attributes: [1], relationships: [2] } });
    expect(extra('9007199254740993'), table).toMatchObject({
      surprise: 12345678901234567890n,
      half: '\ud800',
      nul: '\u0000',
      resource: { attributes: { id: 'inner' } },
    });
    expect(extra('twice'), table).toMatchObject({ surprise: 2 });
    const letters = await home.deadLetters(table);
    expect(letters.map(({ reason }) => reason).sort(), table).toEqual([
      // Also an id that is an object or a list: nobody can be asked about it.
      ...Array<string>(7).fill('bad_shape'),
      ...['missing_key', 'missing_key'],
    ]);
    // What was no object at all is kept as the value it was.
    for (const value of strange.slice(0, 5))
      expect(
        letters.map(({ raw }) => JSON.parse(raw) as unknown),
        table,
      ).toContainEqual(value);
  }

  // Read again as it should be, everything is there. What the strange page made up may not be deleted by guess.
  expect((await home.run('sync')).code).toBe(0);
  const metrics = await rowsOf(home.engine, 'metric');
  for (const { id } of vendor.truth.metrics()) expect(metrics.has(id)).toBe(true);
  await home.close();
});
