import { setImmediate } from 'node:timers';
import { afterEach, expect, it, vi } from 'vitest';
import { messagesOf } from '../../src/engine/messages-of.ts';
import { compileTable } from '../../src/record/codec.ts';
import { unframe } from '../../src/record/framing.ts';
import type { CompiledRow } from '../../src/record/row.ts';
import { compileRow } from '../../src/record/row.ts';
import { text } from '../../src/sdk/fields.ts';
import { whole } from '../support/whole.ts';
import { itemTable } from './scripted-tables.ts';

const definition = itemTable({ id: text('Item') });
const codec = compileTable('scripted', definition);
const rows = compileRow(definition, codec, { maxBytes: 1_000_000 });
const frames = { codec, keySchemaId: 7, valueSchemaId: 9 };
const row = (id: string): CompiledRow => rows({ id }) as CompiledRow;
const upserts = (...ids: readonly string[]) => ids.map((id) => ({ op: 'upsert' as const, row: row(id), fresh: true }));
const deletes = (...ids: readonly string[]) => ids.map(row).map(({ keyHash, keyBody }) => ({ keyHash, keyBody }));

afterEach(() => vi.restoreAllMocks());

it('a batch tells how many messages it has, each with the ids of its schemas; deletes come last', async () => {
  const messages = await messagesOf(frames, upserts('a', 'b', 'c'), deletes('x'), Date.UTC(2026, 0, 1));
  const all = [...messages];
  expect(messages.length).toBe(all.length);
  const read = all.map(({ key, value }) => {
    const [k, v] = [unframe(key), value === null ? undefined : unframe(whole(value))];
    const deleted = v && codec.decodeValue(v.payload).deleted;
    return [k.schemaId, codec.decodeKey(k.payload)['id'], v?.schemaId, deleted];
  });
  expect(read).toEqual([
    [7, 'a', 9, false],
    [7, 'b', 9, false],
    [7, 'c', 9, false],
    [7, 'x', 9, true],
    [7, 'x', undefined, undefined],
  ]);
});

it.each([
  [true, 30],
  [false, 0],
])('many deletes let others go first (%s) when each takes %s ms', async (others, ms) => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += ms));
  let went = false;
  setImmediate(() => void (went = true));
  await messagesOf(frames, [], deletes('x', 'y'), 0);
  expect(went).toBe(others);
});
