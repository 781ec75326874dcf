import { describe, expect, it } from 'vitest';
import { account, TABLES } from './harness.ts';
import type { ListrakTable } from '../../simulators/listrak/options.ts';

const DAY = 86_400_000;
const EVENTS = ['message_bounces', 'message_clicks', 'message_opens', 'message_reads', 'message_unsubs'] as const;
const small = { messages: 8, contacts: 120, events: 700, sends: 240 };

describe('every table', () => {
  it.each(TABLES)('%s holds what the vendor has, row by row, whatever the order', async (name) => {
    const { table, held, truth } = await account(small);
    const reader = table(name);
    const { rows, error } = await reader.run();
    expect(error).toBeUndefined();
    expect(held(name, rows)).toEqual(truth(name));
    expect(truth(name).size).toBeGreaterThan(2);
    // One row for each key: a later one could overwrite a newer event.
    expect(rows.length).toBe(truth(name).size);
  });

  it.each(TABLES)('%s is the same with any way to write "no rows", and with rows that come one by one', async (name) => {
    for (const empty of ['absent', 'nil-row', 'self-closed'] as const) {
      const { table, held, truth } = await account({
        ...small,
        messages: 3,
        contacts: 9,
        events: 60,
        sends: 9,
        switches: { pageSize: 1, empty },
      });
      const { rows, error } = await table(name).run();
      expect(error).toBeUndefined();
      expect(held(name, rows)).toEqual(truth(name));
    }
  });

  it.each(TABLES)('%s read again finds rows that differ in nothing', async (name) => {
    const { table, held, truth, simulator } = await account(small);
    const reader = table(name);
    await reader.run();
    simulator.clock.advance(1_000);
    const { rows } = await reader.run();
    for (const [key, record] of held(name, rows)) expect(record).toEqual(truth(name).get(key));
    expect(reader.position).not.toHaveProperty('walk');
  });

  it.each(TABLES.slice(1))('%s is read again from the start date once a week', async (name) => {
    const { table, truth, held, simulator } = await account(small);
    const reader = table(name);
    await reader.run();
    simulator.clock.advance(7 * DAY);
    const { rows } = await reader.run();
    expect(held(name, rows)).toEqual(truth(name));
  });
});

describe('a clock that was ten days ahead', () => {
  it.each(EVENTS)('%s: all is read again once it is right', async (name) => {
    const { table, truth, held, simulator } = await account(small);
    const reader = table(name);
    const begun = simulator.clock.now();
    await reader.run({ runStart: begun + 10 * DAY, now: () => begun + 10 * DAY });
    simulator.clock.advance(DAY);
    const { rows, error } = await reader.run();
    expect(error).toBeUndefined();
    expect(held(name, rows)).toEqual(truth(name));
    // And not each time from then on.
    simulator.clock.advance(1_000);
    await reader.run();
    expect(reader.position?.to).toBe(simulator.clock.now());
    expect(reader.position?.full).toBe(begun + DAY);
  });
});

describe('events', () => {
  it.each(EVENTS)('%s: of repeated ones the newest stays, and the others are counted', async (name) => {
    const { table, simulator, held, truth } = await account({ ...small, events: 1_500 });
    const { counted, rows } = await table(name).run();
    const kind = name.replace('message_', '') as 'opens';
    const all = simulator.world.messages.reduce((sum, message) => sum + simulator.world.events(kind, message).length, 0);
    expect(counted['rows_folded']).toBe(all - rows.length);
    expect(counted['rows_folded']).toBeGreaterThan(0);
    expect(held(name, rows)).toEqual(truth(name));
  });

  it('come with an overlap and bring what happened since', async () => {
    const { table, simulator, held, truth } = await account({ ...small, messages: 4 });
    const reader = table('message_clicks');
    await reader.run();
    simulator.clock.advance(2 * DAY);
    const [first, , last] = simulator.world.messages;
    simulator.mutate['event.add']({ kind: 'clicks', message: first?.id as number, address: 'new@x.example' });
    // A day and more late: within the overlap.
    simulator.mutate['event.add']({
      kind: 'clicks',
      message: last?.id as number,
      address: 'late@x.example',
      at: simulator.clock.now() - 2 * DAY - 25 * 3_600_000,
    });
    simulator.calls.splice(0);
    const { rows } = await reader.run();
    const keys = [...held('message_clicks', rows).keys()];
    expect(keys).toContain(JSON.stringify([first?.id, 'new@x.example']));
    expect(keys).toContain(JSON.stringify([last?.id, 'late@x.example']));
    for (const [key, record] of held('message_clicks', rows)) expect(record).toEqual(truth('message_clicks').get(key));
    const starts = new Set(
      simulator.calls.filter(({ operation }) => operation.endsWith('Click')).map(({ parameters }) => parameters['StartDate']),
    );
    expect([...starts]).toEqual(['2026-06-09T10:00:00']);
  });

  it('of a message that comes into sight late, or is new, are read from the start', async () => {
    const { table, simulator, held, truth } = await account(small);
    const reader = table('message_opens');
    await reader.run();
    const old = simulator.mutate['message.send']({ at: simulator.clock.now() - 300 * DAY });
    simulator.mutate['event.add']({ kind: 'opens', message: old, address: 'old@x.example', at: simulator.clock.now() - 299 * DAY });
    const fresh = simulator.mutate['message.send']({});
    simulator.mutate['event.add']({ kind: 'opens', message: fresh, address: 'fresh@x.example' });
    simulator.clock.advance(3_600_000);
    const { rows } = await reader.run();
    const found = held('message_opens', rows);
    for (const key of [
      [old, 'old@x.example'],
      [fresh, 'fresh@x.example'],
    ])
      expect(found.get(JSON.stringify(key))).toEqual(truth('message_opens').get(JSON.stringify(key)));
    expect(found.size).toBeGreaterThanOrEqual(2);
  });

  it('without an address become dead letters, and a date that nobody can read leaves its time empty', async () => {
    const { table, definition, truth, held } = await account({ ...small, spoiltRows: true });
    const { rows, counted } = await table('message_opens').run();
    const without = rows.filter((row) => (definition('message_opens').shape?.(row) ?? row)['EmailAddress'] === undefined);
    expect(without.length).toBeGreaterThan(0);
    expect(held('message_opens', rows)).toEqual(truth('message_opens'));
    const unread = [...truth('message_opens').values()].filter(({ open_date: text }) => text === 'some day');
    expect(unread.length).toBeGreaterThan(0);
    expect(counted['unreadable_times']).toBeGreaterThanOrEqual(unread.length);
    expect(unread.every(({ open_date_ts: time }) => time === null)).toBe(true);
  });

  it.each([true, false])('at the bounds of a range are neither lost nor changed (end inclusive: %s)', async (inclusiveEnd) => {
    const { table, simulator, held, truth } = await account({ ...small, messages: 3, switches: { pageSize: 20, inclusiveEnd } });
    const reader = table('message_reads');
    const at = simulator.clock.now();
    simulator.mutate['event.add']({ kind: 'reads', address: 'edge@x.example', at });
    const first = await reader.run();
    expect(held('message_reads', first.rows).has(JSON.stringify([simulator.world.messages.at(-1)?.id, 'edge@x.example']))).toBe(
      inclusiveEnd,
    );
    simulator.clock.advance(60_000);
    const second = await reader.run();
    expect(held('message_reads', [...first.rows, ...second.rows])).toEqual(truth('message_reads'));
  });

  it('that slip between two pages are neither lost nor doubled', async () => {
    for (const name of ['message_clicks', 'message_sends', 'subscribed_contacts'] as ListrakTable[]) {
      const { table, held, truth } = await account({ ...small, switches: { pageSize: 7, shiftPages: true } });
      expect(held(name, (await table(name).run()).rows)).toEqual(truth(name));
    }
  });
});

describe('recipients', () => {
  it('are read while a message is young, and again when their count changes', async () => {
    const { table, simulator, held, truth } = await account({ ...small, contacts: 400, days: 100 });
    const reader = table('message_sends');
    await reader.run();
    const asked = async (): Promise<string[]> => {
      simulator.calls.splice(0);
      const { rows } = await reader.run();
      for (const [key, record] of held('message_sends', rows)) expect(record).toEqual(truth('message_sends').get(key));
      return [
        ...new Set(
          simulator.calls
            .filter(({ operation }) => operation === 'ReportMessageContactSent')
            .map(({ parameters }) => parameters['MsgID'] as string),
        ),
      ];
    };
    const newest = String(simulator.world.messages.at(-1)?.id);
    expect(await asked()).toEqual([newest]);
    const [first] = simulator.world.messages;
    simulator.mutate['message.deliver']({ id: first?.id as number });
    expect(await asked()).toContain(String(first?.id));
    expect(await asked()).toEqual([newest]);
  });
});

describe('messages', () => {
  it('are asked for in windows, and the newest sending of one stays', async () => {
    const { table, simulator, truth, held } = await account({ ...small, days: 1_000 });
    const { rows, counted } = await table('messages').run();
    expect(held('messages', rows)).toEqual(truth('messages'));
    expect(counted['rows_folded']).toBe(1);
    const windows = simulator.calls.filter(
      ({ operation, parameters }) => operation === 'ReportListMessageActivity' && parameters['ListID'] === '1001',
    );
    expect(windows.length).toBe(3);
    windows.slice(1).forEach(({ parameters }, n) => {
      expect(parameters['StartDate']).toBe(windows[n]?.parameters['EndDate']);
    });
  });

  it('leave test sends out when told to', async () => {
    const { table, simulator } = await account(small, { include_test_messages: false });
    const { rows } = await table('messages').run();
    expect(rows.length).toBe(simulator.world.messages.filter(({ test }) => !test).length);
  });

  it('begin with the start date, and so do their events', async () => {
    const { table, simulator } = await account(small);
    const since = simulator.clock.now() - 200 * DAY;
    const wanted = simulator.world.messages.filter(({ sent }) => (sent.at(-1) as number) >= since).length;
    expect(wanted).toBeLessThan(simulator.world.messages.length);
    expect((await table('messages').run({ since })).rows.length).toBe(wanted);
    await table('message_opens').run({ since });
    expect(
      new Set(simulator.calls.filter(({ operation }) => operation.endsWith('Open')).map(({ parameters }) => parameters['MsgID'])).size,
    ).toBe(wanted);
  });

  it('of a window that is not answered in time are asked for in halves', async () => {
    const { table, simulator, held, truth } = await account({ ...small, messages: 4 }, { concurrency: 1 }, { timeoutMs: 300 });
    simulator.faults.add({ kind: 'hang', requestBody: '<ReportListMessageActivity', times: 3, after: 1 });
    const { rows, error } = await table('messages').run();
    expect(error).toBeUndefined();
    expect(held('messages', rows)).toEqual(truth('messages'));
    const spans = simulator.calls
      .filter(({ operation }) => operation === 'ReportListMessageActivity')
      .map(({ parameters }) => (Date.parse(parameters['EndDate'] as string) - Date.parse(parameters['StartDate'] as string)) / DAY);
    expect(spans.some((span) => span > 100 && span < 200)).toBe(true);
  });
});

describe('subscribers', () => {
  it('of a list whose first page is not answered in time are asked for in halves, also when the run is cut between them', async () => {
    for (const stopAfter of [undefined, 2]) {
      const { table, simulator, held, truth } = await account(
        { ...small, lists: 1, switches: { pageSize: 10 } },
        { concurrency: 1 },
        { timeoutMs: 300 },
      );
      simulator.faults.add({ kind: 'hang', requestBody: '<ReportRangeSubscribedContacts', times: 2 });
      const reader = table('subscribed_contacts');
      const rows = [...(await reader.run(stopAfter === undefined ? {} : { stopAfter })).rows];
      const spans = new Set(
        simulator.calls
          .filter(({ operation }) => operation.endsWith('SubscribedContacts'))
          .map(({ parameters }) => `${parameters['StartDate']} ${parameters['EndDate']}`),
      );
      expect(spans.size).toBeGreaterThanOrEqual(2);
      if (stopAfter !== undefined) rows.push(...(await reader.run()).rows);
      expect(held('subscribed_contacts', rows)).toEqual(truth('subscribed_contacts'));
    }
  });
});
