import { describe, expect, it } from 'vitest';
import { unorderedMap } from '../../src/sdk/concurrency/unordered-map.ts';

const signal = new AbortController().signal;

/** A generator of two values that come when they are let go, and what became of it. */
function gated() {
  const gates = new Map<string, () => void>();
  const begun: string[] = [];
  const closed: string[] = [];
  return {
    begun,
    closed,
    /** Lets the next value of an item come. */
    async let(item: string): Promise<void> {
      while (!gates.has(item))
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      gates.get(item)?.();
      gates.delete(item);
    },
    async *start(item: string, stop: AbortSignal): AsyncGenerator<string, void, void> {
      begun.push(item);
      try {
        for (const n of [1, 2]) {
          await new Promise<void>((resolve, reject) => {
            gates.set(item, resolve);
            stop.addEventListener('abort', () => reject(stop.reason as Error));
          });
          yield `${item}${n}`;
        }
      } finally {
        closed.push(item);
      }
    },
  };
}

describe('several generators, as they come', () => {
  it('give each value when it is there, and the next item begins when one has ended', async () => {
    const { start, begun, let: go } = gated();
    const values = unorderedMap(['a', 'b', 'c'].values(), start, { signal, concurrency: 2 });
    const seen: (string | undefined)[] = [];
    const take = async (): Promise<void> => void seen.push((await values.next()).value ?? undefined);
    for (const item of ['b', 'b', 'c', 'a']) {
      const taking = take();
      await go(item);
      await taking;
    }
    expect(seen).toEqual(['b1', 'b2', 'c1', 'a1']);
    expect(begun).toEqual(['a', 'b', 'c']);
    await values.return();
  });

  it('begin no item for which there is no room yet', async () => {
    const { start, begun, let: go } = gated();
    let room = false;
    const values = unorderedMap(['a', 'b', 'c'].values(), start, { signal, concurrency: 3, canStart: () => begun.length === 0 || room });
    const first = values.next();
    await go('a');
    await first;
    expect(begun).toEqual(['a']);
    room = true;
    const second = values.next();
    await go('b');
    expect(await second).toMatchObject({ value: 'b1' });
    expect(begun).toEqual(['a', 'b', 'c']);
    await values.return();
  });

  it('come one by one where there never is any room', async () => {
    const seen: number[] = [];
    let [running, most] = [0, 0];
    for await (const value of unorderedMap(
      [1, 2, 3].values(),
      async function* one(item): AsyncGenerator<number, void, void> {
        running += 1;
        most = Math.max(most, running);
        yield item;
        running -= 1;
      },
      { signal, concurrency: 3, canStart: () => false },
    ))
      seen.push(value);
    expect([seen, most]).toEqual([[1, 2, 3], 1]);
  });

  it('are all ended when one breaks, or when nobody wants more', async () => {
    const { start, closed, let: go } = gated();
    const values = unorderedMap(['a', 'b'].values(), start, { signal, concurrency: 2 });
    const first = values.next();
    await go('b');
    await first;
    await values.return();
    expect(closed.sort()).toEqual(['a', 'b']);
    const broken = unorderedMap(
      [1, 2].values(),
      async function* failing(item, stop): AsyncGenerator<number, void, void> {
        if (item === 2) throw new Error('broken');
        await new Promise((_, reject) => {
          stop.addEventListener('abort', () => reject(stop.reason as Error));
        });
        yield item;
      },
      { signal, concurrency: 2 },
    );
    await expect(broken.next()).rejects.toThrow('broken');
  });

  it('pass over none that is always ready', async () => {
    const endless = async function* endless(item: string): AsyncGenerator<string, void, void> {
      for (;;) yield item;
    };
    const seen = new Set<string>();
    let taken = 0;
    for await (const value of unorderedMap(['a', 'b', 'c'].values(), endless, { signal, concurrency: 3 })) {
      seen.add(value);
      taken += 1;
      if (taken === 12) break;
    }
    expect([...seen].sort()).toEqual(['a', 'b', 'c']);
  });
});
