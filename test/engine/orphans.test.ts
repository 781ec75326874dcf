import { afterEach, describe, expect, it } from 'vitest';
import type { TableDefinition } from '../../src/core/table.ts';
import type { Page, ReadContext, Row } from '../../src/core/types.ts';
import { text } from '../../src/sdk/fields.ts';
import { itemTable, key, listing, openScriptedTables, type ScriptedTables, type Written } from './scripted-tables.ts';

let tables: ScriptedTables;
afterEach(() => tables.close());

type Read = (ctx: ReadContext) => AsyncGenerator<Page, void, void>;

async function run(name: string, read: Read, signal?: AbortSignal) {
  tables.script(name, read);
  return tables.run(name, {}, signal);
}

const messages = (written: readonly Written[]): readonly string[] => written.flatMap((one) => one.messages);
const item = (more: Partial<TableDefinition> = {}): TableDefinition => itemTable({ id: text('Item'), owner: text('Owner') }, more);
/** A table of owners, whom items name. */
const asking = (confirm: NonNullable<TableDefinition['namedBy']>['confirm']): TableDefinition =>
  item({ name: 'owner', scope: ['id'], namedBy: { table: 'item', confirm } });
/** One row for each owner, which names it. */
const naming = (owners: readonly string[]): Read =>
  async function* read() {
    yield { rows: owners.map((owner): Row => ({ id: owner, owner })), position: { v: 1 } };
  };

describe('rows that name a row which never was in its topic', () => {
  const orphans: string[] = [];
  let gone = true;
  const owner = asking(async function* confirm(_ctx, found) {
    for (const orphan of found) {
      orphans.push(`${String(orphan.example.id)}:${[...orphan.keys()].length}`);
      yield { orphan, gone, rereads: [{ table: 'item', work: { again: String(orphan.example.id) } }] };
    }
  });
  const named = item({ scope: ['owner'] });

  it('are asked about after each complete listing, twice at most when it is gone', async () => {
    tables = openScriptedTables([owner, named]);
    orphans.length = 0;
    gone = true;
    await run('item', async function* read() {
      yield {
        rows: [{ id: '1', owner: 'known' }, { id: '2', owner: 'never seen' }, { id: '3', owner: 'never seen' }, { id: '4' }],
        position: { v: 1 },
      };
    });
    const first = await run('owner', listing('known'));
    expect(orphans).toHaveLength(1);
    expect(orphans[0]).toMatch(/^[23]:2$/);
    expect(first.written.flatMap(({ handed }) => handed)).toMatchObject([{ table: 'item' }]);
    expect(messages(first.written), 'nothing is deleted for it').toEqual([`+${key('known')}`]);

    const second = await run('owner', listing('known'));
    expect(orphans).toHaveLength(2);
    expect(
      second.written.flatMap(({ handed }) => handed),
      'the same work is still pending',
    ).toEqual([]);
    await run('owner', listing('known'));
    expect(orphans, 'twice the same answer is believed').toHaveLength(2);
  });

  it('are asked about in groups of 500, each of which knows what it names', async () => {
    const groups: number[] = [];
    const known: boolean[] = [];
    const owner = asking(async function* confirm(_ctx, found) {
      groups.push(found.length);
      for (const orphan of found) {
        const [one] = [...orphan.keys()];
        known.push(orphan.isNamed({ owner: String(one?.id) }) && !orphan.isNamed({ owner: 'another' }));
        yield { orphan, gone: false, rereads: [] };
      }
    });
    tables = openScriptedTables([owner, named]);
    const names = Array.from({ length: 501 }, (_, n) => `o${n}`);
    const none: Row = { id: 'of nobody', owner: null };
    await run('item', async function* read() {
      yield { rows: [...names.map((name): Row => ({ id: name, owner: name })), none], position: { v: 1 } };
    });
    await run('owner', listing());
    expect(groups).toEqual([500, 1]);
    expect(known).toEqual(names.map(() => true));
    groups.length = 0;
    await run('owner', listing(...names.slice(1)));
    await run('owner', listing(...names));
    expect(groups, 'nobody is asked about nothing').toEqual([1]);
  });

  it('go on being asked about while it is not gone', async () => {
    tables = openScriptedTables([owner, named]);
    orphans.length = 0;
    gone = false;
    await run('item', async function* read() {
      yield { rows: [{ id: '1', owner: 'late' }], position: { v: 1 } };
    });
    for (let n = 0; n < 4; n += 1) await run('owner', listing('known'));
    expect(orphans).toHaveLength(4);
    await run('owner', listing('known', 'late'));
    expect(orphans).toHaveLength(4);
  });

  it('are not asked about twice in one scan when the row was just deleted', async () => {
    tables = openScriptedTables([owner, named]);
    orphans.length = 0;
    gone = true;
    await run('item', async function* read() {
      yield { rows: [{ id: '1', owner: 'b' }], position: { v: 1 } };
    });
    await run('owner', listing('a', 'b'));
    expect((await run('owner', listing('a'))).error).toBeUndefined();
    expect(tables.live('owner')).toEqual([key('a')]);
    expect(orphans).toEqual([]);
    await run('owner', listing('a'));
    expect(orphans, 'the delete counted as the first time').toEqual(['1:1']);
    await run('owner', listing('a'));
    expect(orphans).toHaveLength(1);
  });

  it('are looked for in no table that is not selected', async () => {
    tables = openScriptedTables([owner]);
    expect((await run('owner', listing('a'))).error).toBeUndefined();
  });

  it('and leave more work than one transaction holds have it handed over in several', async () => {
    const each = 700;
    const owner = asking(async function* confirm(_ctx, found) {
      for (const orphan of found) {
        const rereads = Array.from({ length: each }, (_, n) => ({
          table: 'item',
          work: { again: `${String(orphan.example.id)} ${n}` },
        }));
        yield { orphan, gone: true, rereads };
      }
    });
    tables = openScriptedTables([owner, named]);
    const names = Array.from({ length: 10 }, (_, n) => `o${n}`);
    await run('item', naming(names));
    const { written } = await run('owner', listing());
    const handed = written.map((one) => one.handed.length).filter((length) => length > 0);
    expect(handed.reduce((sum, length) => sum + length)).toBe(names.length * each);
    expect(handed.length).toBeGreaterThan(1);
    expect(Math.min(...handed.slice(0, -1)), 'each as full as others').toBeGreaterThanOrEqual(2_000);
  });

  it('are asked about no further once the run is stopped, which says so', async () => {
    const stop = new AbortController();
    let asked = 0;
    const owner = asking(async function* confirm(_ctx, found) {
      asked += found.length;
      stop.abort();
      for (const orphan of found) yield { orphan, gone: false, rereads: [] };
    });
    tables = openScriptedTables([owner, named]);
    await run('item', naming(Array.from({ length: 1_200 }, (_, n) => `o${n}`)));
    const { error } = await run('owner', listing(), stop.signal);
    expect(error?.kind).toBe('stopped');
    expect(error?.message).toContain('its position is saved');
    expect(asked).toBe(500);
  });
});
