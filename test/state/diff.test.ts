import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffBatch, type BatchDiff } from '../../src/state/diff.ts';
import type { CompiledRow } from '../../src/record/row.ts';

interface Given {
  readonly key: string;
  readonly value: string;
  readonly deleted: boolean;
  readonly at: number;
}

const padded = (text: string): Buffer => Buffer.from(text.padEnd(16, '.'));
const row = ({ key, value, deleted, at }: Given): CompiledRow => ({
  keyBody: Buffer.from(key),
  keyHash: padded(key),
  body: Buffer.from(value),
  size: Buffer.byteLength(key + value),
  rowHash: padded(value),
  scopeHash: Buffer.alloc(8),
  deleted,
  shaped: { at },
  replicationValue: undefined,
  misfits: 0,
  unknown: 0,
});
const newer = (a: { readonly [name: string]: unknown }, b: { readonly [name: string]: unknown }): number =>
  (a['at'] as number) - (b['at'] as number);
const g = (key: string, value: string, more: Partial<Given> = {}): Given => ({ key, value, deleted: false, at: 0, ...more });

function diffRows(rows: Iterable<CompiledRow>, ...against: Parameters<typeof diffBatch>): BatchDiff {
  const diff = diffBatch(...against);
  diff.add(rows);
  return diff;
}

describe('the diff of a batch', () => {
  const standing = (hash: Buffer): Buffer | undefined => ({ a: padded('1'), b: padded('2') })[hash.toString().replace(/\.+$/, '')];

  it('publishes what is new or different, deletes what is flagged and standing, and leaves the rest', () => {
    const diff = diffRows([g('a', '1'), g('b', '3'), g('c', '1'), g('d', '1', { deleted: true })].map(row), standing);
    expect(diff.changes().map(({ op, row: { keyBody } }) => `${op} ${keyBody}`)).toEqual(['upsert b', 'upsert c']);
    expect(
      diff.changes().map(({ fresh }) => fresh),
      'the topic holds b, and not c',
    ).toEqual([false, true]);
    expect(diff.same().map(({ keyHash }) => String(keyHash))).toEqual(['a...............']);
    expect(diff.bytes()).toBe(4);
    const deleted = diffRows([row(g('a', 'body', { deleted: true }))], standing);
    expect(deleted.changes()).toMatchObject([{ op: 'delete', fresh: false }]);
    expect(deleted.bytes(), 'the key alone').toBe(1);
  });

  it('lets the later of two rows stand, also over pages, and publishes nothing when it ends where it began', () => {
    const diff = diffBatch(standing);
    diff.add([row(g('a', '9'))]);
    expect(diff.changes()).toHaveLength(1);
    diff.add([row(g('a', '1'))]);
    expect(diff.changes()).toEqual([]);
    expect(diff.bytes()).toBe(0);
    expect(diff.duplicates()).toBe(1);
  });

  it('takes a row that is known for read, until another one of its key comes', () => {
    const diff = diffBatch(standing);
    expect(diff.has(padded('a'))).toBe(false);
    diff.addKnown(padded('a'));
    expect([diff.has(padded('a')), diff.changes(), diff.same()]).toEqual([true, [], []]);
    diff.add([row(g('a', '9'))]);
    expect([diff.changes().length, diff.duplicates(), diff.bytes()]).toEqual([1, 1, 2]);
  });

  it('asks the table which of two rows is newer, the later on a tie', () => {
    const value = (...given: Given[]): string[] =>
      diffRows(given.map(row), standing, newer)
        .changes()
        .map(({ row: { body } }) => String(body));
    expect(value(g('x', 'new', { at: 5 }), g('x', 'old', { at: 3 }))).toEqual(['new']);
    expect(value(g('x', 'first', { at: 3 }), g('x', 'second', { at: 3 }))).toEqual(['second']);
    expect(value(g('x', '', { at: 5, deleted: true }), g('x', 'old', { at: 3 }))).toEqual([]);
  });

  it('keeps a topic equal to a plain map over any batches', () => {
    const given = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      value: fc.constantFrom('1', '2', '3'),
      deleted: fc.boolean(),
      at: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(fc.array(given, { maxLength: 8 }), { maxLength: 6 }), fc.boolean(), (batches, ordered) => {
        const topic = new Map<string, string>();
        const model = new Map<string, string>();
        for (const batch of batches) {
          const before = new Map(model);
          const winners = new Map<string, Given>();
          for (const one of batch) if (!ordered || one.at >= (winners.get(one.key)?.at ?? 0)) winners.set(one.key, one);
          for (const [key, one] of winners) {
            if (one.deleted) model.delete(key);
            else model.set(key, one.value);
          }
          const diff = diffRows(
            batch.map(row),
            (hash) => {
              const held = topic.get(hash.toString().replace(/\.+$/, ''));
              return held === undefined ? undefined : padded(held);
            },
            ordered ? newer : undefined,
          );
          const changes = diff.changes();
          for (const {
            op,
            row: { keyBody, body },
          } of changes) {
            if (op === 'delete') topic.delete(String(keyBody));
            else topic.set(String(keyBody), String(body));
          }
          expect(topic).toEqual(model);
          expect(changes.length).toBe([...winners.keys()].filter((key) => before.get(key) !== model.get(key)).length);
          expect(diff.duplicates()).toBe(batch.length - winners.size);
        }
      }),
    );
  });
});
