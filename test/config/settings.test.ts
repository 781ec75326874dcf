import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSettings, parseSettings } from '../../src/config/load.ts';
import { editorSchema } from '../../src/config/json-schema.ts';
import { historySince } from '../../src/config/dates.ts';
import { kafkaSettings } from '../../src/config/settings.ts';
import { TributaryError } from '../../src/core/errors.ts';
import { sampleSource } from './sample-source.ts';

const variables = { SAMPLE_KEY: 'sk_secret_value', KAFKA_PASSWORD: 'hunter22', BROKERS: 'kafka-a.example.com:9092', EMPTY: '' };

function parse(text: string) {
  const secrets: string[] = [];
  const settings = parseSettings(text, 'tributary.yaml', {
    sources: [sampleSource],
    variables,
    onSecret: (secret) => secrets.push(secret),
    readFile: (path) => {
      if (path === '/run/key') return 'sk_from_file\n';
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
  });
  return { settings, secrets };
}

function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(TributaryError);
    expect((error as TributaryError).kind).toBe('config');
    expect((error as TributaryError).remedy).toBeTruthy();
    return (error as TributaryError).message;
  }
  throw new Error('the settings were accepted');
}

const plain = `connections:
  sample:
    settings:
      api_key: \${SAMPLE_KEY}
`;

describe('settings', () => {
  test('the shortest file gives every default', () => {
    const { settings } = parse(plain);
    const [connection] = settings.connections;
    expect(settings).toMatchObject({ prefix: 'tributary', kafka: undefined, metrics: { port: 9464, host: '127.0.0.1' } });
    expect(settings.dataDir).toMatch(/\.tributary$/);
    expect(connection?.settings).toEqual({ api_key: 'sk_secret_value', region: 'us', page_size: 100 });
    expect(connection?.tables.map((table) => table.name)).toEqual(['person', 'visit', 'label']);
    expect(Object.fromEntries(connection?.schedules ?? [])).toEqual({ person: '0 * * * *', visit: '*/5 * * * *', label: '0 * * * *' });
  });

  test('a connection may have another name than its source, tables of its own choice and schedules per table', () => {
    const { settings } = parse(`connections:
  shop_eu:
    source: sample
    settings: { api_key: sk_plain, region: eu }
    exclude: [label]
    schedule: { default: "0 3 * * *", tables: { person: "*/10 * * * *" } }
    start_date: 03/15/2024
`);
    const [connection] = settings.connections;
    expect(connection?.tables.map((table) => table.name)).toEqual(['person', 'visit']);
    expect(Object.fromEntries(connection?.schedules ?? [])).toEqual({ person: '*/10 * * * *', visit: '0 3 * * *' });
    expect(historySince(connection!.history, 0)).toBe(Date.UTC(2024, 2, 15));
  });

  test('history ranges count back from the first run', () => {
    const { settings } = parse(`${plain}    history: 90d\n`);
    expect(historySince(settings.connections[0]!.history, Date.UTC(2024, 3, 1))).toBe(Date.UTC(2024, 0, 2));
    expect(historySince({ range: 'all' }, 5)).toBeUndefined();
  });

  test.each([
    ['an unknown setting', `${plain}metrcs: { port: 1 }\n`, 'line 5: metrcs is not a known setting; did you mean metrics?'],
    [
      'an unknown setting of a source',
      `${plain}      api_kye: x\n`,
      'line 5: connections.sample.settings.api_kye is not a known setting; did you mean api_key?',
    ],
    [
      'an unknown setting in a section',
      `${plain}kafka:\n  brokers: [a:1]\n  broker: x\nregistry: { url: http://r }\n`,
      'line 7: kafka.broker is not a known setting; did you mean brokers?',
    ],
    [
      'a variable that is not set',
      plain.replace('SAMPLE_KEY', 'SAMPLE_KYE'),
      'line 4: connections.sample.settings.api_key the environment variable SAMPLE_KYE is not set',
    ],
    ['an empty variable', plain.replace('SAMPLE_KEY', 'EMPTY'), 'the environment variable EMPTY is not set'],
    ['a file that is not there', plain.replace('SAMPLE_KEY', 'file:/nowhere'), 'the file /nowhere cannot be read (ENOENT)'],
    ['an odd placeholder', plain.replace('SAMPLE_KEY', 'SAMPLE-KEY'), '${SAMPLE-KEY} is not a placeholder'],
    ['a bad cron', `${plain}    schedule: "61 * * * *"\n`, 'line 5: connections.sample.schedule "61 * * * *" is not a cron expression'],
    [
      'a bad cron of one table',
      `${plain}    schedule:\n      tables:\n        visit: hourly\n`,
      'line 7: connections.sample.schedule.tables.visit "hourly" is not a cron expression',
    ],
    [
      'a schedule of an unknown table',
      `${plain}    schedule:\n      tables:\n        vist: "0 * * * *"\n`,
      'no table is called vist; did you mean visit?',
    ],
    ['a wrong type', `${plain}metrics:\n  port: "x"\n`, 'line 6: metrics.port must be a number, not text'],
    [
      'a wrong type in a source',
      `${plain}      page_size: many\n`,
      'line 5: connections.sample.settings.page_size must be a number, not text',
    ],
    ['a number too large', `${plain}      page_size: 500\n`, 'page_size must be at most 100'],
    ['a value out of a choice', `${plain}      region: mars\n`, 'connections.sample.settings.region "mars" must be one of us, eu'],
    [
      'an unknown table',
      `${plain}    tables: [person, visits]\n`,
      'line 5: connections.sample.tables.1 no table is called visits; did you mean visit?',
    ],
    ['tables beside exclude', `${plain}    tables: [person]\n    exclude: [label]\n`, 'cannot be combined with tables'],
    ['history beside start_date', `${plain}    history: 30d\n    start_date: 2024-01-01\n`, 'cannot be combined with history'],
    ['a date that does not exist', `${plain}    start_date: 02/30/2024\n`, '"02/30/2024" is not a date; write MM/DD/YYYY or YYYY-MM-DD'],
    ['an unknown source', 'connections:\n  sampel: {}\n', 'no source is called sampel; did you mean sample?'],
    ['a connection name with a dot', 'connections:\n  "a.b": { source: sample }\n', 'lower-case letters'],
    ['no connections', 'prefix: x\n', 'connections is missing; it must be a section'],
    ['an empty file', '', 'connections is missing'],
    ['a file that is a list', '- a\n', 'must be a section, not a list'],
    ['kafka without registry', `${plain}kafka: { brokers: [a:1] }\n`, 'registry is missing'],
    [
      "an embedded landing beside the user's kafka",
      `${plain}kafka: { brokers: [a:1] }\nregistry: { url: http://r }\nlandings: { postgres: embedded }\n`,
      'cannot be embedded with your own kafka',
    ],
    ['a landing of no known kind', `${plain}landings: { lake: { kind: lakehouse } }\n`, 'line 5: landings.lake'],
    ['bad YAML', 'a: 1\nb: [\n', 'line 3'],
    ['a key twice', `${plain}prefix: a\nprefix: b\n`, 'line 6'],
  ])('%s is refused by name and line', (_, text, expected) => {
    expect(refusal(text)).toContain(expected);
  });

  test('all problems are told at once, in the order of the file', () => {
    const message = refusal(`prefx: a\n${plain}      api_kye: x\n    history: 2y\n`);
    expect(message).toMatch(
      /has 3 problems:\n {2}line 1: prefx .*\n {2}line 6: .*api_kye .*\n {2}line 7: connections\.sample\.history "2y" must be one of/,
    );
  });

  test('a secret that does not fit is not shown', () => {
    const message = refusal('connections:\n  sample:\n    settings:\n      api_key: pk_wrong_but_secret\n');
    expect(message).toContain('connections.sample.settings.api_key must begin with sk_');
    expect(message).not.toContain('wrong_but');
  });

  test('marked fields and inserted values are registered as secrets, addresses are not', () => {
    const { secrets, settings } = parse(`${plain}      note: \${KAFKA_PASSWORD}
kafka:
  brokers: \${BROKERS},kafka-b:9092
  sasl: { mechanism: plain, username: me, password: literal-password }
registry: { url: http://registry:8081 }
`);
    expect(new Set(secrets)).toEqual(new Set(['sk_secret_value', 'hunter22', 'literal-password']));
    expect(kafkaSettings(settings, undefined)).toMatchObject({
      brokers: ['kafka-a.example.com:9092', 'kafka-b:9092'],
      replicationFactor: 3,
      minInSyncReplicas: 2,
      sasl: { mechanism: 'plain', username: 'me', password: 'literal-password' },
    });
  });

  test('secrets are registered even when the file is refused', () => {
    const secrets: string[] = [];
    expect(() =>
      parseSettings(`${plain}nonsense: 1\n`, 'f', {
        sources: [sampleSource],
        variables,
        onSecret: (s) => secrets.push(s),
        readFile: () => '',
      }),
    ).toThrow();
    expect(secrets).toContain('sk_secret_value');
  });

  test('values come from files without their last line end, and $${ is a plain ${', () => {
    const { settings } = parse(plain.replace('${SAMPLE_KEY}', '${file:/run/key}') + '      note: a$${b}\n');
    expect(settings.connections[0]?.settings).toMatchObject({ api_key: 'sk_from_file', note: 'a${b}' });
  });

  test('a .env beside the file fills what is not set, and never overrides', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-settings-'));
    writeFileSync(join(folder, 'tributary.yaml'), `${plain}      note: \${OTHER}\n`);
    writeFileSync(join(folder, '.env'), 'SAMPLE_KEY=sk_from_dotenv\nOTHER=from-dotenv\n');
    const load = (set: Record<string, string>) =>
      loadSettings(join(folder, 'tributary.yaml'), { sources: [sampleSource], variables: set, onSecret: () => undefined });
    expect(load({}).connections[0]?.settings).toMatchObject({ api_key: 'sk_from_dotenv', note: 'from-dotenv' });
    expect(load({ SAMPLE_KEY: 'sk_set' }).connections[0]?.settings).toMatchObject({ api_key: 'sk_set' });
    expect(load({}).dataDir).toBe(join(folder, '.tributary'));
  });

  test('a missing file says how to write one', () => {
    expect(() => loadSettings('/nowhere/tributary.yaml', { sources: [], variables: {}, onSecret: () => undefined })).toThrow(
      /There is no settings file/,
    );
  });

  test('the editor schema holds every source and its settings', () => {
    const schema = editorSchema([sampleSource]);
    expect(schema.properties?.['connections']?.properties?.['sample']?.properties?.['settings']?.properties).toHaveProperty('api_key');
    expect(schema.additionalProperties).toBe(false);
  });
});
