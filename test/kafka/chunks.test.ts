import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { describe, expect, test, vi } from 'vitest';
import type { Chunk } from '../../src/kafka/chunks.ts';
import { CHUNK_MESSAGES, chunksOf, groupsOf, placed } from '../../src/kafka/chunks.ts';
import { CHUNK_BYTES } from '../../src/kafka/packed-records.ts';
import { connectionPartition, partitionOf } from '../../src/kafka/partitioning.ts';

/** Keys of a chunk's messages, each of which begins with its partition. */
const keysIn = ({ records }: Chunk): string[] => records.toString('latin1').match(/\d-\d+;/g) ?? [];

describe('chunks', () => {
  test('keep every message once and in order within its partition, and stay within the limits', async () => {
    const sizes = fc.array(
      fc.tuple(
        fc.oneof({ weight: 80, arbitrary: fc.nat(3_000) }, { weight: 1, arbitrary: fc.nat(700_000) }),
        fc.integer({ min: 0, max: 4 }),
      ),
      { maxLength: 2_500, minLength: 0, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(sizes, async (messages) => {
        const block = Buffer.alloc(700_000);
        const rounds = await chunksOf(
          't',
          messages.map(([size, partition], i) => ({ partition, key: Buffer.from(`${partition}-${i};`), value: block.subarray(0, size) })),
        );
        for (let partition = 0; partition <= 4; partition += 1) {
          const chunks = rounds.flat().filter((chunk) => chunk.partition === partition);
          expect(chunks.flatMap(keysIn)).toEqual(messages.flatMap(([, where], i) => (where === partition ? [`${partition}-${i};`] : [])));
          for (const chunk of chunks) {
            expect(chunk.count).toBe(keysIn(chunk).length);
            expect(chunk.count).toBeLessThanOrEqual(CHUNK_MESSAGES);
            expect(chunk.records.length).toBeLessThanOrEqual(chunk.size);
            if (chunk.count > 1) expect(chunk.size).toBeLessThanOrEqual(CHUNK_BYTES);
          }
        }
        for (const round of rounds) expect(new Set(round.map(({ partition }) => partition)).size).toBe(round.length);
      }),
      { numRuns: 25 },
    );
  });

  test('of many small messages hold 1,000 each', async () => {
    const rounds = await chunksOf(
      't',
      Array.from({ length: 2_500 }, () => ({ partition: 2, key: Buffer.from('k'), value: null })),
    );
    expect(rounds.map((round) => round.map(({ partition, count }) => [partition, count]))).toEqual([
      [[2, 1_000]],
      [[2, 1_000]],
      [[2, 500]],
    ]);
  });

  test('that are full are compressed while others are packed, and those that are not, at the end', async () => {
    const events: string[] = [];
    const ends: (() => void)[] = [];
    const compress = (records: Buffer): Promise<Buffer> => {
      events.push(`compress ${keysIn({ records } as Chunk).length}`);
      return new Promise((resolve) => void ends.push(() => resolve(Buffer.from(`${keysIn({ records } as Chunk)[0]}`))));
    };
    function* messages(): Generator<{ partition: number; key: Buffer; value: null }, void, void> {
      for (let i = 0; i < 1_500; i += 1) yield { partition: 2, key: Buffer.from(`2-${i};`), value: null };
      events.push('all packed');
    }
    const made = chunksOf('t', messages(), { compress });
    await vi.waitFor(() => expect(events).toEqual(['compress 1000', 'all packed', 'compress 500']));
    // In any order.
    for (const end of ends.reverse()) end();
    expect((await made).flat().map(({ count, records, isCompressed }) => [count, String(records), isCompressed])).toEqual([
      [1_000, '2-0;', true],
      [500, '2-1000;', true],
    ]);
  });

  test('that cannot be compressed fail as one, and whatever comes after them', async () => {
    const messages = Array.from({ length: 3_000 }, (_, i) => ({ partition: i % 2, key: Buffer.from(`${i}`), value: null }));
    await expect(chunksOf('t', messages, { compress: () => Promise.reject(new Error('no codec')) })).rejects.toThrow('no codec');
  });

  test('count the bytes of headers, which all messages of a batch share', async () => {
    const message = (headers?: Record<string, string>) => ({
      partition: 0,
      key: Buffer.alloc(100_000),
      value: null,
      ...(headers && { headers }),
    });
    const sizes = async (one: ReturnType<typeof message>): Promise<number[]> =>
      (await chunksOf('t', Array(6).fill(one))).map(([chunk]) => chunk?.count ?? 0);
    expect(await sizes(message())).toEqual([5, 1]);
    expect(await sizes(message({ ['ä'.repeat(25_000)]: 'ö'.repeat(25_000) }))).toEqual([2, 2, 2]);
    expect(await sizes(message({ a: 'x'.repeat(60_000), b: 'x'.repeat(40_000) }))).toEqual([2, 2, 2]);
  });

  test('go to a single partition each when there are several brokers, and state goes last', () => {
    const chunk = (topic: string, partition: number): Chunk => ({ topic, partition, count: 0, size: 0, records: Buffer.alloc(0) });
    const table = [[chunk('t', 0), chunk('t', 1)], [chunk('t', 0)]];
    const letters = [[chunk('d', 0)]];
    const state = [[chunk('s', 3)]];
    const name = (groups: Chunk[][]): string[] =>
      groups.map((group) => group.map(({ topic, partition }) => `${topic}${partition}`).join(' '));
    expect(name(groupsOf(table, letters, state, 1))).toEqual(['t0 t1 d0', 't0 s3']);
    expect(name(groupsOf(table, letters, state, 3))).toEqual(['t0', 't1', 'd0', 't0', 's3']);
    expect(name(groupsOf([], [], state, 1))).toEqual(['s3']);
    expect(groupsOf([], [], [], 1)).toEqual([]);
  });
});

test('partitions are those that Java and kafkajs give a key', () => {
  // Java's Utils.murmur2 for these texts, from its own unit test, made positive, modulo 1,000.
  const known: readonly (readonly [string, number])[] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['abc', 479470107],
  ];
  for (const [text, hash] of known) expect(partitionOf(Buffer.from(text), 1_000)).toBe((hash & 0x7fffffff) % 1_000);
  const metadata = Array.from({ length: 12 }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 1,
    replicas: [],
    isr: [],
  }));
  expect(connectionPartition('klaviyo', {})).toBe(
    Partitioners.DefaultPartitioner()({ topic: 'x', partitionMetadata: metadata, message: { key: 'klaviyo', value: null } }),
  );
  expect([...placed([{ key: Buffer.from('abc'), value: null }], 1_000, {})][0]?.partition).toBe(479470107 % 1_000);
});
