import kafkajs from 'kafkajs';
import { expect, test, vi } from 'vitest';
import { codecFault, registerCodecs } from '../../src/kafka/codecs.ts';

// As where the native package of this machine was not installed.
vi.mock('lz4-napi', () => {
  throw new Error('no native binding');
});

registerCodecs();

test('a codec that cannot be loaded is named, with how to get it, and those that can be are not concerned', async () => {
  const codec = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4]?.() as { decompress(data: Buffer): Promise<Buffer> };
  await expect(codec.decompress(Buffer.from('x'))).rejects.toMatchObject({
    kind: 'config',
    reach: 'connection',
    code: 'kafka:codec',
    message: 'The lz4 codec cannot be loaded on this machine.',
    remedy: expect.stringMatching(/--include=optional.*another compression than lz4/) as string,
  });
  expect(await codecFault('lz4')).toMatch(/cannot be loaded on this machine/);
  expect(await codecFault('snappy')).toBeUndefined();
});
