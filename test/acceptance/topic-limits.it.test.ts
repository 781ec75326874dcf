import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { afterEach, expect, inject, test } from 'vitest';
import { withAdmin, type KafkaAccess } from '../../src/kafka/client.ts';
import { readDeadLetters } from '../../src/kafka/meta/dead-letters.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';
import { table } from '../../src/sdk/define.ts';
import { text } from '../../src/sdk/fields.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { Source } from '../../src/sdk/source.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { alterTopic } from '../support/topics.ts';

/*
 * What a topic's settings allow, or change behind our back: the largest message, and how the broker compresses.
 */

const KB = 1_000;
const PAGE = 100;
/** Text that no codec makes much smaller than three quarters. */
const noise = (bytes: number): string => randomBytes(bytes).toString('base64').slice(0, bytes);
const numbered = (count: number, bytes: number): [string, string][] => Array.from({ length: count }, (_, i) => [`n${i}`, noise(bytes)]);

const open: TestEngine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close();
});

interface NotesVendor {
  readonly notes: Map<string, string>;
  /** Called before a page is answered. */
  onPage?: (from: number) => Promise<unknown>;
}

function notesSource(vendor: NotesVendor): Source {
  return {
    name: 'notes',
    title: 'Notes',
    settings: z.strictObject({}),
    connect: () => vendor,
    probe: () => Promise.resolve({ account: 'test' }),
    tables: () => [
      table({
        name: 'note',
        docs: 'Notes',
        documentedKey: ['id'],
        key: ['id'],
        method: 'full_table',
        deletes: 'scan',
        fields: { id: text('Note'), body: text('What it says') },
        read: fullScan<NotesVendor>(async (api, { cursor }) => {
          const from = typeof cursor === 'number' ? cursor : 0;
          await api.onPage?.(from);
          const rows = [...api.notes].slice(from, from + PAGE).map(([id, body]) => ({ id, body }));
          return { rows, next: from + PAGE < api.notes.size ? from + PAGE : END };
        }),
      }),
    ],
  };
}

async function started(
  vendor: NotesVendor,
  options: {
    readonly compression: KafkaSettings['compression'];
    readonly topicConfig?: KafkaSettings['topicConfig'];
    readonly prefix?: string;
  },
) {
  const prefix = options.prefix ?? `limit${randomBytes(4).toString('hex')}`;
  const engine = await openTestEngine({
    ...inject('stack'),
    prefix,
    connections: [{ source: notesSource(vendor), settings: {} }],
    ...options,
  });
  open.push(engine);
  return {
    ...engine,
    prefix,
    topic: `${prefix}.notes.note`,
    async sync() {
      const [summary] = await engine.engine.sync([{ connection: 'notes' }], new AbortController().signal);
      expect(summary?.outcome, summary?.error?.message).toBe('succeeded');
      return summary?.totals;
    },
    async bodies() {
      const { rows, repeated } = await engine.readTable('note');
      expect(repeated).toBe(0);
      return new Map([...rows.values()].map(({ id, body }) => [id, body]));
    },
  };
}

const allow = (access: KafkaAccess, topic: string, bytes: number): Promise<void> =>
  withAdmin(access, 'Altering', (admin) => alterTopic(admin, topic, { 'cleanup.policy': 'compact', 'max.message.bytes': String(bytes) }));

test.each(['gzip', 'none'] as const)(
  'rows are cut by what the topic takes (%s): 400 of 3 kB arrive where a message may have 200 kB, and one of 210 kB is a dead letter',
  async (compression) => {
    const fitting = new Map([...numbered(400, 3 * KB), ['large', noise(190 * KB)] as const]);
    const vendor = { notes: new Map([...fitting, ['too large', noise(210 * KB)]]) };
    const { sync, bodies, access } = await started(vendor, { compression, topicConfig: { 'max.message.bytes': '200000' } });
    expect(await sync()).toMatchObject({ messages: 401, deadLetters: 1 });
    expect(await bodies()).toEqual(fitting);
    expect(await readDeadLetters(access, { last: 5 })).toMatchObject([{ reason: 'too_large', key: '{"id":"too large"}' }]);
    expect(await sync()).toMatchObject({ messages: 0 });
  },
);

test('what a topic takes may be lowered in the middle of a run and raised again between two', async () => {
  const vendor: NotesVendor = { notes: new Map([...numbered(400, 3 * KB), ['large', noise(300 * KB)]]) };
  const { sync, bodies, access, topic, events } = await started(vendor, { compression: 'none' });
  vendor.onPage = async (from) => {
    if (from === PAGE) await allow(access, topic, 150 * KB);
  };
  await sync();
  const { large: _, ...fitting } = Object.fromEntries(vendor.notes);
  expect(Object.fromEntries(await bodies())).toEqual(fitting);
  expect(events.filter(({ type }) => type === 'run-retrying')).toHaveLength(1);

  delete vendor.onPage;
  await allow(access, topic, 1_000 * KB);
  // The end of each run looks at the topic.
  await sync();
  await sync();
  expect(await bodies()).toEqual(vendor.notes);
});

test.each(['snappy', 'lz4', 'zstd'] as const)('%s is written and read back, by us and by the broker', async (codec) => {
  const vendor = { notes: new Map([...numbered(150, KB), ['repetitive', 'again and '.repeat(10 * KB)]]) };
  // The broker takes apart what we compress, and we what it does.
  const ours = await started(vendor, { compression: codec, topicConfig: { 'compression.type': 'gzip' } });
  const theirs = await started(vendor, { compression: 'gzip', topicConfig: { 'compression.type': codec } });
  const plain = await started(vendor, { compression: codec });
  for (const one of [ours, theirs, plain]) {
    expect(await one.sync()).toMatchObject({ messages: 151 });
    expect(await one.bodies()).toEqual(vendor.notes);
    expect(await one.sync()).toMatchObject({ messages: 0 });
  }
});
