import { describe, expect, it } from 'vitest';
import { compileTable } from '../../src/record/codec.ts';
import type { CustomerIoTable } from '../../simulators/customer-io/options.ts';
import { expectedRecord, expectedRecords } from './expected.ts';
import { byKey, workspace } from './harness.ts';

const WHOLE: CustomerIoTable[] = [
  'broadcasts',
  'transactional_messages',
  'campaigns',
  'segments',
  'exports',
  'reporting_webhooks',
  'snippets',
  'ip_addresses',
  'collections',
  'topics',
  'workspaces',
  'types',
];

describe('every table of the workspace', () => {
  it('is read whole, column by column', async () => {
    const all = await workspace({ people: 1_250, deliveries: 2_600, newsletters: 205, bounces: 1_100, activities: 450 });
    const { simulator } = all;
    expect(simulator.truth.tables).toHaveLength(18);
    for (const name of simulator.truth.tables) {
      const { rows, error, pages } = await all.table(name).run();
      expect(error, name).toBeUndefined();
      const found = byKey(all, name, rows);
      const truth = expectedRecords(simulator.truth, name);
      expect([...found.keys()].sort(), name).toEqual([...truth.keys()].sort());
      for (const [key, record] of truth) expect(found.get(key), `${name} ${key}`).toEqual(record);
      const ends = pages.filter((page) => page.scan?.end !== undefined);
      expect(ends.length, name).toBe(pages.some((page) => page.scan !== undefined) ? 1 : 0);
      if (name === 'messages') expect(rows.length).toBe(2_600);
    }
  });

  it('has the columns of its definition and no others, and survives its Avro form', async () => {
    const all = await workspace();
    for (const name of all.simulator.truth.tables) {
      const definition = all.definition(name);
      const codec = compileTable('customer_io', definition);
      const [row] = all.simulator.truth.rows(name);
      const record = expectedRecord(name, row!);
      expect(Object.keys(record).sort(), name).toEqual([...Object.keys(definition.fields), '_extra'].sort());
      expect(codec.decodeValue(codec.value(codec.body(record), 1, false)).record, name).toEqual(record);
    }
  });

  it('is asked for without parameters where the vendor takes none', async () => {
    const { simulator, table } = await workspace();
    for (const name of WHOLE) await table(name).run();
    expect(simulator.requests.list()).toHaveLength(12);
    expect(simulator.requests.list().map(({ query }) => query)).toEqual(Array.from({ length: 12 }, () => ''));
  });

  it('is followed should the vendor name a next page where it never did', async () => {
    const { simulator, table } = await workspace();
    const [first] = simulator.truth.rows('segments');
    for (const next of ['MQ==', 7]) {
      simulator.faults.add({
        kind: 'status',
        status: 200,
        on: 'GET /v1/segments',
        body: JSON.stringify({
          segments: [
            { ...first, id: 1 },
            { ...first, id: 99 },
          ],
          next,
        }),
        times: 1,
      });
      const { rows, pages } = await table('segments').run();
      expect(rows.map(({ id }) => id)).toEqual([1, 99, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(pages.map(({ scan }) => scan?.end !== undefined)).toEqual([false, true]);
      expect(new URLSearchParams(simulator.requests.list().at(-1)?.query).get('start')).toBe(String(next));
    }
  });

  it('tells how fresh it is: all that had changed before the run began has been read with it', async () => {
    const { simulator, table, definition } = await workspace();
    const incremental = simulator.truth.tables.filter((name) => definition(name).method === 'incremental');
    expect(incremental).toHaveLength(10);
    for (const name of incremental) {
      const runStart = simulator.clock.now();
      const { pages } = await table(name).run({ runStart });
      expect(pages.findLast(({ readTo }) => readTo !== undefined)?.readTo, name).toBe(name === 'messages' ? runStart - 1_000 : runStart);
    }
    // What was listed before the last stop may have changed since.
    const newsletters = table('newsletters');
    simulator.world.lists.newsletters.push(...Array.from({ length: 90 }, (_, n) => ({ id: 5_000 + n })));
    await newsletters.run({ stopAfter: 1 });
    expect((await newsletters.run()).pages.map(({ readTo }) => readTo)).toEqual([undefined]);
  });

  it('is empty, and read to its proven end, in an empty workspace', async () => {
    const { simulator, table } = await workspace({}, {}, 'empty');
    for (const name of simulator.truth.tables) {
      const { rows, error, pages } = await table(name).run({ since: simulator.clock.now() - 90 * 86_400_000 });
      expect(error, name).toBeUndefined();
      expect(rows, name).toEqual([]);
      if (!['messages', 'activities'].includes(name)) expect(pages.at(-1)?.scan?.end, name).toEqual({});
    }
  });

  it('has no time where the vendor writes none, or 0', async () => {
    const all = await workspace();
    for (const name of all.simulator.truth.tables.filter((one) => !['messages', 'activities', 'customers'].includes(one))) {
      const { fields } = all.definition(name);
      const times = Object.keys(fields).filter((column) => fields[column]?.type === 'timestamp' && fields[column]?.derive === undefined);
      const [row] = all.simulator.truth.rows(name);
      if (times.length === 0) continue;
      const record = all.record(name, { ...row!, ...Object.fromEntries(times.map((column) => [column, 0])) });
      expect(
        times.map((column) => record[column]),
        name,
      ).toEqual(times.map(() => null));
      expect(record['_extra'], name).toBeNull();
    }
    const [sender] = all.simulator.truth.rows('sender_identities');
    expect(all.record('sender_identities', { ...sender!, deduplicate_id: '21:0' })).toMatchObject({ updated_at: null, _extra: null });
  });

  it('keeps what it does not know, and takes what older answers call otherwise', async () => {
    const all = await workspace();
    const [broadcast] = all.simulator.truth.rows('broadcasts');
    expect(JSON.parse(all.record('broadcasts', { ...broadcast!, audience_size: 4 })['_extra'] as string)).toEqual({ audience_size: 4 });
    const [message] = all.simulator.truth.rows('messages');
    const { msg_template_id: _, ...old } = message!;
    expect(all.record('messages', { ...old, message_template_id: 77 })).toMatchObject({ msg_template_id: 77, _extra: null });
    expect(
      all.record('messages', { ...message!, customer_id: 'a', customer_identifiers: { id: 'b', cio_id: 'c', email: null, phone: '1' } }),
    ).toMatchObject({
      customer_id: 'a',
      customer_cio_id: 'c',
      customer_email: null,
      _extra: '{"customer_identifiers":{"id":"b","phone":"1"}}',
    });
    expect(all.record('messages', { ...message!, customer_identifiers: 'nobody' })).toMatchObject({
      customer_cio_id: null,
      _extra: '{"customer_identifiers":"nobody"}',
    });
    const [profile] = all.simulator.truth.rows('customers');
    const identifiers = { cio_id: 300_001, id: 12, email: null, anonymous_id: 'a-1' };
    expect(
      all.record('customers', {
        customer: { ...profile!, identifiers, attributes: { cio_id: '30e00001', email: 'x@example.test' } },
        score: 5,
      }),
    ).toMatchObject({
      id: '30e00001',
      cio_id: '30e00001',
      customer_id: '12',
      email: 'x@example.test',
      _extra: '{"identifiers":{"anonymous_id":"a-1"},"score":5}',
    });
    expect(all.record('messages', { ...message!, metrics: { sent: 0, opened: 'soon' } })).toMatchObject({
      sent_at: null,
      opened_at: null,
      metrics: '{"opened":"soon","sent":0}',
      _extra: null,
    });
  });
});
