import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import type { Orphan, OrphanVerdict } from '../../src/core/table.ts';
import { account, byId, NOW } from './harness.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The row without what the reader puts beside it. */
function asSent(row: Row | undefined): unknown {
  const { metric: _metric, attributed: _attributed, ...sent } = row ?? {};
  return sent;
}

function expectTruth(rows: readonly Row[], truth: Iterable<{ id: string; resource(): unknown }>): void {
  const read = byId(rows);
  let count = 0;
  for (const row of truth) {
    count += 1;
    const sent = asSent(read.get(row.id));
    if (!isDeepStrictEqual(sent, row.resource())) expect(sent).toEqual(row.resource());
  }
  expect(count).toBeGreaterThan(0);
  expect(read.size).toBe(count);
}

describe('reading Klaviyo metrics', () => {
  it('reads all pages as one scan that ends once', async () => {
    const { simulator, table } = await account();
    const { pages, rows } = await table('metric').run();
    expectTruth(rows, simulator.truth.metrics());
    expect(pages.length).toBe(3);
    expect(pages.map((page) => page.scan?.end !== undefined)).toEqual([false, false, true]);
    expect(new Set(pages.map((page) => page.scan?.id)).size).toBe(1);
  });

  it('never reports the end of a listing that was cut by an error', async () => {
    const { simulator, table } = await account();
    simulator.faults.add({
      kind: 'status',
      status: 400,
      on: 'GET /api/metrics',
      after: 1,
      body: '{"errors":[{"code":"invalid","detail":"no"}]}',
    });
    const { pages, error } = await table('metric').run();
    expect(error).toMatchObject({ kind: 'data', code: 'klaviyo:400' });
    expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
  });

  it.each([
    ['links', undefined],
    ['links', null],
    ['links', []],
    ['links', {}],
    ['links.self', undefined],
    ['links.self', null],
    ['links.next', ''],
    ['links.next', 7],
    ['links.next', {}],
    ['links.next', 'https://a.klaviyo.com/api/metrics'],
    ['links.next', 'https://a.klaviyo.com/api/metrics?page%5Bcursor%5D='],
    ['data', undefined],
    ['data', {}],
    ['data', null],
  ])('is not over with a page whose %s is %j', async (at, value) => {
    const { simulator, table } = await account({ profiles: 1, events: 10 });
    for (const after of [0, 1, 2]) {
      simulator.faults.clear();
      simulator.faults.add({ kind: 'member', at, value, on: 'GET /api/metrics', after });
      for (let twice = 0; twice < 2; twice += 1) {
        const { pages, error } = await table('metric').run();
        expect(error).toMatchObject({ kind: 'data', code: expect.stringMatching(/^klaviyo:no_(data|cursor)$/) });
        expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
      }
    }
  });

  it('takes a listing that leads back to an earlier page for an error', async () => {
    const { simulator, table } = await account();
    simulator.quirks.repeatPages = 5;
    const { error, pages } = await table('metric').run();
    expect(error).toMatchObject({ kind: 'data', code: 'paging_loop' });
    expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
  });
});

describe('reading Klaviyo profiles', () => {
  it('reads every profile once at first and only changes afterwards', async () => {
    const { simulator, table } = await account();
    const profiles = table('profile');
    const first = await profiles.run();
    expect(first.error).toBeUndefined();
    expectTruth(first.rows, simulator.truth.profiles());
    simulator.clock.advance(HOUR);
    const changed = simulator.change.updateProfiles({ count: 7 });
    simulator.clock.advance(60_000);
    const second = await profiles.run();
    expect([...byId(second.rows).keys()]).toEqual(expect.arrayContaining(changed));
    expect(second.rows.length).toBeLessThan(12);
  });

  it('loses no profile that changes while the listing is read', async () => {
    const { simulator, table } = await account();
    const profiles = table('profile');
    const rows: Row[] = [...(await profiles.run({ stopAfter: 2 })).rows];
    simulator.clock.advance(5_000);
    simulator.change.updateProfiles({ count: 100 });
    rows.push(...(await profiles.run()).rows);
    simulator.clock.advance(60_000);
    rows.push(...(await profiles.run()).rows);
    expectTruth(rows, simulator.truth.profiles());
  });

  it('goes on where it was cut, and from the last value read when the cursor is lost', async () => {
    const { simulator, table } = await account();
    const profiles = table('profile');
    const before = await profiles.run({ stopAfter: 2 });
    simulator.expireCursors();
    const after = await profiles.run();
    expect(after.counted.cursors_lost).toBe(1);
    expect(after.rows.length).toBeLessThan(350 - 150);
    expectTruth([...before.rows, ...after.rows], simulator.truth.profiles());
  });

  it('keeps its position when rows come unsorted or at the bound', async () => {
    const { simulator, table } = await account();
    simulator.quirks.swapAdjacent = true;
    simulator.quirks.rowsAtBound = true;
    const profiles = table('profile');
    const first = await profiles.run();
    expect(first.counted.rows_out_of_order).toBeGreaterThan(0);
    expectTruth(first.rows, simulator.truth.profiles());
    const positions = first.pages.map((page) => ((page.position.phases as Row | undefined)?.changes as Row | undefined)?.at);
    expect(positions.at(-1)).toBeLessThanOrEqual(NOW - 30_000);
  });

  it('lists all ids in the second run and then each week, as a scan that carries only what exists', async () => {
    const { simulator, table } = await account();
    const profiles = table('profile');
    expect((await profiles.run()).pages.some((page) => page.scan)).toBe(false);
    expect((await profiles.run()).pages.some((page) => page.scan?.end)).toBe(true);
    simulator.clock.advance(HOUR);
    expect((await profiles.run()).pages.some((page) => page.scan)).toBe(false);
    const [gone] = simulator.change.deleteProfiles({ count: 1 });
    simulator.clock.advance(7 * DAY);
    const { pages, rows } = await profiles.run();
    const seen = pages.flatMap((page) => page.seen ?? []).map((row) => row.id);
    expect(seen).toHaveLength(349);
    expect(seen).not.toContain(gone);
    expect(pages.filter((page) => page.scan?.end)).toHaveLength(1);
    expect(rows.filter((row) => seen.includes(row.id)).length).toBeLessThan(5);
    simulator.clock.advance(HOUR);
    expect((await profiles.run()).pages.some((page) => page.scan)).toBe(false);
    expect((await profiles.run({ rescan: true })).pages.some((page) => page.scan?.end)).toBe(true);
  });

  it('reads whole profiles each week where predictions are wanted: they change without a trace in the changes', async () => {
    const { simulator, table } = await account({}, { predictive_analytics: true });
    const profiles = table('profile');
    await profiles.run();
    const [id] = simulator.change.recalculatePredictions({ count: 1 }) as [string];
    simulator.clock.advance(7 * DAY);
    const { pages, rows } = await profiles.run();
    expect(byId(rows).get(id)).toEqual(
      [...simulator.truth.profiles(['subscriptions', 'predictive_analytics'])].find((one) => one.id === id)!.resource(),
    );
    expect(pages.filter((page) => page.scan?.end)).toHaveLength(1);
    expect(byId(pages.filter((page) => page.scan).flatMap((page) => page.rows)).size).toBe(350);
  });

  it('tells deleted from merged profiles and names the survivor', async () => {
    const { simulator, tables, api } = await account();
    const owners = new Map<string, string>();
    for (const event of simulator.truth.events()) {
      const profile = simulator.truth.profileOf(event.id);
      if (profile !== null) owners.set(profile, event.id);
    }
    const [deleted, source, destination, alive] = [...owners.keys()] as [string, string, string, string];
    simulator.change.deleteProfiles({ ids: [deleted] });
    simulator.change.mergeProfiles({ pairs: [{ source, destination }] });
    const profile = tables.get('profile');
    const verdicts: unknown[] = [];
    const ctx = {
      api,
      signal: new AbortController().signal,
      liveKeys: async function* keys(_table: string, scope: Row) {
        yield { id: owners.get(String(scope.profile_id)) ?? null };
      },
    };
    for await (const verdict of profile!.confirm!(
      ctx as never,
      [deleted, source, alive].map((id) => ({ id })),
    ))
      verdicts.push(verdict);
    expect(verdicts).toEqual([
      { key: { id: deleted }, gone: true, rereads: [{ table: 'event', work: { profile_id: deleted } }] },
      {
        key: { id: source },
        gone: true,
        marker: { _merged_into: destination },
        rereads: [{ table: 'event', work: { profile_id: destination } }],
      },
      { key: { id: alive }, gone: false },
    ]);
  });
  it('asks about profiles that events name and the topic does not hold, by one of the events', async () => {
    const { simulator, tables, api } = await account();
    const owners = new Map<string, string>();
    for (const event of simulator.truth.events()) {
      const profile = simulator.truth.profileOf(event.id);
      if (profile !== null) owners.set(profile, event.id);
    }
    const [deleted, detached, source, destination, alive] = [...owners.keys()] as [string, string, string, string, string];
    simulator.change.deleteProfiles({ ids: [deleted] });
    simulator.change.deleteProfiles({ ids: [detached], detach: true });
    simulator.change.mergeProfiles({ pairs: [{ source, destination }] });
    const orphans = [deleted, detached, source, alive].map((profile): Orphan => ({
      example: { id: owners.get(profile) as string },
      keys: () => Array.from({ length: 120 }, (_, i) => ({ id: `${profile}-${i}` })),
      isNamed: (scope) => scope.profile_id === profile,
    }));
    const verdicts: OrphanVerdict[] = [];
    for await (const verdict of tables.get('profile')!.namedBy!.confirm({ api, signal: new AbortController().signal } as never, orphans))
      verdicts.push(verdict);
    const [ofDeleted, ofDetached, ofSource, ofAlive] = orphans.map((orphan) => verdicts.find((verdict) => verdict.orphan === orphan));
    expect(ofDeleted).toMatchObject({ rereads: [{ table: 'event', work: { profile_id: deleted } }], gone: true });
    expect(ofDetached?.rereads.map(({ work }) => (work.event_ids as string[]).length)).toEqual([100, 20]);
    expect(ofSource).toMatchObject({ rereads: [{ table: 'event', work: { profile_id: destination } }], gone: false });
    expect(ofAlive).toMatchObject({ rereads: [], gone: false });
  });
});

describe('a profile that is asked about', () => {
  /** The verdict on a profile that exists, when its own request is answered like this. */
  async function askedAbout(answer: { readonly status: number; readonly body: string }): Promise<unknown> {
    const { simulator, tables, api } = await account({ profiles: 5, events: 10 });
    const [alive] = [...simulator.truth.profiles()];
    simulator.faults.add({ kind: 'status', ...answer, on: 'GET /api/profiles/*' });
    const ctx = {
      api,
      signal: new AbortController().signal,
      async *liveKeys() {
        /* It has no events. */
      },
    };
    return tables
      .get('profile')
      ?.confirm?.(ctx as never, [{ id: alive?.id ?? '' }])
      .next();
  }

  it.each(['{}', 'null', '[]', '{"data":null}', '{"data":[]}', '{"data":{"type":"profile"}}', '{"data":{"id":null}}'])(
    'is not gone because the answer is %s',
    async (body) => {
      await expect(askedAbout({ status: 200, body })).rejects.toMatchObject({ kind: 'data', code: 'klaviyo:no_data' });
    },
  );

  it.each(['<html><body>Not Found</body></html>', '', 'no healthy upstream', '{}', '{"message":"no Route matched"}'])(
    'is not gone because something in front of the API answers 404 with %j',
    async (body) => {
      await expect(askedAbout({ status: 404, body })).rejects.toMatchObject({ kind: 'data', code: 'klaviyo:not_api' });
    },
  );

  it('is not merged into another that is shown in its place while its events still name it', async () => {
    const { simulator, tables, api } = await account();
    const event = [...simulator.truth.events()].find(({ id }) => simulator.truth.profileOf(id) !== null);
    const id = simulator.truth.profileOf(event!.id) as string;
    simulator.faults.add({ kind: 'status', status: 200, body: '{"data":{"type":"profile","id":"another"}}', on: 'GET /api/profiles/*' });
    const ctx = {
      api,
      signal: new AbortController().signal,
      liveKeys: async function* keys() {
        yield { id: event!.id };
      },
    };
    const verdicts = [];
    for await (const verdict of tables.get('profile')!.confirm!(ctx as never, [{ id }])) verdicts.push(verdict);
    expect(verdicts).toEqual([{ key: { id }, gone: false, doubt: expect.stringContaining('its events still name it') }]);
  });

  it.each(['{}', '{"data":[]}', '{"data":{"type":"profile"}}'])(
    'has no event without an owner because the answer about one is %s',
    async (body) => {
      const { simulator, tables, api } = await account({ profiles: 5, events: 10 });
      const [event] = [...simulator.truth.events()];
      simulator.faults.add({ kind: 'status', status: 200, body, on: 'GET /api/events/*/relationships/profile' });
      const ctx = {
        api,
        signal: new AbortController().signal,
        async *liveKeys() {
          yield { id: event?.id ?? '' };
        },
      };
      const verdicts = tables.get('profile')?.confirm?.(ctx as never, [{ id: 'gone' }]);
      await expect(verdicts?.next()).rejects.toMatchObject({ kind: 'data', code: 'klaviyo:no_data' });
    },
  );
});

describe('an answer to another question', () => {
  it.each([
    ['metric', 'GET /api/metrics', 'profile'],
    ['profile', 'GET /api/profiles', 'metric'],
    ['event', 'GET /api/events', 'metric'],
  ])('is not believed by table %s', async (name, on, type) => {
    const { simulator, table } = await account({ profiles: 5, events: 10 });
    const body = JSON.stringify({ data: [{ type, id: 'x', attributes: {} }], links: { self: 'https://x/', next: null } });
    simulator.faults.add({ kind: 'status', status: 200, body, on });
    const { error, pages } = await table(name).run();
    expect(error).toMatchObject({ kind: 'data', code: 'other_answer' });
    expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
  });
});

describe('reading Klaviyo events', () => {
  it('reads the whole history, metric names included', async () => {
    const { simulator, table } = await account();
    const { rows, error } = await table('event').run();
    expect(error).toBeUndefined();
    expectTruth(rows, simulator.truth.events());
    for (const row of rows.slice(0, 50)) {
      expect((row.metric as Row).attributes).toMatchObject({ name: simulator.truth.metricOf(String(row.id)).resource().attributes.name });
    }
  });

  it('reads only the history that is wanted', async () => {
    const { simulator, table } = await account();
    const since = NOW - 30 * DAY;
    const { rows } = await table('event').run({ since });
    const wanted = [...simulator.truth.events()].filter((event) => Date.parse(event.resource().attributes.datetime) >= since);
    expectTruth(rows, wanted);
  });

  it('survives being cut after every second page without losing or repeating much', async () => {
    const { simulator, table } = await account({ events: 8_000, historyDays: 6 });
    const events = table('event');
    const rows: Row[] = [];
    let runs = 0;
    for (; ; runs += 1) {
      const run = await events.run({ stopAfter: 2, since: NOW - 7 * DAY });
      expect(run.error).toBeUndefined();
      rows.push(...run.rows);
      if (run.pages.length === 0) break;
    }
    expectTruth(rows, simulator.truth.events());
    expect(rows.length).toBeLessThan(8_000 * 1.3);
    expect(runs).toBeGreaterThan(3);
  });

  it('starts the window over when its cursor is lost', async () => {
    const { simulator, table } = await account({ events: 10_000, historyDays: 6 });
    const events = table('event');
    const before = await events.run({ stopAfter: 3, since: NOW - 7 * DAY });
    simulator.expireCursors();
    const after = await events.run({ since: NOW - 7 * DAY });
    expect(after.error).toBeUndefined();
    expect(after.counted.cursors_lost).toBe(1);
    expectTruth([...before.rows, ...after.rows], simulator.truth.events());
  });

  it('finds late events: two hours back each run, a week daily, thirty days weekly', async () => {
    const { simulator, table } = await account();
    const events = table('event');
    await events.run();
    const found = async (): Promise<string[]> => [...byId((await events.run()).rows).keys()];
    const late = (agoMs: number): string => simulator.change.addEvents({ count: 1, agoMs })[0] as string;

    simulator.clock.advance(HOUR);
    const hour = late(1.5 * HOUR);
    const days = late(3 * DAY);
    const weeks = late(20 * DAY);
    simulator.clock.advance(60_000);
    const atOnce = await found();
    expect(atOnce).toContain(hour);
    expect(atOnce).not.toContain(days);

    simulator.clock.advance(DAY);
    const nextDay = await found();
    expect(nextDay).toContain(days);
    expect(nextDay).not.toContain(weeks);

    simulator.clock.advance(6 * DAY);
    expect(await found()).toContain(weeks);
  });

  it('delivers events dated in the future without its position following them', async () => {
    const { simulator, table } = await account();
    const ahead = simulator.change.addFutureEvents({ count: 5 });
    const events = table('event');
    const { rows } = await events.run();
    expect([...byId(rows).keys()]).toEqual(expect.arrayContaining(ahead));
    const through = ((events.position!.phases as Row).history as Row).through;
    expect(through).toBe(NOW - 30_000);
  });

  it('does without future events where such a bound is refused, but not without pages of them', async () => {
    const { simulator, table } = await account();
    simulator.change.addFutureEvents({ count: 1_500 });
    const refused = simulator.faults.add({
      kind: 'status',
      status: 400,
      on: 'GET /api/events',
      query: 'greater-or-equal(datetime,2026-06-10T11:59:30Z)&include',
      body: '{"errors":[{"code":"invalid","detail":"End date may not be in the future"}]}',
    });
    const first = await table('event').run();
    expect(first.error).toBeUndefined();
    expect(first.counted.future_events_refused).toBe(1);
    simulator.faults.clear(refused);
    simulator.faults.add({
      kind: 'status',
      status: 400,
      on: 'GET /api/events',
      query: 'page[size]=1000&page[cursor]',
      body: '{"errors":[{"code":"invalid","detail":"Invalid cursor provided."}]}',
    });
    const { error } = await table('event').run({ since: NOW - DAY });
    expect(error).toMatchObject({ kind: 'data', code: 'klaviyo:400' });
  });

  it('reads the events of a handed profile again and says when it is done', async () => {
    const { simulator, table } = await account();
    const events = table('event');
    await events.run();
    const survivor = simulator.truth.profileOf([...simulator.truth.events()][0]!.id) as string;
    const work = { profile_id: survivor };
    const { rows } = await events.run({ outbox: [work] });
    const own = [...simulator.truth.events()].filter((event) => simulator.truth.profileOf(event.id) === survivor).map((event) => event.id);
    expect([...byId(rows).keys()]).toEqual(expect.arrayContaining(own));
    expect(events.taken).toEqual([work]);
    // Nothing older than what the topic holds comes in by this door.
    const limited = await events.run({ outbox: [work], horizon: NOW - 30 * DAY });
    expect(limited.rows.every((row) => Date.parse(String((row.attributes as Row).datetime).replace(' ', 'T')) >= NOW - 30 * DAY)).toBe(
      true,
    );
    expect(limited.error).toBeUndefined();
  });

  it('falls back to smaller pages where the larger ones are refused', async () => {
    const { simulator, table, api } = await account();
    simulator.quirks.oldPageSize = true;
    const { rows, error } = await table('event').run({ since: NOW - 40 * DAY });
    expect(error).toBeUndefined();
    expect(rows.length).toBeGreaterThan(0);
    expect(api.eventPageSize).toBe(200);
  });

  it('asks for smaller pages where one would be too large to be held', async () => {
    const { simulator, table, api } = await account();
    simulator.faults.add({ kind: 'oversized', bytes: 65 * 1024 * 1024, on: 'GET /api/events', query: 'page[size]=1000' });
    const { rows, error } = await table('event').run();
    expect(error).toBeUndefined();
    expectTruth(rows, simulator.truth.events());
    expect(api.eventPageSize).toBe(250);
  });

  it('asks for no page size where the revision knows none', async () => {
    const { simulator, table } = await account({}, { revision: '2025-10-15' });
    const { rows, error } = await table('event').run();
    expect(error).toBeUndefined();
    expect(byId(rows).size).toBe([...simulator.truth.events()].length);
  });

  it('finds the events of a wanted metric that the vendor does not let be asked for', async () => {
    const { simulator, table } = await account({}, { events: ['Viewed Form'] });
    const { rows, error, pages } = await table('event').run();
    expect(error).toBeUndefined();
    expectTruth(
      rows,
      [...simulator.truth.events()].filter((event) => simulator.truth.metricOf(event.id).resource().attributes.name === 'Viewed Form'),
    );
    expect(pages.flatMap(({ warnings = [] }) => warnings)).toContainEqual(expect.stringContaining('all events are read'));
  });

  it('tells of selected names that fit nothing, as after a rename', async () => {
    const { simulator, table } = await account({}, { events: ['Placed Order', 'Sent SMS'], excluded_integrations: ['Nobody'] });
    const told = async (): Promise<string[]> =>
      (await table('event').run({ since: NOW - DAY })).pages.flatMap(({ warnings = [] }) =>
        warnings.map((text) => /called "(.*?)"/.exec(text)?.[1] ?? text),
      );
    expect(await told()).toEqual(['Sent SMS', 'Nobody']);
    for (const { id, resource } of [...simulator.truth.metrics()])
      if (resource().attributes.name === 'Placed Order') simulator.change.renameMetric({ id, name: 'Bought' });
    expect(await told()).toEqual(['Placed Order', 'Sent SMS', 'Nobody']);
  });

  it('counts the events it leaves out, by the reason', async () => {
    const { simulator, metrics } = await account();
    const names = (await metrics()).map((metric) => ((metric.attributes as Row).integration as Row | null)?.name);
    const excluded = names.find((name) => typeof name === 'string') as string;
    const attributesOf = (id: string) => simulator.truth.metricOf(id).resource().attributes;
    const events = [...simulator.truth.events()];
    const few = await account({}, { excluded_integrations: [excluded] });
    const run = await few.table('event').run();
    const out = events.filter(({ id }) => attributesOf(id).integration?.name === excluded).length;
    expect(out).toBeGreaterThan(0);
    expect(run.counted).toEqual({ excluded_integration: out });
    const unwanted = [...new Set(events.map(({ id }) => attributesOf(id).name))].slice(1).map(String);
    const most = await account({}, { events: unwanted });
    expect((await most.table('event').run()).counted).toEqual({
      not_selected: events.filter(({ id }) => !unwanted.includes(String(attributesOf(id).name))).length,
    });
  });

  it('reads only selected metrics, and all but excluded integrations', async () => {
    const { simulator, metrics } = await account();
    const all = await metrics();
    const picked = simulator.truth.metricOf([...simulator.truth.events()][0]!.id).id;
    const excluded = all
      .map((metric) => ((metric.attributes as Row).integration as Row | null)?.name)
      .find((name) => typeof name === 'string') as string;
    const integrationOf = (event: string): unknown => simulator.truth.metricOf(event).resource().attributes.integration?.name;

    const some = await account({}, { events: [picked] });
    expectTruth(
      (await some.table('event').run()).rows,
      [...simulator.truth.events()].filter((event) => simulator.truth.metricOf(event.id).id === picked),
    );
    const rest = await account({}, { excluded_integrations: [excluded.toUpperCase()] });
    expectTruth(
      (await rest.table('event').run()).rows,
      [...simulator.truth.events()].filter((event) => integrationOf(event.id) !== excluded),
    );
  });

  it('keeps what an event is attributed to when asked', async () => {
    const { table } = await account({}, { attributions: true });
    const { rows } = await table('event').run({ since: NOW - 60 * DAY });
    const attributed = rows.filter((row) => row.attributed !== null);
    expect(attributed.length).toBeGreaterThan(0);
    expect((attributed[0]!.attributed as Row[])[0]).toMatchObject({ type: 'attribution', relationships: expect.anything() });
  });
});
