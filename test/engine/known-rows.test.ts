import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asRow, withPrint } from '../../src/core/known-row.ts';
import type { Page, ReadContext, Row } from '../../src/core/types.ts';
import { coverColumns, hashWith } from '../../src/config/columns.ts';
import { knownRows, programPrint, shaping } from '../../src/engine/known-rows.ts';
import { compileTable } from '../../src/record/codec.ts';
import { compileRow } from '../../src/record/row.ts';
import { integer, json, text } from '../../src/sdk/fields.ts';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { itemTable, key, openScriptedTables, type ScriptedRun, type ScriptedTables } from './scripted-tables.ts';

const item = itemTable({ id: text('Item'), name: text('Name'), size: integer('Size'), more: json('More') });

let tables: ScriptedTables;
let parsed: string[];
let version: string;
/** Ends when the last page of a run has been taken. */
let reading: Promise<void>;
beforeEach(() => {
  tables = openScriptedTables([item]);
  parsed = [];
  version = 'one';
  Object.assign(tables.tables.get('item') as object, { shaping: () => Buffer.from(version.padEnd(16)) });
});
afterEach(() => tables.close());

const row = (id: string, name: string, more: Row = {}): string => JSON.stringify({ id, name, ...more });

/** A row as a reader makes it that knows its text; `parsed` names the rows that were parsed. */
function rowOf(ctx: ReadContext, given: string, beside: string): Row {
  if (ctx.known === undefined) throw new Error('the engine offers no known rows');
  const parse = (): Row => {
    const whole = JSON.parse(given) as Row;
    parsed.push(String(whole.id));
    return { ...whole, more: beside };
  };
  const print = ctx.known.print(Buffer.from(given), ctx.known.shapedBy(beside));
  const id = /"id":"([^"]*)"/.exec(given)?.[1] ?? null;
  const found = ctx.known.looks() ? ctx.known.find({ id }, print, given, parse) : undefined;
  return found === undefined ? withPrint(parse(), print) : asRow(found);
}

interface How {
  readonly beside?: string;
  readonly scan?: boolean;
  /** The first page is a batch of its own, closed by the time that it took. */
  readonly slow?: boolean;
}

/** Reads these pages; what is known is asked when a page is made, one before it is published. */
async function read(pages: readonly (readonly string[])[], { beside = '', scan = false, slow = false }: How = {}): Promise<ScriptedRun> {
  parsed = [];
  let ended: () => void = () => undefined;
  reading = new Promise((resolve) => (ended = resolve));
  tables.script('item', async function* pagesOf(ctx): AsyncGenerator<Page, void, void> {
    const id = scan ? ctx.newScan() : '';
    for (const [n, texts] of pages.entries()) {
      if (slow && n === 1) tables.clock += 1_000;
      const mark = scan ? { scan: n === pages.length - 1 ? { id, end: {} } : { id } } : {};
      yield { rows: texts.map((given) => rowOf(ctx, given, beside)), position: { v: 1, n }, ...mark };
    }
    ended();
  });
  const run = await tables.run('item');
  expect(run.error).toBeUndefined();
  return run;
}

const names = (): Record<string, unknown> =>
  Object.fromEntries([...tables.records('item')].map(([id, { name }]) => [JSON.parse(id).id, name]));

describe('a row whose text is known', () => {
  it('is neither parsed nor published, and counts as read and unchanged', async () => {
    await read([[row('a', '1'), row('b', '1')]]);
    expect(parsed).toEqual(['a', 'b']);
    const { totals } = await read([[row('a', '1'), row('b', '2'), row('c', '1')]]);
    expect(parsed).toEqual(['b', 'c']);
    expect(totals).toMatchObject({ fetched: 3, published: 2, unchanged: 1, messages: 2 });
    expect(names()).toEqual({ a: '1', b: '2', c: '1' });
  });

  it('counts as seen by a scan, so that it is not deleted', async () => {
    await read([[row('a', '1'), row('b', '1')]], { scan: true });
    await read([[row('a', '1')]], { scan: true });
    expect(parsed).toEqual([]);
    expect(names()).toEqual({ a: '1' });
    await read([[row('a', '1'), row('b', '1')]], { scan: true });
    expect(parsed).toEqual(['b']);
    expect(names()).toEqual({ a: '1', b: '1' });
  });

  it.each([
    ['on one page', [[row('a', '2'), row('a', '1')]], false],
    ['on the next page of the batch', [[row('a', '2')], [row('a', '1')]], false],
    ['in the next batch', [[row('a', '2')], [row('a', '1')]], true],
    ['in a later batch', [[row('a', '2')], [], [], [row('a', '1')]], true],
  ])('is what stands in the end after another version of it %s', async (_, pages, slow) => {
    await read([[row('a', '1')]]);
    // The first transaction is under way until the last page has been read.
    tables.beforeCommit = () => reading.then(() => setImmediate());
    const { events } = await read(pages, { slow });
    expect(names()).toMatchObject({ a: '1' });
    // As without any known row: two rows with one key in a batch are counted.
    const duplicates = events.flatMap((event) => (event.type === 'rows-odd' && event.what === 'duplicate' ? [event.count] : []));
    expect(duplicates).toEqual(slow ? [] : [1]);
    await read([[row('a', '1')]]);
    expect(names()).toMatchObject({ a: '1' });
  });

  it('is not parsed because other rows are just being written', async () => {
    await read([[row('a', '1'), row('b', '1')]]);
    tables.beforeCommit = () => reading.then(() => setImmediate());
    await read([[row('a', '2')], [row('b', '1')]], { slow: true });
    expect(parsed).toEqual(['a']);
  });

  it('does not keep a later version of it from being published', async () => {
    await read([[row('a', '1')]]);
    await read([[row('a', '1'), row('a', '2')]]);
    expect(names()).toEqual({ a: '2' });
    await read([[row('a', '1')]]);
    expect(names(), 'its old text is not known any more').toEqual({ a: '1' });
  });

  it('is parsed again when anything else shapes it: another object of the answer, or the program and its settings', async () => {
    await read([[row('a', '1')]], { beside: 'old' });
    await read([[row('a', '1')]], { beside: 'new' });
    expect(parsed).toEqual(['a']);
    expect(tables.records('item').get(key('a'))).toMatchObject({ more: '"new"' });
    version = 'two';
    await read([[row('a', '1')]], { beside: 'new' });
    expect(parsed).toEqual(['a']);
    // The topic holds the row; the index has learnt its new print.
    const { totals } = await read([[row('a', '1')]], { beside: 'new' });
    expect(parsed).toEqual([]);
    expect(totals).toMatchObject({ unchanged: 1, messages: 0 });
  });

  it('is published again when the index does not hold it: after a reset, or when it was deleted', async () => {
    await read([[row('a', '1')]]);
    const { index } = tables.tables.get('item') as { index: { clear(why: string): void } };
    index.clear('its topic was recreated or reset');
    const { totals } = await read([[row('a', '1')]]);
    expect(totals).toMatchObject({ published: 1 });
    await read([[row('b', '1')]], { scan: true });
    expect(names()).toEqual({ b: '1' });
    await read([[row('a', '1')]]);
    expect(names()).toEqual({ a: '1', b: '1' });
  });

  it('is looked up again when the index was cleared between reading and publishing', async () => {
    await read([[row('a', '1')]]);
    tables.script('item', async function* pagesOf(ctx) {
      const page = { rows: [rowOf(ctx, row('a', '1'), '')], position: { v: 1 } };
      (tables.tables.get('item') as { index: { clear(why: string): void } }).index.clear('a test');
      yield page;
    });
    expect((await tables.run('item')).totals).toMatchObject({ published: 1, unchanged: 0 });
  });

  it('is learnt by an index that was rebuilt from the topic, without a message', async () => {
    await read([[row('a', '1')]]);
    const { index, codec } = tables.tables.get('item') as NonNullable<ReturnType<typeof tables.tables.get>>;
    const [held] = [...index.entries()];
    if (held === undefined) throw new Error('no row');
    // What reading the topic gives: the row without a print.
    index.apply([{ keyHash: held.keyHash, row: { rowHash: held.rowHash, scopeHash: held.scopeHash, keyBody: held.keyBody } }], new Map());
    expect(codec.decodeKey(held.keyBody)).toEqual({ id: 'a' });
    expect((await read([[row('a', '1')]])).totals).toMatchObject({ unchanged: 1, messages: 0 });
    expect(parsed).toEqual(['a']);
    expect((await read([[row('a', '1')]])).totals).toMatchObject({ unchanged: 1, messages: 0 });
    expect(parsed).toEqual([]);
  });

  it('is never learnt for a row that the same batch deletes', async () => {
    await read([[row('a', '1'), row('b', '1')]], { scan: true });
    version = 'two';
    tables.script('item', async function* pagesOf(ctx) {
      const id = ctx.newScan();
      // Read beside the scan, which does not show it any more.
      yield { rows: [rowOf(ctx, row('a', '1'), '')], position: { v: 1 } };
      yield { rows: [rowOf(ctx, row('b', '1'), '')], position: { v: 1 }, scan: { id, end: {} } };
    });
    await tables.run('item');
    expect(names()).toEqual({ b: '1' });
    expect((await read([[row('a', '1')]])).totals).toMatchObject({ published: 1 });
  });

  it('is not made of a row that has something to be counted at each reading, or that was put aside', async () => {
    const odd = [row('a', '1', { size: 'large' }), row('b', '1', { unheard: 1 })];
    const counts = (run: ScriptedRun): unknown[] =>
      run.events.flatMap((event) => (event.type === 'rows-odd' ? [[event.what, event.count]] : []));
    const first = await read([odd]);
    const second = await read([odd]);
    expect(parsed).toEqual(['a', 'b']);
    expect(counts(second)).toEqual(counts(first));
    expect(counts(second)).not.toEqual([]);
    const { codec, ...rest } = tables.tables.get('item') as NonNullable<ReturnType<typeof tables.tables.get>>;
    Object.assign(tables.tables.get('item') as object, { rows: compileRow(rest.definition, codec, { maxBytes: 100 }) });
    for (let n = 0; n < 2; n += 1) {
      const { totals, written } = await read([[row('c', 'x'.repeat(200))]]);
      expect(totals).toMatchObject({ deadLetters: 1, published: 0 });
      expect(written.flatMap(({ deadLetters }) => deadLetters.map(({ reason }) => reason))).toEqual(['too_large']);
    }
  });

  it('is looked for less often while none is found, and always again after one', async () => {
    const known = Array.from({ length: 100 }, (_, n) => row(`n${n}`, ''));
    const fresh = Array.from({ length: 1_000 }, (_, n) => row(`f${n}`, ''));
    await read([known]);
    // The last ones are found although many before them were not.
    await read([[...fresh, ...known]]);
    expect(parsed.length).toBeGreaterThanOrEqual(fresh.length);
    expect(parsed.length).toBeLessThan(fresh.length + 20);
    const open = tables.tables.get('item');
    if (open === undefined) throw new Error('no table');
    const rows = knownRows(open);
    const looked = Array.from({ length: 320 }, (_, n) => (rows?.looks() === true ? [n + 1] : [])).flat();
    expect(looked, 'after 256 rows one in sixteen').toEqual([...Array.from({ length: 256 }, (_, n) => n + 1), 272, 288, 304, 320]);
  });

  it('is not looked for where the table compares rows of a batch by their content, or nothing tells what shapes them', () => {
    const open = tables.tables.get('item');
    if (open === undefined) throw new Error('no table');
    expect(knownRows(open)).toBeDefined();
    expect(knownRows({ ...open, definition: { ...open.definition, newer: () => 0 } })).toBeUndefined();
    const { shaping: _, ...early } = open;
    expect(knownRows(early)).toBeUndefined();
  });

  it('is not looked for under a key that is not whole', async () => {
    await read([[row('a', '1')]]);
    const open = tables.tables.get('item');
    const parse = (from: string): Row => ({ from });
    if (open === undefined) throw new Error('no table');
    const rows = knownRows(open);
    const print = rows?.print(Buffer.from(row('a', '1')), rows.shapedBy(''));
    if (rows === undefined || print === undefined) throw new Error('no known rows');
    expect(rows.find({ id: 'a' }, print, 'here', parse)?.parsed()).toEqual({ from: 'here' });
    for (const key of [{ id: null }, {}, { id: 'b' }]) expect(rows.find(key as Row, print, 'here', parse)).toBeUndefined();
    const wider = itemTable({ id: text('Item'), part: text('Part') }, { key: ['id', 'part'], keyReason: 'Parts.' });
    const holdsAll = { ...open.index, holds: () => true };
    const ofParts = knownRows({ ...open, definition: wider, codec: compileTable('scripted', wider), index: holdsAll });
    expect(ofParts?.find({ id: 'a', part: 'p' }, print, 'here', parse)).toBeDefined();
    for (const key of [{ id: 'a' }, { part: 'p' }]) expect(ofParts?.find(key, print, 'here', parse)).toBeUndefined();
  });

  it('is found under no guessed key but its own', async () => {
    await read([[row('a', '1'), row('b', '1')]]);
    // The first id is inside another value, so the guess names a row that has another text.
    const misleading = JSON.stringify({ more: { id: 'a' }, id: 'b', name: '2' });
    await read([[misleading]]);
    expect(names()).toEqual({ a: '1', b: '2' });
    await read([[misleading]]);
    expect(names()).toEqual({ a: '1', b: '2' });
  });
});

it('stores no plain hash of a text with hidden values', () => {
  const open = tables.tables.get('item');
  if (open === undefined) throw new Error('no table');
  const printed = (definition: typeof item, secret = 'one'): string | undefined =>
    knownRows({ ...open, definition, shaping: () => Buffer.from(secret.padEnd(16)) })
      ?.print(Buffer.from(row('a', '1')), Buffer.alloc(16))
      .text.toString('hex');
  const plain = createHash('sha256').update(row('a', '1')).digest('hex').slice(0, 32);
  expect(printed(item)).toBe(plain);
  const hiding = [
    coverColumns(item, { mask: ['name'] }, hashWith('s')),
    coverColumns(item, { mask: ['more.email'] }, hashWith('s')),
    { ...item, fields: { ...item.fields, name: text('Name').masked() } },
  ];
  for (const definition of hiding as (typeof item)[]) {
    expect(printed(definition)).not.toBe(plain);
    expect(printed(definition)).not.toBe(printed(definition, 'two'));
  }
});

describe('what shapes the rows of a table', () => {
  const source = klaviyo;
  const settings = klaviyo.settings.parse({ api_key: 'pk_one' });
  const definition = klaviyo.tables(settings).find(({ name }) => name === 'event');
  if (definition === undefined) throw new Error('no table of events');
  const of = (changed: Partial<typeof definition> = {}, its: unknown = settings): string =>
    shaping({ source, settings: its }, { ...definition, ...changed })().toString('hex');
  const covered = (rules: Parameters<typeof coverColumns>[1], secret = 's'): string =>
    shaping({ source, settings }, coverColumns(definition, rules, hashWith(secret)))().toString('hex');

  it('stays the same while nothing changes', () => {
    expect(of()).toBe(of());
    expect(covered({ hash: ['unique_id'] })).toBe(covered({ hash: ['unique_id'] }));
  });

  it('changes with settings, columns, their rules and the secret of hashes, and with the code of the definition', () => {
    const { value: _, ...fewer } = definition.fields;
    const all = [
      of(),
      of({}, { ...(settings as object), attributions: true }),
      of({ fields: fewer }),
      of({ fields: { ...definition.fields, value: text('As text') } }),
      of({ fields: { ...definition.fields, value: { ...definition.fields['value'], derive: () => 1 } as never } }),
      of({ shape: (given) => given }),
      of({ ignore: ['links'] }),
      covered({ hash: ['unique_id'] }),
      covered({ hash: ['unique_id'] }, 'another'),
      covered({ mask: ['unique_id'] }),
      covered({ drop: ['unique_id'] }),
      covered({ drop: ['_extra'] }),
      covered({ drop: ['_extra.note'] }),
      covered({ mask: ['event_properties.email'] }),
      covered({ hash: ['event_properties.email'] }),
      covered({ hash: ['event_properties.email'] }, 'another'),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('changes with the program, which is the one that runs', () => {
    const of = (program?: () => string): string => shaping({ source, settings }, definition, program)().toString('hex');
    expect(of(() => programPrint(join(import.meta.dirname, '../..')))).toBe(of());
    expect(of(() => 'another')).not.toBe(of());
  });

  it('is hashed once', () => {
    let asked = 0;
    const shaped = shaping({ source, settings }, definition, () => String((asked += 1)));
    expect(shaped()).toBe(shaped());
    expect(asked).toBe(1);
  });
});

describe('the print of a program', () => {
  let root: string;
  const rooms = ['src/core', 'src/sdk', 'src/record', 'src/state', 'src/engine', 'producers'];
  const write = (file: string, content: string): void => {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), content);
  };
  beforeEach(() => {
    root = memoryFolder('program-');
    for (const room of rooms) write(`${room}/index.ts`, 'one');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it.each(rooms)('changes with each file of %s, compiled or not, and with its name', (room) => {
    const prints = [programPrint(root)];
    write(`${room}/index.ts`, 'two');
    prints.push(programPrint(root));
    write(`${room}/deep/er.js`, 'one');
    prints.push(programPrint(root));
    renameSync(join(root, room, 'deep/er.js'), join(root, room, 'deep/est.js'));
    prints.push(programPrint(root));
    expect(new Set(prints).size).toBe(prints.length);
  });

  it('is the same with other files beside them, and in whatever order they were written', () => {
    const before = programPrint(root);
    for (const name of ['index.d.ts', 'index.js.map', 'README.md', 'index.tsx']) write(`src/core/${name}`, 'text');
    write('src/web/index.ts', 'no row comes there');
    expect(programPrint(root)).toBe(before);
    for (const name of ['b', 'a', 'c']) write(`src/core/${name}.ts`, name);
    const after = programPrint(root);
    rmSync(join(root, 'src/core'), { recursive: true });
    write('src/core/index.ts', 'one');
    for (const name of ['c', 'b', 'a']) write(`src/core/${name}.ts`, name);
    expect(programPrint(root)).toBe(after);
  });
});
