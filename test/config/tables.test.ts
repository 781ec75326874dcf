import { describe, expect, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { changedConnections } from '../../src/config/follow-settings.ts';
import { parseSettings } from '../../src/config/load.ts';
import type { ConnectionSettings } from '../../src/config/settings.ts';
import { defaultsOf } from '../../src/config/source-defaults.ts';
import { beginsAtHistory, hasHistory } from '../../src/core/table.ts';

const now = Date.UTC(2026, 5, 1);

function parse(lines: string, more = '') {
  const text = `${more}connections:\n  klaviyo:\n    settings: { api_key: pk_1 }\n${lines.replace(/^/gm, '    ')}\n`;
  const parsed = parseSettings(text, 'tributary.yaml', {
    sources: [klaviyo],
    variables: {},
    now: () => now,
    onSecret: () => undefined,
    readFile: () => '',
  });
  return parsed.connections[0]!;
}

/** Settings of this connection alone. */
const holding = (connection: ConnectionSettings) => ({ prefix: 'p', connections: [connection] });

function refusal(...given: Parameters<typeof parse>): string {
  try {
    parse(...given);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'config', remedy: expect.any(String) });
    return (error as Error).message;
  }
  throw new Error('the settings were accepted');
}

test('a table has its own history, schedule and partitions; the others have the connection’s, and all are read', () => {
  const connection = parse(
    'history: 90d\nschedule: "5 * * * *"\ntables:\n  event: { history: 1y, schedule: "0 3 * * *", partitions: 6 }\n  profile: { partitions: 2 }',
  );
  expect(connection.tables.map(({ name }) => name)).toEqual(['metric', 'profile', 'event']);
  expect(connection.history).toEqual({ range: '90d' });
  expect([...(connection.histories ?? [])]).toEqual([['event', { range: '1y' }]]);
  expect(Object.fromEntries(connection.schedules)).toEqual({ metric: '5 * * * *', profile: '5 * * * *', event: '0 3 * * *' });
  expect([...(connection.partitions ?? [])]).toEqual([
    ['event', 6],
    ['profile', 2],
  ]);
  expect([...(parse('tables: { event: { start_date: 02/01/2026 } }').histories ?? [])]).toEqual([
    ['event', { from: Date.UTC(2026, 1, 1) }],
  ]);
});

// As the sources' READMEs say. Their readers ask for `ctx.since`, those of the other tables do not.
test('the tables whose first run begins at the configured history', () => {
  const names = (of: typeof hasHistory): Record<string, string[]> =>
    Object.fromEntries(
      sources.map((source) => [
        source.name,
        source
          .tables(defaultsOf(source))
          .filter(of)
          .map(({ name }) => name),
      ]),
    );
  const begins = names(beginsAtHistory);
  expect(begins).toMatchObject({ klaviyo: ['event'], customer_io: ['messages', 'activities'] });
  expect(begins['pendo']?.every((name) => /events$|^visitor_history$/.test(name))).toBe(true);
  // What is read whole at first can still be read again by a back-fill.
  expect(names(hasHistory)).toMatchObject({ klaviyo: ['profile', 'event'], pendo: ['accounts', 'visitors', ...(begins['pendo'] ?? [])] });
});

test('a change of one of them is taken up by a running worker', () => {
  const before = parse('tables: { event: { history: 1y } }');
  expect(changedConnections(holding(before), holding(parse('tables: { event: { history: 1y } }')))).toEqual([]);
  for (const other of ['{ history: 90d }', '{ history: 1y, schedule: "0 3 * * *" }', '{ history: 1y, partitions: 2 }'])
    expect(changedConnections(holding(before), holding(parse(`tables: { event: ${other} }`)))).toEqual(['klaviyo']);
});

describe('what cannot be is refused with its line and what to do', () => {
  test.each<[string, string, RegExp]>([
    ['an unknown table', 'tables: { events: { history: 1y } }', /line 4: .*no table is called events; did you mean event\?/],
    ['an unknown wish', 'tables: { event: { since: 1y } }', /line 4: .*since is not a known setting/],
    ['an unknown range', 'tables: { event: { history: 2y } }', /line 4: .*history "2y" must be one of 30d, 90d, 1y, all/],
    [
      'history and a day',
      'tables: { event: { history: 1y, start_date: 01/01/2026 } }',
      /line 4: .*start_date cannot be combined with history/,
    ],
    ['a day to come', 'tables: { event: { start_date: 01/01/2030 } }', /line 4: .*is in the future/],
    ['no day', 'tables: { event: { start_date: 31/31/2026 } }', /line 4: .*is not a date; write MM\/DD\/YYYY/],
    [
      'history of a table that has none',
      'tables: { metric: { history: 1y } }',
      /line 4: .*every run reads the whole table metric; remove it/,
    ],
    [
      'a start of a table that is read whole at first',
      'tables: { profile: { start_date: 02/01/2026 } }',
      /line 4: .*profile\.start_date has no effect: the first run reads the whole table profile; remove it/,
    ],
    ['a wrong schedule', 'tables: { event: { schedule: hourly } }', /line 4: .*is not a cron expression of five fields/],
    [
      'a schedule said twice',
      'tables: { event: { schedule: "0 1 * * *" } }\nschedule: { tables: { event: "0 2 * * *" } }',
      /line 4: .*is also set in .*schedule\.tables/,
    ],
    [
      'partitions said twice',
      'tables: { event: { partitions: 3 } }\npartitions: { event: 4 }',
      /line 4: .*is also set in .*klaviyo\.partitions/,
    ],
    ['no partition', 'tables: { event: { partitions: 0 } }', /line 4: .*partitions must be at least 1/],
    ['a table that is left out', 'tables: { event: { history: 1y } }\nexclude: [event]', /line 4: .*a table that exclude leaves out/],
    ['a list beside exclude', 'tables: [event]\nexclude: [metric]', /line 5: .*cannot be combined with tables/],
    ['a number', 'tables: 3', /line 4: .*tables must be a list or a section, not a number/],
  ])('%s', (_, lines, message) => {
    expect(refusal(lines)).toMatch(message);
  });

  test.each<[string, string, RegExp]>([
    ['no address', 'notify: {}\n', /line 1: notify\.url is missing/],
    ['no web address', 'notify: { url: "ftp://x" }\n', /line 1: notify\.url must be an http:\/\/ or https:\/\/ address/],
    ['an unknown form', 'notify: { url: "https://x.test", form: teams }\n', /line 1: notify\.form "teams" must be one of json, slack/],
    [
      'an unknown event',
      'notify: { url: "https://x.test", events: [error] }\n',
      /line 1: notify\.events\.0 "error" must be one of failed, recovered/,
    ],
    ['a text in place of a section', 'notify: "https://x.test"\n', /line 1: notify must be a section, not text/],
    ['a short secret', 'hash_secret: short\n', /line 1: hash_secret must have at least 16 characters/],
    ['a short token', 'web: { token: short }\n', /line 1: web\.token must have at least 16 characters/],
  ])('%s', (_, more, message) => {
    const said = refusal('exclude: [metric]', more);
    expect(said).toMatch(message);
    expect(said).not.toContain('x.test');
  });
});
