import { describe, expect, it } from 'vitest';
import { compileTable } from '../../src/table/codec.ts';
import type { CustomerIoTable } from '../simulators/customer-io/options.ts';
import { expectedRecord, expectedRecords } from './expected.ts';
import { byKey, workspace } from './harness.ts';

const WHOLE: CustomerIoTable[] = ['broadcasts', 'transactional_messages', 'campaigns', 'segments', 'exports', 'reporting_webhooks', 'snippets', 'ip_addresses', 'collections', 'topics', 'workspaces', 'types'];

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

  it('is empty, and read to its proven end, in an empty workspace', async () => {
    const { simulator, table } = await workspace({}, {}, 'empty');
    for (const name of simulator.truth.tables) {
      const { rows, error, pages } = await table(name).run({ since: simulator.clock.now() - 90 * 86_400_000 });
      expect(error, name).toBeUndefined();
      expect(rows, name).toEqual([]);
      if (!['messages', 'activities'].includes(name)) expect(pages.at(-1)?.scan?.end, name).toEqual({});
    }
  });

  it('keeps what it does not know, and takes what older answers call otherwise', async () => {
    const all = await workspace();
    const [broadcast] = all.simulator.truth.rows('broadcasts');
    expect(JSON.parse(all.record('broadcasts', { ...broadcast!, audience_size: 4 })['_extra'] as string)).toEqual({ audience_size: 4 });
    const [message] = all.simulator.truth.rows('messages');
    const { msg_template_id: _, ...old } = message!;
    expect(all.record('messages', { ...old, message_template_id: 77 })).toMatchObject({ msg_template_id: 77, _extra: null });
    expect(all.record('messages', { ...message!, customer_id: 'a', customer_identifiers: { id: 'b', cio_id: 'c', email: null, phone: '1' } }))
      .toMatchObject({ customer_id: 'a', customer_cio_id: 'c', customer_email: null, _extra: '{"customer_identifiers":{"id":"b","phone":"1"}}' });
    expect(all.record('messages', { ...message!, metrics: { sent: 0, opened: 'soon' } })).toMatchObject({ sent_at: null, opened_at: null, metrics: '{"opened":"soon","sent":0}', _extra: null });
  });
});
