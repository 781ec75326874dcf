import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { codecFault, compressWith, markCompressed, registerCodecs } from '../../src/kafka/codecs.ts';
import { topicRefusal } from '../../src/kafka/topic-rules.ts';
import { largestBatch, roomIn } from '../../src/kafka/message-limits.ts';

registerCodecs();

interface KafkajsCodec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(data: Buffer): Promise<Buffer>;
}
const codecOf = (name: 'GZIP' | 'Snappy' | 'LZ4' | 'ZSTD'): KafkajsCodec =>
  (kafkajs.CompressionCodecs[kafkajs.CompressionTypes[name] as 2] as () => KafkajsCodec)();

const inputs = (): Buffer[] => [Buffer.alloc(0), Buffer.from('a'), Buffer.from('again and '.repeat(200_000)), randomBytes(1_500_000)];

test.each(['GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const)(
  '%s gives back what went in, and grows by less than we leave room for',
  async (name) => {
    const codec = codecOf(name);
    for (const input of inputs()) {
      const packed = await codec.compress({ buffer: input });
      expect((await codec.decompress(packed)).equals(input)).toBe(true);
      expect(roomIn(packed.length)).toBeLessThanOrEqual(input.length);
    }
  },
);

test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('%s: kafkajs leaves what is compressed already as it is', async (name) => {
  const codec = codecOf(({ gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' } as const)[name]);
  for (const input of inputs()) {
    const packed = await compressWith(name)?.(input);
    expect(packed?.equals(input)).toBe(false);
    expect((await codec.compress({ buffer: markCompressed(packed as Buffer) })).equals(packed as Buffer)).toBe(true);
    expect((await codec.decompress(packed as Buffer)).equals(input)).toBe(true);
  }
  expect(compressWith('none')).toBeUndefined();
});

test('snappy is framed as by xerial, in blocks of any size, or bare', async () => {
  const codec = codecOf('Snappy');
  const packed = await codec.compress({ buffer: Buffer.from('first ') });
  // SnappyOutputStream of xerial snappy-java: magic, version 1, compatible with 1, then length and block in turn.
  expect(packed.subarray(0, 16).toString('hex')).toBe('82534e41505059000000000100000001');
  expect(packed.readUInt32BE(16)).toBe(packed.length - 20);
  const second = (await codec.compress({ buffer: Buffer.from('second') })).subarray(16);
  expect(String(await codec.decompress(Buffer.concat([packed, second])))).toBe('first second');
  expect(String(await codec.decompress(packed.subarray(20)))).toBe('first ');
});

test('zstd frames that do not tell their size, as Java streams them, are read', async ({ skip }) => {
  const input = Buffer.concat([randomBytes(300_000), Buffer.alloc(2_000_000, 'x')]);
  // From a pipe the tool cannot know the size either.
  const packed = spawnSync('zstd', ['-q', '-c', '--no-content-size'], { input, maxBuffer: 10_000_000 });
  if (packed.status !== 0) skip('zstd is not installed');
  expect((await codecOf('ZSTD').decompress(packed.stdout)).equals(input)).toBe(true);
});

test('a compression that we cannot read is refused, naming topic and setting', async () => {
  for (const known of ['uncompressed', 'none', 'gzip', 'snappy', 'lz4', 'zstd']) expect(await codecFault(known)).toBeUndefined();
  const fault = await codecFault('brotli');
  const refusal = topicRefusal(
    { name: 'p.c.rows', partitions: 1, kind: 'table' },
    { partitions: 1, policy: 'compact', compression: 'brotli', codecFault: fault },
  );
  expect(refusal).toMatchObject({
    kind: 'config',
    code: 'topic:config',
    message: expect.stringContaining('p.c.rows has compression.type=brotli'),
  });
});

test('the smaller of what a message and a segment may have bounds a batch', () => {
  const of = (config: Record<string, string>): number => largestBatch(new Map(Object.entries(config)));
  expect(of({ 'max.message.bytes': '200000', 'segment.bytes': '1073741824' })).toBe(200_000);
  expect(of({ 'max.message.bytes': '5000000', 'segment.bytes': '1048576' })).toBe(1_048_576);
  expect(largestBatch(undefined)).toBe(1_048_588);
  expect(roomIn(10)).toBe(0);
});
