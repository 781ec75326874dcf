import { expect, it } from 'vitest';
import { readBucket } from '../../producers/pendo/bucket.ts';
import type { GroupsPart as Part } from '../../src/sdk/readers/keyset-groups.ts';
import type { PendoApi } from '../../producers/pendo/api.ts';
import type { Row } from '../../src/core/types.ts';

const MIB = 2 ** 20;
/** One text for all rows: what they would take is counted, not taken. */
const heavy = 'x'.repeat(5 * MIB);

/** A vendor whose answer holds these rows, each of which arrives by itself. */
function vendor(rows: readonly Row[]): PendoApi {
  let answers = 0;
  return {
    http: {
      async *stream() {
        answers += 1;
        if (answers === 1) for (const row of rows) yield [row];
      },
    },
    settings: { record_limit: 50_000 },
    appId: '1',
  } as unknown as PendoApi;
}

async function parts(rows: readonly Row[]): Promise<Part[]> {
  const ask = { source: 'events', series: {} as never, after: undefined, perVisitor: (some: readonly Row[]) => some };
  const found: Part[] = [];
  for await (const part of readBucket(vendor(rows), ask, new AbortController().signal)) found.push(part);
  return found;
}

it('a part ends when its rows have become heavy, however few they are', async () => {
  const rows = Array.from({ length: 20 }, (_, i): Row => ({ visitorId: `v${String(i).padStart(2, '0')}`, heavy }));
  const found = await parts(rows);
  expect(found.flatMap((part) => part.rows)).toEqual(rows);
  expect(Math.max(...found.map((part) => part.rows.length))).toBeLessThanOrEqual(8);
});

it('a visitor whose rows take more than there is room for is refused in words', async () => {
  const rows = Array.from({ length: 60 }, (): Row => ({ visitorId: 'v', heavy }));
  await expect(parts(rows)).rejects.toMatchObject({
    kind: 'data',
    code: 'pendo:too_large',
    remedy: expect.stringContaining('hour'),
  });
});

it('light rows are given as many at once as ever', async () => {
  const rows = Array.from({ length: 6_000 }, (_, i): Row => ({ visitorId: `v${String(i).padStart(5, '0')}` }));
  const found = await parts(rows);
  expect(found.flatMap((part) => part.rows)).toHaveLength(6_000);
  expect(found[0]?.rows).toHaveLength(5_000);
});
