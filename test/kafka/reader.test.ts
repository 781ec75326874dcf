import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { brokerAway } from '../../src/kafka/errors.ts';
import { ENOUGH, readTopics, type ReadMessage, type ReadOptions, type ReadRequest } from '../../src/kafka/reader.ts';
import { LOG_BEGAN, LogCluster, type LogRecord } from '../support/log-cluster.ts';
import { refusalOf } from './support.ts';

/* What a reading asks the brokers for and what it makes of their answers. `reader.it.test.ts` has real brokers. */

const rows = (...keys: readonly string[]): LogRecord[] => keys.map((key) => ({ key }));

/** Reads these requests; answers the keys, each behind its partition, and the ranges. */
async function read(kafka: LogCluster, requests: readonly ReadRequest[], options?: ReadOptions) {
  const found: string[] = [];
  const ranges = await readTopics(kafka.access(), requests, ({ partition, key }) => void found.push(`${partition}${key}`), {
    patience: 2_000,
    ...options,
  });
  return { found, ranges };
}

describe('a reading', () => {
  it('of nothing asks nobody', async () => {
    const kafka = new LogCluster();
    expect((await read(kafka, [])).ranges).toEqual(new Map());
    expect(kafka.opened).toBe(0);
  });

  it('reads all topics from the offsets asked for to the ends they have, and tells what it has read', async () => {
    const kafka = new LogCluster().topic('a', 3).topic('b').topic('empty');
    kafka
      .write('a', 0, rows('x', 'y'))
      .write('a', 1, rows('z'))
      .write('a', 2, rows('not asked for'))
      .write('b', 0, rows('1', '2', '3'));
    const { found, ranges } = await read(kafka, [
      { topic: 'a', partitions: [0, 1] },
      { topic: 'b', from: new Map([[0, 2n]]) },
      { topic: 'empty' },
      { topic: 'missing' },
    ]);
    expect(found.sort()).toEqual(['03', '0x', '0y', '1z']);
    const whole = { from: 0n, restarted: false };
    expect(ranges).toEqual(
      new Map([
        [
          'a',
          new Map([
            [0, { ...whole, end: 2n }],
            [1, { ...whole, end: 1n }],
          ]),
        ],
        ['b', new Map([[0, { from: 2n, end: 3n, restarted: false }]])],
        ['empty', new Map([[0, { ...whole, end: 0n }]])],
      ]),
    );
    expect(kafka.lookedUp, 'topics that exist').toEqual([['a', 'b', 'empty']]);
    expect(kafka.fetches, 'one fetch of each broker, and none of a partition that holds nothing').toEqual([
      { broker: '0', from: { 'a/0': 0n, 'b/0': 2n } },
      { broker: '1', from: { 'a/1': 0n } },
    ]);
    expect([kafka.opened, kafka.closed]).toEqual([1, 1]);
  });

  it('goes on from where the answers ended, and reads nothing that is written meanwhile', async () => {
    const kafka = new LogCluster().topic('a', 2);
    kafka.recordsAtOnce = 2;
    kafka.write('a', 0, rows('1', '2', '3', '4', '5')).write('a', 1, rows('1'));
    kafka.beforeFetch = () => void kafka.write('a', 0, rows('later')).write('a', 1, rows('later'));
    const { found } = await read(kafka, [{ topic: 'a' }]);
    expect(found.filter((one) => one.startsWith('0'))).toEqual(['01', '02', '03', '04', '05']);
    expect(found.filter((one) => one.startsWith('1'))).toEqual(['11']);
    expect(kafka.fetches.map(({ from }) => from)).toEqual([{ 'a/0': 0n }, { 'a/1': 0n }, { 'a/0': 2n }, { 'a/0': 4n }]);
  });

  it('gives each record with all that it is', async () => {
    const kafka = new LogCluster().topic('a', 2);
    const headers = {
      run: Buffer.from('r1'),
      thrice: [Buffer.from('old'), Buffer.from('newer'), Buffer.from('newest')],
      none: undefined,
      nothing: [],
    };
    kafka.write('a', 1, [{ key: 'k', value: 'v', headers }, { key: null }]);
    const found: ReadMessage[] = [];
    await readTopics(kafka.access(), [{ topic: 'a' }], (message) => void found.push(message));
    const place = { topic: 'a', partition: 1 };
    expect(found).toEqual([
      {
        ...place,
        offset: 0n,
        timestamp: LOG_BEGAN,
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        headers: { run: 'r1', thrice: 'newest' },
      },
      { ...place, offset: 1n, timestamp: LOG_BEGAN + 1, key: null, value: null, headers: {} },
    ]);
  });

  it('passes over a header that has no value, as Kafka Connect writes them', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, [{ key: 'k', headers: { none: null as never } }]);
    const found: ReadMessage[] = [];
    await readTopics(kafka.access(), [{ topic: 'a' }], (message) => void found.push(message));
    expect(found).toMatchObject([{ headers: {} }]);
  });

  it('waits with the next record until the last one was taken', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1', '2', '3'));
    const steps: string[] = [];
    await readTopics(kafka.access(), [{ topic: 'a' }], async ({ key }) => {
      steps.push(`${key} comes`);
      await setImmediate();
      steps.push(`${key} is taken`);
    });
    expect(steps).toEqual(['1', '2', '3'].flatMap((key) => [`${key} comes`, `${key} is taken`]));
  });

  it('reads no more of a partition whose reader has enough, and the others to their ends', async () => {
    const kafka = new LogCluster().topic('a', 2);
    kafka.recordsAtOnce = 2;
    kafka.write('a', 0, rows('1', '2', '3', '4')).write('a', 1, rows('1', '2', '3', '4'));
    const found: string[] = [];
    const ranges = await readTopics(kafka.access(), [{ topic: 'a' }], ({ partition, key }) => {
      found.push(`${partition}${key}`);
      return partition === 1 ? ENOUGH : undefined;
    });
    expect(found.sort()).toEqual(['01', '02', '03', '04', '11']);
    expect(ranges.get('a')?.get(1)).toMatchObject({ end: 4n });
    expect(kafka.fetches.filter(({ from }) => 'a/1' in from)).toHaveLength(1);
  });

  it('ends with what its reader throws, even where Kafka would be asked again for such an error', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1', '2'));
    const mine = Object.assign(new Error('mine'), { retriable: true });
    const late = (): Promise<void> => Promise.reject(mine);
    const atOnce = (): never => {
      throw mine;
    };
    for (const take of [late, atOnce]) expect(await refusalOf(readTopics(kafka.access(), [{ topic: 'a' }], take))).toBe(mine);
    expect(kafka.opened).toBe(2);
  });
});

describe('an offset that the log does not have', () => {
  const log = (): LogCluster => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1', '2', '3', '4'));
    kafka.cut('a', 0, 2n);
    return kafka;
  };
  it.each([
    ['before its start', 1n, { from: 2n, end: 4n, restarted: true }, ['03', '04']],
    ['at its start', 2n, { from: 2n, end: 4n, restarted: false }, ['03', '04']],
    ['at its end', 4n, { from: 4n, end: 4n, restarted: false }, []],
    ['behind its end', 5n, { from: 2n, end: 4n, restarted: true }, ['03', '04']],
  ])('%s', async (_, from, range, keys) => {
    const { found, ranges } = await read(log(), [{ topic: 'a', from: new Map([[0, from]]) }]);
    expect(ranges.get('a')?.get(0)).toEqual(range);
    expect(found).toEqual(keys);
  });

  it('because retention has removed it while it was to be read, is passed over', async () => {
    const kafka = new LogCluster().topic('a', 2).topic('b');
    kafka.recordsAtOnce = 1;
    kafka.write('a', 0, rows('1', '2', '3', '4')).write('b', 0, rows('1', '2'));
    kafka.beforeFetch = (fetch) => {
      if (fetch !== 2) return;
      kafka.cut('a', 0, 3n);
      kafka.cut('b', 0, 2n);
    };
    const { found, ranges } = await read(kafka, [{ topic: 'a' }, { topic: 'b' }]);
    expect(found).toEqual(['01', '01', '04']);
    expect(ranges.get('a')?.get(0), 'what was asked for').toEqual({ from: 0n, end: 4n, restarted: false });
    expect(kafka.fetches.at(-1)?.from, 'nothing is left of b').toEqual({ 'a/0': 3n });
  });

  it('never moves a reading back', async () => {
    const kafka = new LogCluster().topic('a').topic('b');
    kafka.recordsAtOnce = 1;
    kafka.write('a', 0, rows('1', '2', '3')).write('b', 0, rows('1', '2', '3'));
    kafka.beforeFetch = (fetch) => {
      if (fetch === 2) kafka.cut('b', 0, 2n);
    };
    const { found } = await read(kafka, [{ topic: 'a' }, { topic: 'b' }]);
    expect(found).toEqual(['01', '01', '02', '03', '03']);
  });
});

describe('transactions', () => {
  it('that were aborted are not read, also where nothing follows them', async () => {
    const kafka = new LogCluster().topic('a');
    kafka.write('a', 0, rows('1'), { producer: 'p', ends: 'commit' }).write('a', 0, rows('no'), { producer: 'p', ends: 'abort' });
    expect((await read(kafka, [{ topic: 'a' }])).found).toEqual(['01']);
  });

  it('that are open are waited for, so that nothing behind them is missed', async () => {
    const kafka = new LogCluster().topic('a');
    kafka.write('a', 0, rows('open'), { producer: 'p' }).write('a', 0, rows('behind'));
    kafka.beforeFetch = (fetch) => {
      if (fetch === 4) kafka.end('a', 0, 'p', 'commit');
    };
    expect((await read(kafka, [{ topic: 'a' }])).found).toEqual(['0open', '0behind']);
  });

  it('that stay open end the reading when nothing has come for long enough', async () => {
    const kafka = new LogCluster().topic('rows', 4);
    kafka.write('rows', 3, rows('before')).write('rows', 3, rows('open'), { producer: 'p' });
    const began = performance.now();
    const error = await refusalOf(read(kafka, [{ topic: 'rows' }], { patience: 600 }));
    expect(performance.now() - began).toBeGreaterThanOrEqual(600);
    expect(error).toMatchObject({
      kind: 'transient',
      code: 'kafka:stalled',
      reach: 'connection',
      message: 'Reading rows, partition 3, got nothing new for 1 s at offset 1 of 2.',
      remedy: expect.stringContaining('open transaction'),
    });
    expect(kafka.opened, 'another client would be told the same').toBe(1);
    expect(kafka.fetches.length, 'with a pause between the questions').toBeLessThan(30);
  });

  it('are no reason to stop as long as others progress', async () => {
    const kafka = new LogCluster().topic('a').topic('b');
    kafka.recordsAtOnce = 1;
    kafka.write('a', 0, rows('open'), { producer: 'p' }).write('b', 0, rows('1', '2', '3', '4', '5', '6'));
    kafka.beforeFetch = async (fetch) => {
      await pause(30);
      if (fetch === 6) kafka.end('a', 0, 'p', 'commit');
    };
    const { found } = await read(kafka, [{ topic: 'a' }, { topic: 'b' }], { patience: 90 });
    expect(found).toHaveLength(7);
  });

  it('that are open are not waited for by who starts', async () => {
    const kafka = new LogCluster().topic('a');
    kafka.write('a', 0, rows('before')).write('a', 0, rows('open'), { producer: 'p' }).write('a', 0, rows('behind'));
    const { found, ranges } = await read(kafka, [{ topic: 'a' }], { skipOpen: true });
    expect(found).toEqual(['0before']);
    expect(ranges.get('a')?.get(0), 'what was asked for').toEqual({ from: 0n, end: 3n, restarted: false });
  });
});

describe('a compacted log', () => {
  it('is read to its end, although nothing is left there', async () => {
    const kafka = new LogCluster()
      .topic('a')
      .topic('b')
      .write('a', 0, rows('1', '2', '3', '4'))
      .write('b', 0, rows('1', '2', '3'));
    kafka.compact('a', 0, (offset) => offset !== 1n);
    kafka.compact('b', 0, () => true);
    const { found } = await read(kafka, [{ topic: 'a' }, { topic: 'b' }]);
    expect(found).toEqual(['02']);
    expect(
      kafka.fetches.map(({ from }) => from),
      'each alone, since an answer about several may hold nothing of one',
    ).toEqual([{ 'a/0': 0n, 'b/0': 0n }, { 'a/0': 2n, 'b/0': 0n }, { 'a/0': 2n }, { 'b/0': 0n }]);
  });

  it('is not taken for read while a partition that was asked alone has something', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1', '2'));
    kafka.recordsAtOnce = 0;
    // The answer about all partitions held nothing of this one.
    kafka.beforeFetch = (fetch) => void (kafka.recordsAtOnce = fetch === 1 ? 0 : 1);
    expect((await read(kafka, [{ topic: 'a' }])).found).toEqual(['01', '02']);
  });

  it('whose start moves while it is asked alone is read on from there', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1', '2', '3'));
    kafka.beforeFetch = (fetch) => {
      kafka.recordsAtOnce = fetch === 1 ? 0 : 10;
      if (fetch === 2) kafka.cut('a', 0, 2n);
    };
    expect((await read(kafka, [{ topic: 'a' }])).found).toEqual(['03']);
  });
});

describe('brokers that go away', () => {
  it('within a fetch are asked again by the same client', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1', '2'));
    kafka.beforeFetch = (fetch) => {
      if (fetch === 1) throw brokerAway('rows');
    };
    expect((await read(kafka, [{ topic: 'a' }])).found).toEqual(['01', '02']);
    expect(kafka.opened).toBe(1);
  });

  it('for longer are asked by another client, from where the reading was', async () => {
    const kafka = new LogCluster().topic('done').topic('a').write('done', 0, rows('x')).write('a', 0, rows('1', '2'));
    kafka.recordsAtOnce = 1;
    kafka.beforeFetch = (fetch) => {
      if (fetch === 2) kafka.refuse = brokerAway('the metadata');
      if (fetch === 2) throw brokerAway('rows');
    };
    const { found, ranges } = await read(kafka, [{ topic: 'done' }, { topic: 'a' }]);
    expect(found).toEqual(['0x', '01', '02']);
    expect(ranges.get('a')?.get(0)).toEqual({ from: 0n, end: 2n, restarted: false });
    expect([kafka.opened, kafka.closed]).toEqual([2, 2]);
    expect(kafka.lookedUp, 'of those that are left').toEqual([['done', 'a'], ['a']]);
  });

  it('for too long end the reading', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1'));
    kafka.beforeFetch = async () => {
      await pause(20);
      kafka.refuse = brokerAway('the metadata');
      throw brokerAway('rows');
    };
    expect(await refusalOf(read(kafka, [{ topic: 'a' }], { patience: 10 }))).toMatchObject({
      kind: 'transient',
      code: 'kafka:unreachable',
      message: expect.stringContaining('Reading topics failed'),
    });
    expect(kafka.opened).toBe(1);
  });

  it('before it is known what there is to read end the reading at once', async () => {
    const kafka = new LogCluster();
    kafka.refuseConnection = brokerAway('anything');
    expect(await refusalOf(read(kafka, [{ topic: 'a' }]))).toMatchObject({ kind: 'transient', code: 'kafka:unreachable' });
    expect(kafka.opened).toBe(1);
  });

  it('are not asked again where that cannot help', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1'));
    kafka.beforeFetch = () => {
      throw Object.assign(new Error('no'), { type: 'TOPIC_AUTHORIZATION_FAILED' });
    };
    expect(await refusalOf(read(kafka, [{ topic: 'a' }]))).toMatchObject({
      kind: 'config',
      message: expect.stringContaining('lacks a right'),
    });
    expect([kafka.opened, kafka.fetches.length]).toEqual([1, 1]);
  });
});

describe('a stop', () => {
  it.each(['of the call', 'of the process'])('%s ends the reading before the next record', async (whose) => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1', '2'));
    const stop = new AbortController();
    const own = whose === 'of the call';
    let taken = 0;
    const access = { ...kafka.access(), ...(own ? {} : { signal: stop.signal }) };
    const reading = readTopics(
      access,
      [{ topic: 'a' }],
      () => {
        taken += 1;
        stop.abort();
      },
      own ? { signal: stop.signal } : {},
    );
    expect(await refusalOf(reading)).toMatchObject({ kind: 'stopped', message: 'Reading topics was stopped.' });
    expect(taken).toBe(1);
  });

  it('ends a reading that has nothing to wait for but an open transaction', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('open'), { producer: 'p' });
    const stop = new AbortController();
    kafka.beforeFetch = (fetch) => {
      if (fetch === 3) stop.abort();
    };
    expect(await refusalOf(read(kafka, [{ topic: 'a' }], { signal: stop.signal }))).toMatchObject({ kind: 'stopped' });
  });

  it('while the next client is waited for ends the reading', async () => {
    const kafka = new LogCluster().topic('a').write('a', 0, rows('1'));
    const stop = new AbortController();
    kafka.beforeFetch = () => {
      kafka.refuse = brokerAway('the metadata');
      kafka.onClose = () => void setImmediate().then(() => stop.abort());
      throw brokerAway('rows');
    };
    expect(await refusalOf(read(kafka, [{ topic: 'a' }], { signal: stop.signal }))).toMatchObject({ kind: 'stopped' });
    expect(kafka.fetches).toHaveLength(1);
  });
});
