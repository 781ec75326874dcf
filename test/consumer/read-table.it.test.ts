import { randomBytes } from 'node:crypto';
import { Partitioners } from 'kafkajs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { readTable, tableRef, tableView, type Change, type ReadTableOptions } from '../../exports/consumer.ts';
import { createClient, withAdmin } from '../../src/kafka/client.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { table } from '../../src/sdk/define.ts';
import { boolean, date, integer, json, number, text, timestamp } from '../../src/sdk/fields.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { Row } from '../../src/core/types.ts';
import type { Source } from '../../src/sdk/source.ts';
import { until } from '../support/command.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';
import { createTopics } from '../support/topics.ts';

const wide = 9_007_199_254_740_993n;

const entry = table({
  name: 'entry',
  docs: 'Entries',
  documentedKey: ['id', 'day'],
  key: ['id', 'day'],
  method: 'full_table',
  deletes: 'scan',
  partitions: 2,
  fields: {
    id: integer('Id'),
    day: date('Day'),
    name: text('Name'),
    share: number('Share'),
    open: boolean('Open'),
    at: timestamp('When'),
    more: json('More'),
  },
  read: fullScan(async () => ({ rows: [...vendor.values()], next: END })),
});

const vendor = new Map<string, Row>();
const put = (id: bigint | number, more: Row = {}): void =>
  void vendor.set(String(id), {
    id,
    day: '2026-02-28',
    name: `entry ${id}`,
    share: 0.5,
    open: true,
    at: '2026-02-28T12:00:00Z',
    more: { b: 1 },
    ...more,
  });

const ledger: Source = {
  name: 'ledger',
  title: 'Ledger',
  settings: z.strictObject({}),
  connect: () => ({}),
  probe: async () => ({ account: 'test' }),
  tables: () => [entry],
};
const ref = tableRef('ledger', entry, ['id', 'day']);
type Seen = Change<Record<string, unknown>, string>;

let opened: TestEngine;
let where: ReadTableOptions;
const sync = async (): Promise<void> => {
  const [run] = await opened.engine.sync([{ connection: 'ledger' }], new AbortController().signal);
  expect(run?.outcome, run?.error?.message).toBe('succeeded');
};
const read = async (more: Partial<ReadTableOptions> = {}): Promise<{ changes: Seen[]; offsets: Readonly<Record<string, string>> }> => {
  const reader = readTable(ref, { ...where, ...more });
  const changes: Seen[] = [];
  for await (const change of reader) changes.push(change as unknown as Seen);
  // Within a partition they come in order, between two in any.
  changes.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
  return { changes, offsets: reader.offsets() };
};

beforeAll(async () => {
  const stack = inject('stack');
  const prefix = `cons${randomBytes(5).toString('hex')}`;
  opened = await openTestEngine({ ...stack, prefix, connections: [{ source: ledger, settings: {} }] });
  where = { brokers: stack.brokers, registry: { url: stack.registryUrl, ...stackLogin() }, prefix, ...kafkaLogin() };
});
afterAll(() => opened?.close());

test('rows come typed, deletes by marker and tombstone, from the start, from a saved offset, from now, and in a view', async () => {
  await expect(read()).rejects.toMatchObject({
    kind: 'config',
    code: 'consumer:no_topic',
    remedy: expect.stringMatching(/prefix, connection and topicName/),
  });
  put(wide, { beyond: 'no column has it' });
  for (let id = 1; id <= 40; id += 1) put(id);
  await sync();

  const first = await read();
  expect(first.changes).toHaveLength(41);
  const change = first.changes.find(({ key }) => key['id'] === wide);
  expect(change).toMatchObject({ kind: 'upsert', key: { id: wide, day: '2026-02-28' }, at: expect.any(Date), offset: expect.any(BigInt) });
  expect((change as { row?: object }).row).toEqual({
    id: wide,
    day: '2026-02-28',
    name: `entry ${wide}`,
    share: 0.5,
    open: true,
    at: new Date('2026-02-28T12:00:00Z'),
    more: '{"b":1}',
    _extra: '{"beyond":"no column has it"}',
    _synced_at: expect.any(Date),
  });
  expect(first.changes.map(({ key }) => typeof key['id'])).not.toContain('number');
  expect(Object.keys(first.offsets).sort()).toEqual(['0', '1']);

  const view = await tableView(ref, { ...where, pauseMs: 100 });
  expect(view.size).toBe(41);
  const told: Seen[] = [];
  view.on((one) => told.push(one as unknown as Seen));
  const fresh: Seen[] = [];
  const stop = new AbortController();
  const following = (async () => {
    for await (const one of readTable(ref, { ...where, from: 'now', follow: true, pauseMs: 100, signal: stop.signal }))
      fresh.push(one as unknown as Seen);
  })();
  // What it begins with is what comes after it has begun.
  await until('it follows', async () => {
    put(1, { name: `changed ${randomBytes(4).toString('hex')}` });
    await sync();
    return fresh.length > 0;
  });
  vendor.delete('2');
  await sync();
  const key = { id: 2n, day: '2026-02-28' };
  await until('the view is current', () => !view.has(key) && view.get({ id: 1n, day: '2026-02-28' })?.name === vendor.get('1')?.['name']);
  expect(view.size).toBe(40);
  expect([...view.values()].map(({ id }) => id)).not.toContain(2n);
  await until('the delete is told', () => told.filter(({ kind }) => kind === 'delete').length === 2 && fresh.length === told.length);
  await view.close();
  await view.ended;
  stop.abort();
  await following;

  const later = await read({ from: first.offsets });
  expect(later.changes.filter(({ kind }) => kind === 'delete')).toMatchObject([
    { kind: 'delete', by: 'marker', key, marker: { id: 2n, name: null } },
    { kind: 'delete', by: 'tombstone', key },
  ]);
  expect(later.changes.filter(({ kind }) => kind === 'upsert').map(({ key: one }) => one['id'])).not.toContain(3n);
  expect((await read({ from: JSON.parse(JSON.stringify(later.offsets)) as Record<string, string> })).changes).toEqual([]);
  expect((await read({ from: 'now' })).changes).toEqual([]);
});

test('rows of an aborted transaction are never shown', async () => {
  const topic = `${where.prefix}.ledger.entry`;
  const before = await read();
  let message: { key: Buffer | null; value: Buffer | null } = { key: null, value: null };
  await readTopics(opened.access, [{ topic }], ({ key, value }) => void (message = { key, value }));
  const producer = createClient(opened.access).producer({
    transactionalId: `${where.prefix}.stranger`,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: [message] });
  await transaction.abort();
  await producer.disconnect();
  expect((await read()).changes).toEqual(before.changes);
  expect((await read({ from: before.offsets })).changes).toEqual([]);
});

test('whoever leaves early, or reads slowly, stops the reading behind it; an error of the reader is the iteration’s', async () => {
  const reader = readTable(ref, where);
  for await (const change of reader) {
    expect(reader.offsets()).toEqual({ [change.partition]: String(change.offset + 1n) });
    break;
  }
  const stopped = readTable(ref, { ...where, follow: true, signal: AbortSignal.timeout(10) });
  for await (const change of stopped) expect(change.kind).toMatch(/upsert|delete/);
  await expect(read({ registry: 'http://127.0.0.1:9' })).rejects.toMatchObject({ name: 'TributaryError', kind: 'transient' });
  expect(() => tableRef('ledger', entry, ['id'])).toThrow('The key of ledger.entry is id, day, not id.');
  expect(() => readTable(ref, { ...where, from: { a: '1' } })).toThrow(/is not a result of offsets\(\)/);
});

test('saved offsets of a topic that was made anew are refused; a view begins again', async () => {
  const { offsets } = await read();
  const view = await tableView(ref, { ...where, pauseMs: 100 });
  const topic = `${where.prefix}.ledger.entry`;
  await withAdmin(opened.access, 'Testing', (admin) => admin.deleteTopics({ topics: [topic] }));
  await until('the topic is gone', async () =>
    read().then(
      () => false,
      (error: { code?: string }) => error.code === 'consumer:no_topic',
    ),
  );
  await withAdmin(opened.access, 'Testing', (admin) => createTopics(admin, { topic, numPartitions: 2 }));
  await expect(read({ from: offsets })).rejects.toMatchObject({
    code: 'consumer:offsets_gone',
    remedy: expect.stringMatching(/from the start/),
  });
  await until('the view is empty', () => view.size === 0);
  await view.close();
});
