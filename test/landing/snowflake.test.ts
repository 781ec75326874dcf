import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { renderLanding } from '../../src/landing/render.ts';
import { statements } from '../support/statements.ts';
import { pythonWithPackages } from '../setup/python.mjs';
import { compacted, history, truth } from './history.ts';
import type { Version } from './history.ts';
import { landingOf } from './landings.ts';

const rendered = renderLanding(landingOf('snowflake'));
const file = (path: string): string[] => statements(rendered.files.find((one) => one.path === path)!.text);
const LOG = 'TRIBUTARY.LANDING.SHOP_ORDER_LOG';

/** Roles, users, grants and warehouses: fakesnow has no rights to give. */
const RIGHTS = /^(USE ROLE|CREATE (ROLE|USER|WAREHOUSE)|GRANT)/;

interface Step {
  readonly sql: string;
  readonly ask: boolean;
}

const run = (...sql: readonly string[]): Step[] => sql.filter((one) => !RIGHTS.test(one)).map((one) => ({ sql: one, ask: false }));
const ask = (sql: string): Step => ({ sql, ask: true });
const SHOWN = ask('SELECT * FROM TRIBUTARY.LANDING.SHOP_ORDER');
const KEPT = ask(`SELECT ID, PART, _KAFKA_OFFSET FROM ${LOG}`);

type Rows = Record<string, unknown>[];

/** Runs each scenario in an account of its own, all in one process since its start is what costs. The set-up is run twice: it must not mind. */
function onSnowflake<Name extends string>(scenarios: Readonly<Record<Name, readonly Step[]>>): Record<Name, Rows[]> {
  const setUp = run(...file('setup.sql'), ...file('setup.sql'), ...file('views.sql'));
  const names = Object.keys(scenarios) as Name[];
  const input = JSON.stringify(names.map((name) => [...setUp, ...scenarios[name]]));
  const answers = JSON.parse(
    execFileSync(pythonWithPackages(), [fileURLToPath(new URL('run_snowflake.py', import.meta.url))], { input, encoding: 'utf8' }),
  ) as Rows[][];
  return Object.fromEntries(names.map((name, at) => [name, answers[at]])) as Record<Name, Rows[]>;
}

const text = (value: string | null): string => (value === null ? 'NULL' : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);

/** Rows as the connector appends them: one column per field, the place in the topic, its own metadata. fakesnow cannot cast a VARIANT that is a string, so JSON is parsed here. */
function append(versions: readonly Version[], properties: string | null = '{"a":[1,2.5],"z":"\u00fc"}'): Step[] {
  const rows = versions.map(
    ({ offset, id, part, user, deleted }) =>
      `(${[text(id), part, text(user), text(deleted ? null : properties), deleted, offset, text(JSON.stringify({ topic: 'saas.shop.order', partition: 0, offset }))].join(', ')})`,
  );
  return run(
    `INSERT INTO ${LOG} (ID, PART, "USER", PROPERTIES, _DELETED, _KAFKA_PARTITION, _KAFKA_OFFSET, _KAFKA_TS, RECORD_METADATA)
    SELECT column1, column2, column3, PARSE_JSON(column4), column5, 0, column6, '2026-01-02 03:04:05 +00:00'::TIMESTAMP_TZ, PARSE_JSON(column7) FROM VALUES ${rows.join(', ')}`,
  );
}

const table = (rows: readonly Record<string, unknown>[]): string[] =>
  rows.map((row) => `${row['ID']}/${row['PART']}=${row['USER']}`).sort();

describe('the Snowflake landing on fakesnow', () => {
  const versions = history(11, 240);
  const parts = [0, 80, 160].map((from) => versions.slice(from, from + 80));
  const later: Version[] = [
    { offset: 500, id: 'k1', part: 1, user: 'later', deleted: false },
    { offset: 501, id: 'k2', part: 2, user: null, deleted: true },
  ];
  let answers: Record<'appended' | 'cleaned' | 'json' | 'evolved', Rows[]>;

  beforeAll(() => {
    answers = onSnowflake({
      appended: [
        ...parts.flatMap((part) => [...append(part), SHOWN]),
        ...append(versions.slice(150, 200)),
        SHOWN,
        ...append([...versions].reverse()),
        SHOWN,
        ...append(compacted(versions)),
        SHOWN,
      ],
      cleaned: [
        ...append(versions),
        ...append(versions.slice(0, 100)),
        SHOWN,
        KEPT,
        ...run(...file('cleanup.sql')),
        SHOWN,
        KEPT,
        ...append(versions.slice(0, 60)),
        SHOWN,
        ...append(later),
        ...run(...file('cleanup.sql')),
        SHOWN,
      ],
      json: [
        ...append([{ offset: 0, id: 'good', part: 0, user: "it's", deleted: false }]),
        ...append([{ offset: 1, id: 'none', part: 0, user: null, deleted: false }], null),
        ask('SELECT ID, "USER", PROPERTIES:a[1]::FLOAT AS A, PROPERTIES IS NULL AS EMPTY FROM TRIBUTARY.LANDING.SHOP_ORDER ORDER BY ID'),
      ],
      evolved: [
        ...run(
          `DROP VIEW TRIBUTARY.LANDING.SHOP_ORDER`,
          `ALTER TABLE ${LOG} DROP COLUMN RATIO`,
          ...file('setup.sql'),
          ...file('views.sql'),
        ),
        ask(
          `SELECT COLUMN_NAME, DATA_TYPE FROM TRIBUTARY.INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'SHOP_ORDER_LOG' ORDER BY COLUMN_NAME`,
        ),
        ask('SELECT RATIO FROM TRIBUTARY.LANDING.SHOP_ORDER'),
      ],
    });
  }, 600_000);

  it('shows the truth after every part of a history, repeats, re-reads in any order, and a compacted replay', () => {
    const [first, second, ...whole] = answers.appended.map(table);
    expect(first).toEqual(truth(versions.slice(0, 80)));
    expect(second).toEqual(truth(versions.slice(0, 160)));
    expect(whole).toEqual([1, 2, 3, 4].map(() => truth(versions)));
  });

  it('is cleaned up to the newest version of each key without a change in the view, and goes on', () => {
    const [before, full, after, kept, afterRepeat, afterLater] = answers.cleaned;
    const byKey = (a: Rows[number], b: Rows[number]): number => (`${a['ID']}/${a['PART']}` < `${b['ID']}/${b['PART']}` ? -1 : 1);
    expect(after!.sort(byKey)).toEqual(before!.sort(byKey));
    expect(table(after!)).toEqual(truth(versions));
    const newest = compacted(versions)
      .map((version) => `${version.id}/${version.part}@${version.offset}`)
      .sort();
    expect([...new Set(kept!.map((row) => `${row['ID']}/${row['PART']}@${row['_KAFKA_OFFSET']}`))].sort()).toEqual(newest);
    expect(kept!.length).toBeLessThan(full!.length / 3);
    expect(table(afterRepeat!)).toEqual(truth(versions));
    expect(table(afterLater!)).toEqual(truth([...versions, ...later]));
  });

  it('gives JSON columns as JSON', () => {
    expect(answers.json).toEqual([
      [
        { ID: 'good', USER: "it's", A: 2.5, EMPTY: false },
        { ID: 'none', USER: null, A: null, EMPTY: true },
      ],
    ]);
  });

  it('adds the columns of a later release to tables of an earlier one', () => {
    const [columns, none] = answers.evolved;
    expect(none).toEqual([]);
    expect(columns).toContainEqual({ COLUMN_NAME: 'RATIO', DATA_TYPE: 'FLOAT' });
    expect(columns!.map((column) => column['COLUMN_NAME'])).toEqual([
      'ACTIVE',
      'BORN',
      'COUNT',
      'CREATED',
      'ID',
      'PART',
      'PROPERTIES',
      'RATIO',
      'RECORD_METADATA',
      'USER',
      '_DELETED',
      '_EXTRA',
      '_KAFKA_OFFSET',
      '_KAFKA_PARTITION',
      '_KAFKA_TS',
      '_SYNCED_AT',
    ]);
  });
});
