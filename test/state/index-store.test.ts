import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import { hasPrint, hasScope, packEntry, scopeKeyOf, unpackEntry, wasShapedBy, withLastSeen } from '../../src/state/index-entry.ts';
import { incremented, rangeOf } from '../../src/state/index-range.ts';
import { openIndexStore, type IndexStore } from '../../src/state/index-store.ts';

describe('the store of an index', () => {
  let folder: string;
  let stores: IndexStore[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tributary-store-'));
    stores = [];
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = (identity = 'topic 1'): IndexStore => {
    const store = openIndexStore(folder, identity);
    stores.push(store);
    return store;
  };
  const thrownBy = (work: () => unknown): unknown => {
    try {
      work();
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const key = Buffer.from('k');
  const write = (store: IndexStore): void =>
    store.transaction(() => {
      store.live.putSync(key, Buffer.from('v'));
      store.setText('name', 'told');
    });

  it('holds what was written when it is opened again, unless it was made for something else', async () => {
    const first = open();
    expect(first.rebuildReason).toBe('there was none');
    write(first);
    await first.close();
    const again = open();
    expect([again.rebuildReason, String(again.live.getBinary(key)), again.text('name')]).toEqual([undefined, 'v', 'told']);
    again.transaction(() => again.setText('name', undefined));
    expect(again.text('name')).toBeUndefined();
    await again.close();
    const other = open('topic 2');
    expect(other.rebuildReason).toBe('it was built for another topic, schema or release');
    expect(other.live.getBinary(key)).toBeUndefined();
  });

  it('that fails is given up: it says so, and the next one is new', async () => {
    const store = open();
    write(store);
    expect(store.isBroken()).toBe(false);
    const fault = thrownBy(() =>
      store.transaction(() => {
        store.live.removeSync(key);
        throw new Error('a page cannot be read');
      }),
    );
    expect(fault).toMatchObject({
      kind: 'transient',
      code: 'index_broken',
      message: `The live index in ${folder} cannot be used: a page cannot be read`,
      remedy: expect.stringContaining('rebuilt from the topic'),
    });
    expect(store.isBroken()).toBe(true);
    expect(String(store.live.getBinary(key)), 'the transaction was undone').toBe('v');
    await store.close();
    const next = open();
    expect(next.rebuildReason).toBe('it was found damaged');
    expect(next.live.getBinary(key)).toBeUndefined();
  });

  it('does not fail for what its caller refuses', async () => {
    const store = open();
    write(store);
    const refusal = new TributaryError('No.', { kind: 'stopped' });
    const refused = thrownBy(() =>
      store.guarded(() => {
        throw refusal;
      }),
    );
    expect(refused).toBe(refusal);
    expect(store.isBroken()).toBe(false);
    await store.close();
    expect(open().rebuildReason).toBeUndefined();
  });

  it('closes once, and without its folder', async () => {
    const store = open();
    rmSync(folder, { recursive: true });
    await Promise.all([store.close(), store.close()]);
    expect(thrownBy(() => readdirSync(folder))).toMatchObject({ code: 'ENOENT' });
  });

  it('is read in parts of any size, also while entries are deleted', () => {
    const store = open();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    store.transaction(() => names.forEach((name) => void store.live.putSync(Buffer.from(name), Buffer.from(`of ${name}`))));
    for (const most of [1, 2, 3, 6, 7]) {
      const read = [...rangeOf(store.guarded, store.live, undefined, undefined, most)];
      expect(
        read.map(([name, value]) => `${name} ${value}`),
        String(most),
      ).toEqual(names.map((name) => `${name} of ${name}`));
    }
    const within = [...rangeOf(store.guarded, store.live, Buffer.from('b'), Buffer.from('e'), 2)];
    expect(within.map(([name]) => String(name))).toEqual(['b', 'c', 'd']);
    const seen: string[] = [];
    for (const [name] of rangeOf(store.guarded, store.live, undefined, undefined, 2)) {
      seen.push(String(name));
      store.transaction(() => void store.live.removeSync(name));
    }
    expect(seen).toEqual(names);
  });
});

it('behind all keys with a beginning comes the next higher one of its length, if there is one', () => {
  const after = (...bytes: number[]): number[] | undefined => {
    const next = incremented(Buffer.from(bytes));
    return next === undefined ? undefined : [...next];
  };
  expect([after(1, 2), after(1, 255), after(255, 0), after(0, 255, 255), after(255), after(255, 255)]).toEqual([
    [1, 3],
    [2, 0],
    [255, 1],
    [1, 0, 0],
    undefined,
    undefined,
  ]);
});

describe('an entry of an index', () => {
  const hash = (name: string): Buffer => Buffer.alloc(16, `${name}.`);
  const print = { text: hash('text'), shapedBy: hash('shape') };
  const entry = { rowHash: hash('row'), scopeHash: Buffer.from('scope...'), keyBody: Buffer.from('key') };

  it('is what was packed, with a print or without one', () => {
    for (const more of [{}, { print }]) {
      const bytes = packEntry(hash('k'), { ...entry, ...more }, 7);
      expect(unpackEntry(hash('k'), bytes)).toEqual({ ...entry, lastSeen: 7 });
      expect(unpackEntry(hash('k'), withLastSeen(hash('k'), bytes, 9)).lastSeen).toBe(9);
      expect(hasPrint(bytes, print)).toBe('print' in more);
      expect(wasShapedBy(bytes, print.shapedBy)).toBe('print' in more);
      expect(hasPrint(bytes, { ...print, text: hash('other') })).toBe(false);
      expect(hasPrint(bytes, { ...print, shapedBy: hash('other') })).toBe(false);
      expect(scopeKeyOf(hash('k'), bytes)).toEqual(Buffer.concat([entry.scopeHash, hash('k')]));
    }
  });

  it('is never taken for whole when a bit of it has changed, a part is missing, or it is of another key', () => {
    for (const more of [{}, { print }]) {
      const bytes = packEntry(hash('k'), { ...entry, ...more }, 7);
      const damaged = 'an entry of the index is damaged';
      for (let at = 0; at < bytes.length; at += 1) {
        const other = Buffer.from(bytes);
        other[at] = (other[at] as number) ^ 1;
        expect(() => unpackEntry(hash('k'), other), `byte ${at}`).toThrow(damaged);
        expect(() => unpackEntry(hash('k'), bytes.subarray(0, at)), `${at} bytes`).toThrow(damaged);
      }
      expect(() => unpackEntry(hash('j'), bytes)).toThrow(damaged);
      expect(() => unpackEntry(hash('k').subarray(1), bytes)).toThrow(damaged);
    }
  });

  it('has a scope unless that is nothing but zeros', () => {
    const scoped = (...bytes: number[]): boolean => hasScope(packEntry(hash('k'), { ...entry, scopeHash: Buffer.from(bytes) }, 1));
    expect([scoped(0, 0, 0, 0, 0, 0, 0, 0), scoped(0, 0, 0, 1, 0, 0, 0, 0), scoped(0, 0, 0, 0, 0, 0, 0, 1)]).toEqual([false, true, true]);
  });
});
