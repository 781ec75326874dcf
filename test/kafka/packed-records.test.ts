import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Chunk, chunksOf, type PlacedMessage } from '../../src/kafka/chunks.ts';
import { type Compress, compressWith, registerCodecs } from '../../src/kafka/codecs.ts';
import { packedMessages, PackedRecords } from '../../src/kafka/packed-records.ts';

registerCodecs();
const gzip = compressWith('gzip') as Compress;
const require = createRequire(import.meta.url);

interface Produce {
  encode(): Promise<{ readonly buffer: Buffer }>;
}
/** kafkajs's own, of the version the broker of every test is asked with; version 3 has the same request. */
const produce = require('kafkajs/src/protocol/requests/produce/v3/request.js') as (request: object) => Produce;
const group = require('kafkajs/src/producer/groupMessagesPerPartition.js') as (how: object) => Record<number, unknown[]>;

const bytes = (most: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength: most }).map((array) => Buffer.from(array));
const message: fc.Arbitrary<PlacedMessage> = fc.record({
  partition: fc.constant(2),
  key: bytes(80),
  value: fc.option(fc.oneof({ weight: 20, arbitrary: bytes(300) }, { weight: 1, arbitrary: fc.constant(Buffer.alloc(70_000, 1)) })),
  headers: fc.constantFrom({ tributary: 'run=ä schema=7' }, { a: '', 'long name': 'x'.repeat(200) }),
});

/** All messages as one chunk, whatever their size. */
function chunkOf(messages: readonly PlacedMessage[]): Chunk {
  const records = new PackedRecords();
  for (const one of messages) records.add(one);
  return { topic: 't', partition: messages[0]?.partition ?? 0, count: records.count, size: 0, records: records.bytes };
}

const packed = (...chunks: readonly Chunk[]): unknown[] => packedMessages(chunks)[0]?.messages ?? [];

/** As {@link chunkOf}, compressed before kafkajs sees it. */
async function compressedChunkOf(messages: readonly PlacedMessage[]): Promise<Chunk> {
  const records = new PackedRecords();
  for (const one of messages) records.add(one);
  const { count } = records;
  const compressed = await records.compressed(gzip);
  return { topic: 't', partition: messages[0]?.partition ?? 0, count, size: 0, records: compressed, isCompressed: true };
}

async function request(messages: unknown[], compression: number): Promise<Buffer> {
  const how = { topic: 't', partitionMetadata: [{ partitionId: 2 }], messages, partitioner: () => 2 };
  const partitions = Object.entries(group(how)).map(([partition, its]) => ({
    partition: Number(partition),
    firstSequence: 5,
    messages: its,
  }));
  return (
    await produce({
      acks: -1,
      timeout: 1,
      transactionalId: 'x',
      producerId: 1,
      compression,
      topicData: [{ topic: 't', partitions }],
    }).encode()
  ).buffer;
}

/** A value cut into parts at these places. */
const inParts = (value: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (value.length + 1)).sort((a, b) => a - b), value.length];
  return places.slice(1).map((end, at) => value.subarray(places[at], end));
};

test('records compressed beforehand, from values in parts, are byte for byte what kafkajs makes of them', async () => {
  const clock = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
  onTestFinished(() => clock.mockRestore());
  const messages = fc.array(fc.tuple(message, fc.array(fc.nat(), { maxLength: 3 })), { minLength: 1, maxLength: 150, size: 'max' });
  await fc.assert(
    fc.asyncProperty(messages, async (some) => {
      const parted = some.map(([one, cuts]) => ({ ...one, value: one.value && inParts(one.value as Buffer, cuts) }));
      const ours = packed(await compressedChunkOf(parted));
      const theirs = await request(
        some.map(([one]) => one),
        1,
      );
      expect((await request(ours, 1)).equals(theirs)).toBe(true);
      expect((await request(ours, 1)).equals(theirs)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('records whose memory is used again while others are compressed are not mixed up', async () => {
  const some = (mark: string, count: number): PlacedMessage[] =>
    Array.from({ length: count }, (_, i) => ({ partition: 2, key: Buffer.from(`${i}`), value: Buffer.from(mark.repeat(400)) }));
  // More at a time than there are blocks to use again, several times over.
  for (let turn = 0; turn < 3; turn += 1) {
    const all = Array.from({ length: 20 }, (_, n) => some(`${turn}.${n};`, 60 + n));
    const chunks = await Promise.all(all.map((messages) => compressedChunkOf(messages)));
    for (const [n, { records }] of chunks.entries())
      expect(gunzipSync(records).equals(chunkOf(all[n] as PlacedMessage[]).records)).toBe(true);
  }
});

test('memory that a codec has failed with is not used again, because it may still be read', async () => {
  const records = new PackedRecords();
  for (let i = 0; i < 100; i += 1) records.add({ partition: 2, key: Buffer.from('k'), value: Buffer.alloc(1_000, 'a') });
  let read: Buffer | undefined;
  const failing = records.compressed((bytes) => {
    read = bytes;
    return Promise.reject(new Error('no memory'));
  });
  await expect(failing).rejects.toThrow('no memory');
  const before = Buffer.from(read as Buffer);
  for (let i = 0; i < 20; i += 1) await compressedChunkOf([{ partition: 2, key: Buffer.from('k'), value: Buffer.alloc(100_000, 'b') }]);
  expect((read as Buffer).equals(before)).toBe(true);
});

test.each([0, 1])(
  'records packed into one buffer are byte for byte the request kafkajs makes of its own, compression %i',
  async (compression) => {
    const now = Date.now();
    const real = Date.now;
    Date.now = () => now;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 150, size: 'max' }), async (messages) => {
          const ours = packed(chunkOf(messages));
          expect((await request(ours, compression)).equals(await request([...messages], compression))).toBe(true);
          // A send that is tried again is encoded again.
          expect((await request(ours, compression)).equals(await request([...messages], compression))).toBe(true);
        }),
        { numRuns: 60 },
      );
    } finally {
      Date.now = real;
    }
  },
);

test('lengths at which a number takes a byte more, and records without headers, are written as kafkajs writes them', async () => {
  const clock = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
  onTestFinished(() => clock.mockRestore());
  const lengths = [0, 63, 64, 8_191, 8_192, 1_048_575, 1_048_576];
  const messages = lengths.flatMap((length): PlacedMessage[] => [
    { partition: 2, key: Buffer.from('k'), value: Buffer.alloc(length, 7) },
    { partition: 2, key: Buffer.alloc(length, 8), value: null, headers: { tributary: 'run=r schema=7' } },
  ]);
  for (const some of [messages, messages.slice(0, 1)]) {
    const ours = packed(chunkOf(some));
    expect((await request(ours, 0)).equals(await request([...some], 0))).toBe(true);
  }
});

test('messages of several partitions and topics go to the partitions they were placed in', async () => {
  const some = (partition: number, count: number): PlacedMessage[] =>
    Array.from({ length: count }, (_, i) => ({ partition, key: Buffer.from(`${i}`), value: null }));
  const [round = []] = await chunksOf('t', [...some(4, 3), ...some(0, 1_000)]);
  const [other = []] = await chunksOf('u', some(7, 2));
  const parted = packedMessages([...round, ...other]).map(({ topic, messages }) => [
    topic,
    ...Object.entries(group({ topic, partitionMetadata: [{}], messages, partitioner: () => 0 })).map(([partition, { length }]) => [
      partition,
      length,
    ]),
  ]);
  expect(parted).toEqual([
    ['t', ['0', 1_000], ['4', 3]],
    ['u', ['7', 2]],
  ]);
});
