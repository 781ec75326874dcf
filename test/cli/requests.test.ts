import { describe, expect, test } from 'vitest';
import { isPaused, narrowed } from '../../src/cli/requests.ts';
import { requireWithheld } from '../../src/kafka/meta/state.ts';
import { select, selectOne } from '../../src/cli/selection.ts';
import { readConnection } from '../../src/config/connections.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { TributaryError } from '../../src/core/errors.ts';
import type { Source } from '../../src/sdk/source.ts';
import { sampleSource } from '../config/sample-source.ts';

const source: Source = {
  ...sampleSource,
  tables: (settings: { note?: string }) =>
    sampleSource
      .tables(settings)
      .map((table) =>
        table.name === 'label' && settings.note !== 'all' ? { ...table, off: 'off by default, `note: all` turns it on' } : table,
      ),
};

function settingsWith(raw: object = {}, note?: string): Settings {
  const settings = { api_key: 'sk_1', ...(note === undefined ? {} : { note }) };
  const connection = readConnection('sample', { settings, ...raw } as never, { sources: [source], now: 0, hashSecret: undefined });
  if (Array.isArray(connection)) throw new Error(JSON.stringify(connection));
  return { connections: [connection] } as unknown as Settings;
}

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { kind, message, remedy } = error as TributaryError;
    // What the command ends with 2 for.
    expect(kind).toBe('config');
    return `${message} ${remedy}`;
  }
  throw new Error('was not refused');
}

describe('a table that is off', () => {
  test('is neither read nor scheduled, and is refused by name with the setting that turns it on', () => {
    const settings = settingsWith();
    const [connection] = settings.connections;
    expect(connection?.tables.map(({ name }) => name)).toEqual(['person', 'visit']);
    expect([...(connection?.schedules.keys() ?? [])]).toEqual(['person', 'visit']);
    expect(refused(() => selectOne(settings, 'sample.label'))).toContain('sample.label is off by default, `note: all` turns it on. ');
    expect(select(settings, ['sample'])[0]?.tables).toEqual(['person', 'visit']);
  });

  test('is shown where everything is', () => {
    const settings = settingsWith();
    expect(select(settings, [], 'shown')[0]?.tables).toEqual(['person', 'visit', 'label']);
    expect(selectOne(settings, 'sample.label', 'shown').tables).toEqual(['label']);
  });

  test('is read once it is on', () => {
    const settings = settingsWith({}, 'all');
    expect(settings.connections[0]?.off).toBeUndefined();
    expect(selectOne(settings, 'sample.label').tables).toEqual(['label']);
  });

  test('does not leave a connection without any table', () => {
    const raw = { settings: { api_key: 'sk_1' }, tables: ['label'] } as never;
    expect(JSON.stringify(readConnection('sample', raw, { sources: [source], now: 0, hashSecret: undefined }))).toContain(
      'label is off by default',
    );
  });
});

test('a table the settings leave out is no unknown one', () => {
  expect(refused(() => selectOne(settingsWith({ exclude: ['person'] }), 'sample.person'))).toMatch(/exclude sample\.person.* exclude:/);
  expect(refused(() => selectOne(settingsWith(), 'sample.persom'))).toMatch(/has no table persom.*person/);
  expect(refused(() => selectOne(settingsWith(), 'simple'))).toMatch(/No connection is called simple.*sample/);
});

describe('a back-fill', () => {
  test('of a table without history is refused, and says what would read it', () => {
    const settings = settingsWith();
    expect(refused(() => narrowed(selectOne(settings, 'sample.person'), 'backfill'))).toMatch(
      /no history.*tributary trigger sample\.person/,
    );
    const [both] = select(settings, ['sample.person', 'sample.visit']);
    expect(refused(() => narrowed(both as never, 'backfill'))).toContain('sample.person:');
  });

  test('of a connection goes to its tables with history', () => {
    expect(narrowed(selectOne(settingsWith(), 'sample'), 'backfill')).toMatchObject({ tables: ['visit'], whole: false });
    expect(refused(() => narrowed(selectOne(settingsWith({ tables: ['person'] }), 'sample'), 'backfill'))).toContain('no history');
    expect(narrowed(selectOne(settingsWith(), 'sample'), 'trigger').whole).toBe(true);
  });
});

test('deletes are allowed only where some are withheld', () => {
  expect(refused(() => requireWithheld('sample.person', undefined))).toContain('tributary deletes list');
  expect(refused(() => requireWithheld('sample.person', {}))).toContain('nothing to allow');
  expect(() => requireWithheld('sample.person', { withheld: { count: 1, reason: 'x', since: 0 } })).not.toThrow();
});

test('whether a table is paused is what was said last, of it or of its connection', () => {
  const said = (table: string | null, paused: boolean) => ({ connection: 'a', table, slot: 'paused', value: { paused } }) as const;
  expect(isPaused([said(null, true)], 'a', 't')).toBe(true);
  expect(isPaused([said(null, true)], 'b', 't')).toBe(false);
  expect(isPaused([said(null, true), said('t', false)], 'a', 't')).toBe(false);
  expect(isPaused([said('t', false), said(null, true)], 'a', 't')).toBe(true);
  expect(isPaused([{ ...said('t', true), value: null }], 'a', 't')).toBe(false);
});
