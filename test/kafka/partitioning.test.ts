import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { expect, it } from 'vitest';
import { partitionOf } from '../../src/kafka/partitioning.ts';

it('puts every key where kafkajs and Java put it', () => {
  const theirs = Partitioners.DefaultPartitioner();
  const metadata = (count: number) =>
    Array.from({ length: count }, (_, partitionId) => ({ partitionErrorCode: 0, partitionId, leader: 0, replicas: [], isr: [] }));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.integer({ min: 1, max: 50 }), (bytes, partitions) => {
      const key = Buffer.from(bytes);
      expect(partitionOf(key, partitions)).toBe(
        theirs({ topic: 't', partitionMetadata: metadata(partitions), message: { key, value: null } }),
      );
    }),
    { numRuns: 2_000 },
  );
});
