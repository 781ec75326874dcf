import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseJson, rawNumberText } from '../../src/core/json/parse.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { statements } from '../support/statements.ts';
import type { Landing } from '../../src/landing/types.ts';
import { compileTable } from '../../src/record/codec.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { pythonWithPackages } from '../setup/python.mjs';
import { connectLines } from './connect-lines.ts';
import type { ConnectRecord } from './connect-lines.ts';
import { orders, reservedNames } from './definitions.ts';
import { landingOf } from './landings.ts';

const SYNCED_AT = 1_767_323_045_678;
const KAFKA_TS = 1_767_323_046_789;

const ROWS: readonly TableRecord[] = [
  {
    id: 'a',
    part: 1,
    user: `quote ' " \\ \n \u{1f600}\u000b`,
    count: 42,
    ratio: 0.1,
    active: true,
    created: 1_767_323_045_678,
    born: '2026-01-02',
    properties: '{"a":[1,2.50,null],"z":"ü"}',
    _extra: '{"n":12345678901234567890}',
  },
  { id: 'a', part: 2 },
  {
    id: 'b',
    part: -1,
    created: -62_135_596_800_000,
    count: -9_223_372_036_854_775_808n,
    ratio: -1.797e308,
    active: false,
    born: '0001-01-01',
  },
  {
    id: 'b',
    part: 9_223_372_036_854_775_807n,
    created: 253_402_300_799_999,
    count: 9_223_372_036_854_775_807n,
    ratio: 5e-324,
    born: '9999-12-31',
  },
  { id: 'c', part: 0, created: -1, born: '1969-12-31' },
];
const MARKED = { id: 'a', part: 2 };
const GROUPS: readonly TableRecord[] = [{ select: 'g1', from: 'x', end: 'y' }];

/** The topics' records: rows, the marker of a delete and its tombstone, over two partitions. */
function recordsOf(definition: TableDefinition, rows: readonly TableRecord[], marked: readonly TableRecord[]): ConnectRecord[] {
  const codec = compileTable('landing_test', definition);
  const blank = Object.fromEntries([...Object.keys(definition.fields), '_extra'].map((name) => [name, null]));
  const values = [
    ...rows.map((row) => codec.value(codec.body({ ...blank, ...row }), SYNCED_AT, false)),
    ...marked.flatMap((key) => [codec.value(codec.markerBody(key), SYNCED_AT, true), null]),
  ];
  return values.map((value, at) => ({
    topic: `saas.shop.${definition.name}`,
    schema: JSON.stringify(codec.valueSchema),
    avro: value?.toString('hex') ?? null,
    partition: at % 2,
    offset: 100 + at,
    timestamp: KAFKA_TS,
  }));
}

const RECORDS = [...recordsOf(orders, ROWS, [MARKED]), ...recordsOf(reservedNames, GROUPS, [])];

/** What a warehouse has to hold for them: a column each, times in milliseconds. */
function expected(definition: TableDefinition, rows: readonly TableRecord[], marked: readonly TableRecord[]): TableRecord[] {
  const blank = Object.fromEntries([...Object.keys(definition.fields), '_extra'].map((name) => [name, null]));
  const versions = [...rows.map((row) => ({ ...row, _deleted: false })), ...marked.map((key) => ({ ...key, _deleted: true }))];
  return versions.map((version, at) => ({
    ...blank,
    ...version,
    _synced_at: SYNCED_AT,
    _kafka_partition: at % 2,
    _kafka_offset: 100 + at,
    _kafka_ts: KAFKA_TS,
  }));
}

const python = (script: string, input: object): unknown =>
  JSON.parse(
    execFileSync(pythonWithPackages(), [fileURLToPath(new URL(script, import.meta.url))], {
      input: JSON.stringify(input),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    }),
  );

const configOf = (landing: Landing): Readonly<Record<string, string>> => renderLanding(landing).connectors[0]!.config;
const sqlOf = (landing: Landing, path: string): string[] =>
  statements(renderLanding(landing).files.find((file) => file.path === path)!.text);

/**
 * The key Aiven's S3 sink 3.4.2 gives the file that begins with this record: S3SinkTask.newStreamFor (line 156) takes the template only while
 * `aws.s3.prefix` is not set (S3SinkConfig.usesFileNameTemplate, line 228), else oldFullKey (line 169). The real sink was run, too
 * (sink-configs/s3/README.md says how).
 */
function fileName(config: Readonly<Record<string, string>>, { topic, partition, offset }: ConnectRecord): string {
  const padded = String(offset).padStart(20, '0');
  if (config['aws.s3.prefix'] !== undefined) return `${config['aws.s3.prefix']}${topic}-${partition}-${padded}.gz`;
  const values: Record<string, string> = {
    topic,
    partition: String(partition),
    'start_offset:padding=true': padded,
    'timestamp:unit=yyyy': '2026',
    'timestamp:unit=MM': '01',
    'timestamp:unit=dd': '02',
  };
  return config['file.name.template']!.replaceAll(
    /\{\{(.+?)\}\}/g,
    (_, name: string) => values[name] ?? expect.unreachable(`the template names ${name}`),
  );
}

/** Files of two lines at most, as one that closes by `file.max.records` would be. */
function filesOf(config: Readonly<Record<string, string>>, lines: readonly string[]): { key: string; text: string }[] {
  const written = RECORDS.map((record, at) => ({ record, line: lines[at]! })).filter((one) => one.line !== '');
  const partitions = new Set(written.map(({ record }) => `${record.topic} ${record.partition}`));
  return [...partitions]
    .map((partition) => written.filter(({ record }) => `${record.topic} ${record.partition}` === partition))
    .flatMap((group) => Array.from({ length: Math.ceil(group.length / 2) }, (_, at) => group.slice(at * 2, at * 2 + 2)))
    .map((part) => ({ key: fileName(config, part[0]!.record), text: part.map(({ line }) => `${line}\n`).join('') }));
}

const linesOf = (files: readonly { text: string }[]): string[] => files.flatMap((file) => file.text.split('\n').slice(0, -1));
const byOffset = (a: TableRecord, b: TableRecord): number => Number(a['_kafka_offset']) - Number(b['_kafka_offset']);

describe('the files of a landing', () => {
  const s3 = landingOf('s3');
  const redshift = landingOf('redshift');
  const loads = sqlOf(redshift, 'copy.sql');
  const copies = loads
    .filter((sql) => sql.startsWith('COPY '))
    .map((sql) => /^COPY (\S+) FROM 's3:\/\/([^/]+)\/([^']+)' IAM_ROLE '[^']+' (.+)$/.exec(sql)!);
  let s3Lines: string[];
  let copied: { key: string; text: string }[][];

  beforeAll(async () => {
    s3Lines = await connectLines(configOf(s3), RECORDS);
    copied = python('s3_files.py', {
      bucket: copies[0]![2],
      files: filesOf(configOf(s3), s3Lines),
      prefixes: copies.map(([, , , prefix]) => prefix),
    }) as typeof copied;
  });

  it('hold a line for every version and marker, and none for a tombstone', () => {
    expect(s3Lines.map((line) => line === '')).toEqual(RECORDS.map((record) => record.avro === null));
    // What would break a line or a field of the loads: line ends, and the separators that copy.sql of Synapse names.
    expect(s3Lines.filter((line) => /[\n\r\u000b\u000c]/.test(line))).toEqual([]);
  });

  it('are found under the prefix that COPY names, each table its own, and come back as they were written', () => {
    expect(copies.map((copy) => copy[2])).toEqual(copies.map(() => configOf(s3)['aws.s3.bucket.name']));
    expect(copied.map((files) => linesOf(files).length)).toEqual([6, 1]);
    expect(copied.flatMap(linesOf).sort()).toEqual(s3Lines.filter((line) => line !== '').sort());
  });

  it('give Redshift COPY a value for each column of its log, of a form it reads, and no name it would drop', () => {
    // The one known fault: Kafka's converter counts days before 15 October 1582 by the Julian calendar.
    const julian = ROWS.map((row) => (row['born'] === '0001-01-01' ? { ...row, born: '0001-01-03' } : row));
    const truths = [expected(orders, julian, [MARKED]), expected(reservedNames, GROUPS, [])];
    for (const [at, [, stage, , , options]] of copies.entries()) {
      const log = loads
        .map((sql) => new RegExp(`^CREATE TEMP TABLE ${stage} \\(LIKE (\\S+)\\)$`).exec(sql)?.[1])
        .find((found) => found !== undefined);
      expect(loads.some((sql) => sql.startsWith(`INSERT INTO ${log} SELECT loaded.* FROM ${stage} AS loaded WHERE `))).toBe(true);
      expect(options).toMatch(/^FORMAT JSON 'auto' GZIP TIMEFORMAT 'epochmillisecs'/);
      const columns = columnsOf(sqlOf(redshift, 'setup.sql'), log!);
      const rows = linesOf(copied[at]!).map((line) => asCopyReads(columns, parseJson(line) as Record<string, unknown>));
      expect(rows.sort(byOffset)).toEqual(truths[at]);
    }
  });

  it('give Synapse OPENJSON a value for each column of its log, with the times the rows have', async () => {
    const synapse = landingOf('synapse_copy');
    const lines = await connectLines(configOf(synapse), RECORDS);
    const create = [...sqlOf(synapse, 'setup.sql')].map((sql) => /EXEC\(N?'((?:[^']|'')*)'\)/.exec(sql)?.[1]?.replaceAll("''", "'") ?? sql);
    for (const [definition, truth] of [
      [orders, expected(orders, ROWS, [MARKED])],
      [reservedNames, expected(reservedNames, GROUPS, [])],
    ] as const) {
      const own = lines.filter((line, at) => line !== '' && RECORDS[at]!.topic === `saas.shop.${definition.name}`);
      const sql = sqlOf(synapse, 'copy.sql').find((one) => one.startsWith(`INSERT INTO tributary.shop_${definition.name}_log `))!;
      const { paths, columns, rows } = python('openjson.py', { sql, lines: own }) as {
        paths: Record<string, string>;
        columns: string[];
        rows: TableRecord[];
      };
      const log = Object.keys(columnsOf(create, `tributary.shop_${definition.name}_log`));
      expect([...columns].sort()).toEqual([...log].sort());
      // Every path is a name of the line and every name of the line is read.
      expect(
        Object.values(paths)
          .map((path) => /^\$\."(.+)"$/.exec(path)?.[1])
          .sort(),
      ).toEqual(Object.keys(JSON.parse(own[0]!) as object).sort());
      expect(rows.map((row) => asText(row)).sort()).toEqual(truth.map((row) => asText(row)).sort());
    }
  });
});

/** Integers beyond 2^53 have gone through a JSON number here, so they are compared by it. */
function asText(row: TableRecord): string {
  return JSON.stringify(
    Object.entries(row)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  );
}

/** Names and types of a rendered table. */
function columnsOf(sql: readonly string[], table: string): Record<string, string> {
  const create =
    sql.find((one) => new RegExp(`^CREATE TABLE (IF NOT EXISTS )?${table.replaceAll(/[.[\]"]/g, '\\$&')} \\(`).test(one)) ??
    expect.unreachable(`${table} is not set up`);
  const lines = create.slice(create.indexOf('(\n') + 2, create.indexOf('\n)')).split(',\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, type] = /^\s*["[]?([a-z0-9_]+)["\]]? (.+?)( NOT NULL)?$/.exec(line)!;
      return [name, type];
    }),
  );
}

/**
 * COPY with `auto` takes a name's value for the column of that name, drops a name without a column and leaves a column without a name NULL.
 * Refuses a value in a form that the column's type does not take.
 */
function asCopyReads(columns: Readonly<Record<string, string>>, line: Record<string, unknown>): TableRecord {
  expect(Object.keys(line).sort()).toEqual(Object.keys(columns).sort());
  return Object.fromEntries(
    Object.entries(line).map(([name, found]) => {
      const type = columns[name]!;
      // Java writes the smallest number with other digits than we do.
      const digits = rawNumberText(found as never);
      const value = digits === undefined ? found : Number(digits);
      if (value !== null) expect(FORMS[type]?.(value), `${name} ${type}: ${String(value)}`).toBe(true);
      return [name, value as TableRecord[string]];
    }),
  );
}

const isWhole = (value: unknown): boolean => Number.isInteger(value) || typeof value === 'bigint';
const FORMS: Readonly<Record<string, (value: unknown) => boolean>> = {
  'VARCHAR(65535)': (value) => typeof value === 'string' && Buffer.byteLength(value) <= 65_535,
  'VARCHAR(1024)': (value) => typeof value === 'string' && Buffer.byteLength(value) <= 1_024,
  BIGINT: isWhole,
  'DOUBLE PRECISION': (value) => typeof value === 'number' || typeof value === 'bigint',
  BOOLEAN: (value) => typeof value === 'boolean',
  // epochmillisecs
  TIMESTAMPTZ: isWhole,
  DATE: (value) => /^\d{4}-\d\d-\d\d$/.test(String(value)),
  // A string becomes a SUPER string, which the view parses.
  SUPER: (value) => typeof value === 'string',
};
