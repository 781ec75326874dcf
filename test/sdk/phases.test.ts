import { describe, expect, it } from 'vitest';
import type { JsonObject, Reader } from '../../src/core/types.ts';
import { outboxTasks } from '../../src/sdk/readers/outbox.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import { phases, type Phase } from '../../src/sdk/readers/phases.ts';
import { engine } from './harness.ts';

const HOUR = 3_600_000;

/** Reads `pages` pages, one row each, and goes on where it was cut. */
const counter = (name: string, pages = 1): Reader<object> =>
  async function* read(ctx) {
    for (let at = Number(ctx.position?.at ?? 0); at < pages; at += 1)
      yield { rows: [{ id: `${name}${at}` }], position: { v: 1, at: at + 1 === pages ? 0 : at + 1 } };
  };

function timed(named: Record<string, Phase<object>>) {
  const table = engine(phases(named), {});
  const at = async (hours: number, how: Parameters<typeof table.run>[0] = {}): Promise<unknown[]> => {
    const now = hours * HOUR;
    return (await table.run({ runStart: now, now: () => now, ...how })).rows.map(({ id }) => id);
  };
  return { table, at };
}

describe('phases', () => {
  it('with a period run at first, unless they are for later, and then when their period is over', async () => {
    const every = 24 * HOUR;
    const { at } = timed({
      daily: { read: counter('d'), every },
      later: { read: counter('l'), every, notAtFirst: true },
      second: { read: counter('s'), every, afterFirst: true },
    });
    expect(await at(0)).toEqual(['d0']);
    expect(await at(1), 'due at once, because the first run takes long').toEqual(['s0']);
    expect(await at(23)).toEqual([]);
    expect(await at(24)).toEqual(['d0', 'l0']);
    expect(await at(25)).toEqual(['s0']);
  });

  it('that wait for the second run are part of the first one where everything is to be listed', async () => {
    const { at } = timed({ each: { read: counter('e') }, second: { read: counter('s'), every: HOUR, afterFirst: true, listsAll: true } });
    expect(await at(0, { rescan: true })).toEqual(['e0', 's0']);
  });

  it('that do not list everything wait for their period even when everything is to be listed', async () => {
    const { at } = timed({ daily: { read: counter('d'), every: 24 * HOUR }, each: { read: counter('e') } });
    await at(0);
    expect(await at(1, { rescan: true })).toEqual(['e0']);
    expect(await at(25, { changesOnly: true })).toEqual(['d0', 'e0']);
  });

  it('that were cut count their period from when they began, and are remembered as cut until they are over', async () => {
    const { table, at } = timed({ each: { read: counter('e') }, daily: { read: counter('d', 2), every: 24 * HOUR } });
    await at(0, { stopAfter: 3 });
    expect(table.position).toEqual({ v: 1, phases: { each: { v: 1, at: 0 }, daily: { v: 1, at: 1 } }, last: {}, cut: 'daily', cutAt: 0 });
    expect(await at(6)).toEqual(['d1', 'e0']);
    expect(table.position).toEqual({ v: 1, phases: { each: { v: 1, at: 0 }, daily: { v: 1, at: 0 } }, last: { daily: 0 } });
    expect(await at(24)).toEqual(['e0', 'd0', 'd1']);
    expect(table.position?.last).toEqual({ daily: 24 * HOUR });
  });

  it('begin their period with the run they are in, also behind one that was cut before', async () => {
    const { table, at } = timed({ each: { read: counter('e', 2) }, daily: { read: counter('d'), every: 24 * HOUR } });
    await at(0, { stopAfter: 1 });
    expect(await at(6)).toEqual(['e1', 'd0']);
    expect(table.position?.last).toEqual({ daily: 6 * HOUR });
  });

  it('that are no more are not gone on with', async () => {
    const { table } = timed({ old: { read: counter('o', 2) } });
    await table.run({ stopAfter: 1 });
    const now = engine(phases({ new: { read: counter('n') } }), {});
    now.position = table.position;
    expect((await now.run()).rows.map(({ id }) => id)).toEqual(['n0']);
  });

  it('leave a page that says that they are over only when there was something to say', async () => {
    const none: Reader<object> = async function* read() {
      // Nothing to read.
    };
    const { table } = timed({ each: { read: none } });
    expect((await table.run()).pages).toEqual([]);
    const periodic = timed({ daily: { read: none, every: HOUR } });
    expect((await periodic.table.run({ runStart: 5, now: () => 5 })).pages).toEqual([
      { rows: [], position: { v: 1, phases: {}, last: { daily: 5 } } },
    ]);
  });
});

describe('tasks that other tables left', () => {
  it('are one listing each, and done on a page behind their last row', async () => {
    const asked: unknown[] = [];
    const reader = outboxTasks<object>((task, ctx) => async (_api, { cursor }) => {
      asked.push([task.of, cursor, ctx.mode]);
      return { rows: [{ id: `${String(task.of)}${String(cursor ?? 1)}` }], next: cursor === undefined ? '2' : END, total: 2, seen: [] };
    });
    const tasks: JsonObject[] = [{ of: 'a' }, { of: 'b' }];
    const table = engine(reader, {}, { outbox: tasks });
    const done: number[] = [];
    const { pages } = await table.run({ complete: (work) => void done.push(...work.map((one) => tasks.indexOf(one as JsonObject))) });
    expect(asked).toEqual([
      ['a', undefined, 'periodic'],
      ['a', '2', 'periodic'],
      ['b', undefined, 'periodic'],
      ['b', '2', 'periodic'],
    ]);
    expect(done).toEqual([0, 1]);
    const position = { v: 1 };
    expect(pages).toEqual(
      ['a', 'b'].flatMap((id) => [
        { rows: [{ id: `${id}1` }], seen: [], position },
        { rows: [{ id: `${id}2` }], seen: [], position },
        { rows: [], position },
      ]),
    );
  });

  it('leave the position as it is, and are not done when they are cut', async () => {
    const reader = outboxTasks<object>(() => async (_api, { cursor }) => ({ rows: [{ id: 'a' }], next: cursor === undefined ? '2' : END }));
    const table = engine(reader, {}, { outbox: [{ of: 'a' }] });
    table.position = { v: 3, at: 7 };
    await table.run({ stopAfter: 2 });
    expect([table.position, table.taken]).toEqual([{ v: 3, at: 7 }, []]);
    await table.run();
    expect(table.taken).toEqual([{ of: 'a' }]);
  });
});
