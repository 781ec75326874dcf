import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { TributaryError, type TributaryErrorOptions } from '../../src/core/errors.ts';
import { createRedactor } from '../../src/core/redact.ts';
import type { Connection } from '../../src/engine/connection.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import type { OpenTable } from '../../src/engine/open-table.ts';
import { newState } from '../../src/engine/table-opener.ts';
import { tableStateRecord } from '../../src/kafka/meta/state.ts';
import type { Batch, DeadLetter, TableState } from '../../src/kafka/types.ts';
import { refusalOf } from '../kafka/support.ts';
import { openShop, type Shop } from '../support/shop-connection.ts';

/* How a connection is opened, lost, recovered and closed, with brokers in memory. */

const never = new AbortController().signal;
const where = { connection: 'shop', source: 'shop_vendor' };
const TOPIC = 'saas.shop.item';

let shop: Shop;
let kafka: Shop['kafka'];
let events: Shop['events'];
let connect: Shop['connect'];
beforeEach(() => {
  shop = openShop();
  ({ kafka, events, connect } = shop);
});
afterEach(() => shop.close());

const failure = (kind: TributaryErrorOptions['kind'], more: Partial<TributaryErrorOptions> = {}): TributaryError =>
  new TributaryError('It failed.', { kind, ...more });
const away = failure('transient', { code: 'kafka:unreachable' });

const table = (connection: Connection, name = 'item'): OpenTable => connection.tables.get(name) as OpenTable;
const told = (...types: readonly string[]): EngineEvent[] => events.filter(({ type }) => types.includes(type));
const batch = (state: TableState, more: Partial<Batch> = {}): Batch => ({
  topic: TOPIC,
  messages: [],
  deadLetters: [],
  state: [tableStateRecord('shop', 'item', state)],
  headers: {},
  ...more,
});
const stateOf = (more: Partial<TableState>): TableState => ({
  ...newState({ topic: TOPIC, keySchemaId: 1, valueSchemaId: 2 }, { partitions: 1 } as never),
  ...more,
});
/** Fails the first calls of this kind, and then none. */
function failFirst(call: string, ...errors: readonly Error[]): void {
  const left = [...errors];
  kafka.before[call] = () => {
    const error = left.shift();
    if (error !== undefined) throw error;
  };
}

describe('opening a connection', () => {
  it('asks for its rights, creates its topics, takes over as the writer, and only then reads its state', async () => {
    const before = kafka.createWriter({ access: kafka.access(), connection: 'shop' });
    kafka.topic('saas._state', 12).topic(TOPIC);
    await before.reopen();
    kafka.asked.length = 0;
    kafka.before.reopen = async () => {
      kafka.before.reopen = undefined;
      // What the previous owner commits until it is fenced counts.
      await before.write(
        batch(stateOf({ position: { v: 1, at: 7 }, lastSuccessAt: 5, readTo: 4, withheld: { count: 1, reason: 'Odd.', since: 3 } })),
      );
    };
    const connection = connect();
    const session = await connection.session(never);
    expect(kafka.asked.filter((what, at) => what !== kafka.asked[at - 1])).toEqual([
      'rights',
      'listTopics',
      'createTopics',
      'reopen',
      'write',
    ]);
    expect(shop.registered).toEqual([TOPIC]);
    expect(table(connection).state.position).toEqual({ v: 1, at: 7 });
    expect(told('table-known')).toEqual([
      { type: 'table-known', ...where, table: 'item', lastSuccessAt: 5, readTo: 4, withheld: { count: 1, reason: 'Odd.', since: 3 } },
    ]);
    expect(session).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), lost: false });
    expect((await refusalOf(before.write(batch(stateOf({}))))).kind).toBe('fenced');
  });

  it('tells nothing of a table that nothing is known of', async () => {
    await connect().session(never);
    expect(told('table-known')).toEqual([{ type: 'table-known', ...where, table: 'item' }]);
  });

  it('is done once for all that wait for it', async () => {
    const connection = connect(['item', 'shop']);
    const [one, two] = await Promise.all([connection.session(never), connection.session(never)]);
    expect(one).toBe(two);
    expect(await connection.session(never)).toBe(one);
    expect(kafka.asked.filter((what) => what === 'reopen')).toHaveLength(1);
    expect([...connection.tables.keys()]).toEqual(['item', 'shop']);
  });

  it('is tried again while Kafka is away, and says so', async () => {
    failFirst('listTopics', away, away);
    await connect().session(never);
    const failed = { kind: 'transient', code: 'kafka:unreachable', message: 'It failed.', retryAt: shop.now + 100 };
    expect(told('connection-failed', 'run-retrying', 'run-recovered')).toEqual([
      { type: 'connection-failed', failure: failed, ...where },
      { type: 'connection-failed', failure: failed, ...where },
      { type: 'run-recovered', ...where, table: 'item' },
    ]);
  });

  it('goes on where it was when only reading has failed', async () => {
    kafka.topic('saas._state', 12);
    let reads = 0;
    kafka.before.reopen = () => {
      if ((reads += 1) === 1) kafka.refuseConnection = Object.assign(new Error('no broker'), { name: 'KafkaJSConnectionError' });
      else kafka.refuseConnection = undefined;
    };
    const connection = connect();
    await connection.session(never);
    expect(shop.registered, 'its schemas are registered').toEqual([TOPIC]);
    expect(told('connection-failed')).toEqual([]);
    expect(told('run-retrying')).toMatchObject([{ stage: 'kafka', table: 'item', failure: { code: 'kafka:unreachable' } }]);
  });

  it('fails where no retry can help, and is tried again when it is asked for again', async () => {
    const refused = failure('config');
    failFirst('listTopics', refused);
    const connection = connect();
    expect(await refusalOf(connection.session(never))).toBe(refused);
    expect(told('connection-failed')).toEqual([]);
    await connection.session(never);
  });

  it('gives up after the patience for it, and later after that for a lost one', async () => {
    kafka.before.listTopics = () => Promise.reject(away);
    const connection = connect(['item'], { patience: { opening: 50, open: 90_000 } });
    expect(await refusalOf(connection.session(never))).toMatchObject({ message: 'It failed. Given up after 0 s.' });
    expect(connection.patience).toBe(90_000);
    kafka.before.listTopics = undefined;
    const session = await connection.session(never);
    session.lose();
    failFirst('listTopics', away);
    await connection.recover(session, never);
    expect(connect().patience).toBeUndefined();
  });

  it('stops a table alone whose schemas are refused', async () => {
    shop.refuses[TOPIC] = failure('config', { code: 'registry:409' });
    const connection = connect(['item', 'shop']);
    await connection.session(never);
    expect([table(connection).refusal, table(connection, 'shop').refusal]).toEqual([shop.refuses[TOPIC], undefined]);
  });

  it('uses another folder, and says so, while another process has its own', async () => {
    const first = connect();
    await first.session(never);
    await connect().session(never);
    expect(told('notice')).toEqual([
      {
        type: 'notice',
        ...where,
        message: `The index folder of shop is in use by process ${process.pid}, so this process uses its own, ${join(shop.folder, 'shop.2')}, built from the topics. It is removed once the usual folder is free again.`,
      },
    ]);
    expect(await refusalOf(first.services.writer.write(batch(stateOf({}))))).toMatchObject({ kind: 'fenced' });
  });
});

describe('who waits for a connection', () => {
  it('may go, and the opening goes on for others', async () => {
    let go: () => void = () => undefined;
    kafka.before.reopen = () => new Promise((resolve) => (go = resolve));
    const connection = connect();
    const stop = new AbortController();
    const waiting = connection.session(stop.signal);
    const other = connection.session(never);
    stop.abort();
    expect(await refusalOf(waiting)).toMatchObject({ kind: 'stopped', message: 'shop was stopped while it was being opened.' });
    expect(await refusalOf(connection.session(stop.signal))).toMatchObject({ kind: 'stopped' });
    while (!kafka.asked.includes('reopen')) await setImmediate();
    go();
    expect(await other).toMatchObject({ lost: false });
  });

  it('hears what it waited for', async () => {
    kafka.before.listTopics = () => Promise.reject(away);
    const connection = connect();
    const stop = new AbortController();
    const waiting = connection.session(stop.signal);
    while (told('connection-failed').length === 0) await setImmediate();
    stop.abort();
    expect(await refusalOf(waiting)).toMatchObject({ kind: 'stopped', message: 'shop was stopped while it waited: It failed.' });
  });
});

describe('a session', () => {
  it('is lost when its writer fails, and another one begins with what the topics say', async () => {
    const connection = connect();
    const session = await connection.session(never);
    await connection.services.writer.write(batch(stateOf({ position: { v: 1, at: 1 } })));
    failFirst('write', away);
    expect(await refusalOf(connection.services.writer.write(batch(stateOf({ position: { v: 1, at: 2 } }))))).toBe(away);
    expect([session.lost, session.signal.aborted]).toEqual([true, true]);
    await connection.recover(session, never);
    const next = await connection.session(never);
    expect([next === session, next.id === session.id, next.lost]).toEqual([false, false, false]);
    expect(table(connection).state.position).toEqual({ v: 1, at: 1 });
    expect(told('notice'), 'its folder is its own').toEqual([]);
    expect(told('transaction')).toEqual([{ type: 'transaction', outcome: 'committed', durationMs: 5, ...where }]);
    expect(shop.registered, 'its schemas are known').toEqual([TOPIC]);
  });

  it('that is recovered waits for what still runs in it', async () => {
    const connection = connect();
    const session = await connection.session(never);
    let end: () => void = () => undefined;
    const attempt = session.attempt(new Promise<void>((resolve) => (end = resolve)));
    const failed = session.attempt(Promise.reject(away)).catch((error: unknown) => error);
    kafka.asked.length = 0;
    const recovering = connection.recover(session, never);
    expect(session.signal.aborted, 'and ends it').toBe(true);
    await setImmediate();
    expect(kafka.asked).toEqual([]);
    end();
    await Promise.all([attempt, recovering]);
    expect(await failed).toBe(away);
    expect(kafka.asked).toContain('reopen');
    kafka.asked.length = 0;
    await connection.recover(session, never);
    expect(kafka.asked, 'another table has done it').toEqual([]);
  });

  it('that another instance has taken over is the last: no other is opened, since that would fence the other instance', async () => {
    const connection = connect();
    const session = await connection.session(never);
    const fenced = failure('fenced');
    failFirst('write', fenced);
    await refusalOf(connection.services.writer.write(batch(stateOf({}))));
    kafka.asked.length = 0;
    expect(await refusalOf(connection.session(never))).toBe(fenced);
    expect(await refusalOf(connection.recover(session, never))).toBe(fenced);
    expect(kafka.asked).toEqual([]);
  });

  it('tells its tables that the connection is away, and that it is back', async () => {
    const connection = connect(['item', 'shop']);
    const session = await connection.session(never);
    session.lose();
    events.length = 0;
    failFirst('listTopics', away);
    await connection.recover(session, never);
    const both = ['item', 'shop'].map((name) => ({ ...where, table: name }));
    expect(told('run-retrying', 'run-recovered', 'connection-failed')).toMatchObject([
      ...both.map((ref) => ({ type: 'run-retrying', stage: 'kafka', failure: { retryAt: shop.now + 100 }, ...ref })),
      ...both.map((ref) => ({ type: 'run-recovered', ...ref })),
    ]);
  });

  it('begins with a new index where the old one is damaged', async () => {
    const connection = connect();
    const session = await connection.session(never);
    const { index } = table(connection);
    await index.close();
    expect(() => index.size()).toThrow(/cannot be used/);
    session.lose();
    await connection.recover(session, never);
    expect(table(connection).index.size()).toBe(0);
  });

  it('writes no secret into a dead letter or a state, and rows as they are', async () => {
    const redactor = createRedactor();
    redactor.add('hunter2hunter2');
    const connection = connect(['item'], { redactor });
    await connection.session(never);
    const row = { key: Buffer.from('k'), value: Buffer.from('hunter2hunter2') };
    const letter = { connection: 'shop', table: 'item', raw: 'of hunter2hunter2' } as DeadLetter;
    await connection.services.writer.write(
      batch(stateOf({ withheld: { count: 1, reason: 'hunter2hunter2', since: 1 } }), { messages: [row], deadLetters: [letter] }),
    );
    const written = kafka.batches.at(-1);
    expect(written?.messages).toEqual([row]);
    expect(JSON.stringify([written?.deadLetters, written?.state])).not.toContain('hunter2');
    expect(written?.deadLetters[0]?.raw).toContain('of ');
  });
});

describe('the topic of a table', () => {
  it('is looked at once for all tables that end within moments, and by its limits from then on', async () => {
    const connection = connect(['item', 'shop']);
    await connection.session(never);
    kafka.asked.length = 0;
    kafka.configs.set(TOPIC, { 'max.message.bytes': '5000' });
    expect(await Promise.all([...connection.tables.values()].map((one) => connection.topicFault(one)))).toEqual([undefined, undefined]);
    expect(kafka.asked).toEqual(['listTopics']);
    expect(table(connection).topicFacts.largestBatch).toBe(5_000);
    expect(table(connection).rows({ id: 'x'.repeat(5_000) })).toMatchObject({ deadLetter: 'too_large' });
  });

  it('is looked at again after two seconds', async () => {
    const connection = connect();
    await connection.session(never);
    kafka.asked.length = 0;
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    await connection.topicFault(table(connection));
    vi.advanceTimersByTime(2_000);
    await connection.topicFault(table(connection));
    expect(kafka.asked).toEqual(['listTopics']);
    vi.advanceTimersByTime(1);
    await connection.topicFault(table(connection));
    expect(kafka.asked).toEqual(['listTopics', 'listTopics']);
  });

  it('may refuse the table by now', async () => {
    const connection = connect();
    await connection.session(never);
    kafka.configs.set(TOPIC, { 'cleanup.policy': 'delete' });
    expect(await connection.topicFault(table(connection))).toMatchObject({ code: 'topic:config' });
    expect(table(connection).topicFacts.refusal, 'what was known of it stays').toBeUndefined();
  });

  it('that is gone is looked for once more, and is no fault of a table that has published nothing', async () => {
    const connection = connect();
    await connection.session(never);
    kafka.remove(TOPIC);
    const one = table(connection);
    one.state = { ...one.state, rowsPublished: 3 };
    kafka.asked.length = 0;
    expect(await connection.topicFault(one)).toMatchObject({ code: 'topic:gone', message: expect.stringContaining('3 rows') });
    expect(kafka.asked).toEqual(['listTopics', 'listTopics']);
  });

  it('has no fault while Kafka cannot be asked, unless it refuses to answer', async () => {
    const connection = connect();
    await connection.session(never);
    failFirst('listTopics', away);
    expect(await connection.topicFault(table(connection))).toBeUndefined();
    const other = connect();
    await other.session(never);
    const denied = failure('config');
    failFirst('listTopics', denied);
    expect(await refusalOf(other.topicFault(table(other)))).toBe(denied);
  });
});

describe('a connection without a writer', () => {
  it('knows its tables and follows their topics, and fences nobody', async () => {
    const writing = connect();
    const session = await writing.session(never);
    const looking = connect();
    await looking.inspect();
    await writing.services.writer.write(batch(stateOf({ position: { v: 1, at: 3 } })));
    expect(table(looking).state.position).toBeUndefined();
    await looking.follow();
    expect(table(looking).state.position).toEqual({ v: 1, at: 3 });
    expect([session.lost, kafka.asked.filter((what) => what === 'reopen').length]).toEqual([false, 1]);
  });
});

describe('rows of a whole table', () => {
  it('are read with those of its parent, whether or not these tables are selected', async () => {
    const connection = connect(['item']);
    expect(await connection.readRows('product', never)).toEqual([{ id: 'p1', shop_id: 's1' }]);
    expect(await refusalOf(connection.readRows('none', never))).toMatchObject({
      kind: 'internal',
      message: 'shop_vendor has no table none.',
    });
  });
});

describe('a connection that is closed', () => {
  it('releases its folder and its indexes', async () => {
    const connection = connect();
    await connection.session(never);
    await connection.close();
    expect(kafka.asked.at(-1)).toBe('close');
    await connect().session(never);
    expect(told('notice'), 'its folder is free').toEqual([]);
  });

  describe.each(['close', 'lifetime'])('by its %s while it is being opened', (how) => {
    it.each([
      ['rights', 'createTopics'],
      ['createTopics', 'reopen'],
      ['registerTable', 'reopen'],
      ['reopen', 'table-known'],
    ])('goes no further than it is: after %s comes no %s', async (step, next) => {
      const connection = connect();
      let ended: Promise<void> | undefined;
      shop.kafka.before[step] = () => {
        kafka.before[step] = undefined;
        if (how === 'close') ended = connection.close();
        else shop.lifetime.abort();
      };
      expect(await refusalOf(connection.session(never))).toMatchObject({
        kind: 'stopped',
        message: 'shop was stopped while it was being opened.',
      });
      await ended;
      expect([...kafka.asked, ...events.map(({ type }) => type)]).not.toContain(next);
    });
  });
});
