import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../src/config/load.ts';
import { kafkaSettings } from '../../src/config/settings.ts';
import { TributaryError } from '../../src/core/errors.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { sampleSource } from './sample-source.ts';

/* What a settings file may hold that is well-formed and still wrong: told with its line and what to do, never taken, never thrown. */

const now = Date.UTC(2026, 5, 1);
const clashing = {
  ...sampleSource,
  name: 'sample_x',
  tables: () => sampleSource.tables({ api_key: 'sk_x', region: 'us' } as never).map((table) => ({ ...table, name: `x_${table.name}` })),
};
const deep = { ...sampleSource, name: 'other' };

function parse(text: string, variables: Record<string, string> = {}) {
  const secrets: string[] = [];
  const settings = parseSettings(text, 'tributary.yaml', {
    sources: [sampleSource, clashing, deep],
    variables,
    now: () => now,
    onSecret: (secret) => secrets.push(secret),
    readFile: () => '',
  });
  return { settings, secrets };
}

function refusal(text: string, variables: Record<string, string> = {}): string {
  try {
    parse(text, variables);
  } catch (error) {
    expect(error, String((error as Error).stack)).toBeInstanceOf(TributaryError);
    expect(error).toMatchObject({ kind: 'config' });
    expect((error as TributaryError).remedy).toBeTruthy();
    return (error as TributaryError).message;
  }
  throw new Error('the settings were accepted');
}

const plain = 'connections:\n  sample:\n    settings: { api_key: sk_x }\n';
const kafka = (brokers: string, more = '') => `${plain}kafka: { brokers: ${brokers}${more} }\nregistry: { url: "http://registry:8081" }\n`;
const landing = (fields: string) => `${plain}landings:\n  wh: { ${fields} }\n`;
const postgres = 'kind: postgres, host: db, database: d, password_ref: "env:PW"';

describe('the form of the file', () => {
  test.each([
    [
      'aliases that grow',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d]\n${plain}`,
      /line 5: its aliases .* too large/,
    ],
    ['an alias of itself', `${plain}landings: &a\n  x: *a\n`, /line 5: \*a is inside the section that it repeats/],
    ['an alias without an anchor', `${plain}landings: *nowhere\n`, /line 4: /],
    ['__proto__', `${plain}__proto__: { prefix: x }\n`, /line 4: __proto__ cannot be the name of a setting/],
    ['__proto__ deeper', 'connections:\n  sample:\n    settings:\n      __proto__: { api_key: sk_x }\n', /line 4: __proto__/],
    ['constructor', `${plain}constructor: 1\n`, /line 4: constructor is not a known setting/],
    ['an unknown tag', `${plain}prefix: !secret abc\n`, /line 4: Unresolved tag: !secret/],
    ['a tag that runs code elsewhere', `${plain}prefix: !!js/function "function () {}"\n`, /line 4: Unresolved tag/],
    ['merge keys', `x: &x { a: 1 }\n${plain}metrics:\n  <<: *x\n`, /line 6: merge keys \(<<\) are not supported/],
    ['a list as a name', `${plain}? [a, b]\n: 1\n`, /line 4: a setting's name must be plain text/],
    ['a name twice', `${plain}prefix: a\nprefix: b\n`, /line 5: prefix stands twice in one section \(before in line 4\)/],
    [
      'a name twice, deeper',
      `${plain}prefix: a\nweb: { enabled: true }\nmetrics:\n  "port": 1\n  host: a\n  port: 2\n`,
      /line 9: port stands twice in one section \(before in line 7\)/,
    ],
    ['brackets without end', `${plain}x: ${'['.repeat(150)}${']'.repeat(150)}\n`, /line 4: sections are nested more than 100 levels/],
    ['two documents', `${plain}---\nprefix: x\n`, /line 4: /],
    ['a list instead of sections', '- a\n- b\n', /the file must be a section, not a list/],
  ])('%s', (_, text, message) => expect(refusal(text)).toMatch(message));

  test('an alias that repeats a section once or twice is fine', () => {
    expect(parse(`connections:\n  one: &c { source: sample, settings: { api_key: sk_x } }\n  two: *c\n`).settings.connections).toHaveLength(
      2,
    );
  });
});

test('of a name that stands twice, one is to be kept', () => {
  expect(() => parse(`${plain}prefix: a\nprefix: b\n`)).toThrow(expect.objectContaining({ remedy: 'Keep one of the two.' }));
});

describe('single values', () => {
  test.each([
    [
      'a text for a list of tables',
      `${plain}    tables: person\n`,
      /line 4: .*tables must be a list or a section, not text; write \[person\]$/,
    ],
    ['a text for tables left out', `${plain}    exclude: person\n`, /line 4: .*exclude must be a list, not text; write \[person\]$/],
    ['names after commas', `${plain}    exclude: person, label\n`, /line 4: .*; write \[person, label\]$/],
    ['a text that needs quotes in a list', `${plain}    exclude: "two words"\n`, /line 4: .*; write \["two words"\]$/],
    ['a number for a list of texts', `${plain}    exclude: 7\n`, /line 4: .*exclude must be a list, not a number; write \["7"\]$/],
    ['a section for a list', `${plain}    exclude: { person: }\n`, /line 4: .*exclude must be a list, not a section$/],
    ['a connection without anything', 'connections:\n  sample:\n', /line 2: connections\.sample is empty; it must be a section$/],
    [
      'a token without its address',
      kafka('"a:9092"', ', sasl: { mechanism: oauthbearer, client_id: a, client_secret: b }'),
      /line 4: .*token_url is missing; it must be an http:\/\/ or https:\/\/ address$/,
    ],
    [
      'a registry without its address',
      kafka('"a:9092"').replace('url: "http://registry:8081"', ''),
      /line 5: registry\.url is missing; it must be an http:\/\/ or https:\/\/ address$/,
    ],
    [
      'a webhook without its address',
      `${plain}notify: { url: }\n`,
      /line 4: notify\.url is empty; it must be an http:\/\/ or https:\/\/ address$/,
    ],
    [
      'a number for an address',
      kafka('"a:9092"').replace('"http://registry:8081"', '3'),
      /line 5: registry\.url must be an http:\/\/ or https:\/\/ address, not a number$/,
    ],
    ['cron with seconds', `${plain}    schedule: "*/5 * * * * *"\n`, /line 4: .*schedule .*five fields.*no seconds/],
    ['cron with seconds for a table', `${plain}    schedule: { tables: { person: "0 0 * * * *" } }\n`, /line 4: .*schedule.*five fields/],
    ['a start in the future', `${plain}    start_date: 06/02/2026\n`, /line 4: .*start_date 06\/02\/2026 is in the future/],
    ['a start on no day', `${plain}    start_date: 2026-02-31T00:00Z\n`, /line 4: .*is not a date/],
    [
      'an unclosed placeholder',
      'connections:\n  sample:\n    settings: { api_key: "sk_${KEY" }\n',
      /line 3: .*api_key holds \$\{ without the closing \}/,
    ],
    ['an unclosed placeholder in another place', `${plain}prefix: "\${P"\n`, /line 4: prefix holds \$\{ without/],
    ['a key of two lines', 'connections:\n  sample:\n    settings: { api_key: "${KEY}" }\n', /line 3: .*api_key holds a line break/],
    [
      'a key above 4 KB',
      `connections:\n  sample:\n    settings: { api_key: "sk_${'x'.repeat(4_100)}" }\n`,
      /line 3: .*api_key is longer than 4096 bytes/,
    ],
    ['a broker without a port', kafka('[broker]'), /line 4: kafka.brokers.0 "broker" must be host:port/],
    ['a broker as an address', kafka('"kafka://broker:9092"'), /line 4: kafka.brokers.*must be host:port/],
    ['a broker with a port that is none', kafka('"broker:99999"'), /line 4: .*must be host:port/],
    ['a broker list with a space in it', kafka('"a:9092 b:9092"'), /line 4: .*must be host:port/],
    ['no broker at all', kafka('","'), /line 4: kafka.brokers must not be empty/],
    ['a broker with a login', kafka('"me:pw@broker:9092"'), /line 4: .*must be host:port/],
    [
      'a registry password without a user',
      `${kafka('"a:9092"').replace('8081" }', '8081", password: pw }')}`,
      /line 5: registry.username is missing/,
    ],
    [
      'a login in an address',
      kafka('"a:9092"').replace('http://registry', 'http://me:hunter2@registry'),
      /line 5: registry.url holds a user name or password/,
    ],
    [
      "a login in a landing's address",
      landing(`${postgres}, connect_url: "http://me:hunter2@connect:8083"`),
      /line 5: landings.wh.connect_url holds a user name/,
    ],
    ['an address with a query', kafka('"a:9092"').replace('8081', '8081/?token=1'), /line 5: registry.url must end with its path/],
    ['an address that goes up', kafka('"a:9092"').replace('8081', '8081/x/../../y'), /line 5: registry.url must not go up/],
    ['.. in the prefix', `${plain}prefix: "../x"\n`, /line 4: prefix .*lower-case/],
    ['.. in a connection', 'connections:\n  "../x": { source: sample, settings: { api_key: sk_x } }\n', /line 2: .*lower-case/],
    ['.. in a landing', `${plain}landings:\n  "../x": { ${postgres} }\n`, /line 5: .*landing's name/],
    ['.. in a host', landing(postgres.replace('host: db', 'host: "../db"')), /landings.wh.host "..\/db" must be a host name/],
    [
      '.. in an account',
      landing('kind: snowflake, account: "../../evil", private_key_ref: "env:K"'),
      /landings.wh.account .*account identifier/,
    ],
    [
      '.. in a bucket folder',
      landing('kind: s3, bucket: bucket, region: eu-west-1, prefix: "a/../b", access_key_ref: "env:A", secret_key_ref: "env:B"'),
      /landings.wh.prefix/,
    ],
    ['metrics with the port in the host', `${plain}metrics: { host: "localhost:9464" }\n`, /line 4: metrics.host .*without scheme or port/],
    [
      'cleanup.policy',
      kafka('"a:9092"', ', topic_config: { cleanup.policy: delete }'),
      /line 4: kafka.topic_config.cleanup.policy cannot be set/,
    ],
    ['partitions of no number', kafka('"a:9092"', ', partitions: 0'), /line 4: kafka.partitions must be at least 1/],
    [
      'partitions of a table that is none',
      `${plain}    partitions: { persn: 3 }\n`,
      /line 4: .*partitions.persn no table is called persn; did you mean person/,
    ],
  ])('%s', (_, text, message) => {
    const said = refusal(text, { KEY: 'sk_one\nsk_two' });
    expect(said).toMatch(message);
    expect(said).not.toMatch(/hunter2|sk_one|xxxxxxxxxx/);
  });

  test.each(['"[::1]:9092"', '[a.example.com:9092, 10.0.0.1:9093]', '"a_b-c:9092,d:1"'])('the brokers %s are fine', (brokers) => {
    expect(parse(kafka(brokers)).settings.kafka?.brokers.length).toBeGreaterThan(0);
  });
});

describe('a landing', () => {
  test.each([
    ['no kind', 'host: db', /line 5: landings.wh.kind is missing; it must be one of postgres, redshift, s3, bigquery, synapse, snowflake/],
    ['an unknown kind', 'kind: mysql, host: db', /line 5: landings.wh.kind "mysql" must be one of postgres, /],
    ['a missing field', 'kind: postgres, database: d, password_ref: "env:PW"', /line 5: landings.wh.host is missing; it must be text/],
    ['a wrong field', `${postgres}, port: nine`, /line 5: landings.wh.port must be .*number, not text/],
    ['an unknown field', `${postgres}, hots: db`, /line 5: landings.wh.hots is not a known setting; did you mean host/],
  ])('with %s names the field', (_, fields, message) => {
    const said = refusal(landing(fields));
    expect(said).toMatch(message);
    expect(said).not.toContain('embedded');
  });

  test('another word than embedded is told as such', () => {
    expect(refusal(`${plain}landings: { postgres: embeded }\n`)).toMatch(/line 4: landings.postgres "embeded" must be one of embedded/);
  });

  test.each([
    ['password_ref', postgres.replace('env:PW', 'S3cr3t-p4ssw0rd')],
    ['registry_credentials_ref', `${postgres}, registry_credentials_ref: S3cr3t-p4ssw0rd`],
    ['secret_key_ref', 'kind: s3, bucket: bucket, region: eu-west-1, access_key_ref: "env:A", secret_key_ref: S3cr3t-p4ssw0rd'],
    ['private_key_ref', 'kind: snowflake, account: a, private_key_ref: S3cr3t-p4ssw0rd'],
  ])('a secret typed into %s is refused without being shown, and is a secret from then on', (field, fields) => {
    const secrets: string[] = [];
    let message = '';
    try {
      parseSettings(landing(fields), 'tributary.yaml', {
        sources: [sampleSource],
        variables: {},
        onSecret: (secret) => secrets.push(secret),
        readFile: () => '',
      });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(`landings.wh.${field} must be a reference for Connect`);
    expect(message).not.toContain('S3cr3t');
    const redactor = createRedactor();
    for (const secret of secrets) redactor.add(secret);
    expect(redactor.redact('it is S3cr3t-p4ssw0rd')).not.toContain('S3cr3t');
  });

  test('a reference that is one stays readable', () => {
    expect(parse(landing(postgres)).secrets).not.toContain('env:PW');
  });
});

describe('topics', () => {
  test('connections whose topics differ only by . and _ are refused with both names', () => {
    const text =
      'connections:\n  sample: { settings: { api_key: sk_x }, tables: [person] }\n  sample_x: { source: sample, settings: { api_key: sk_x } }\n';
    expect(parse(text).settings.connections).toHaveLength(2);
    const two =
      'connections:\n  a_x: { source: other, settings: { api_key: sk_x }, tables: [person] }\n  a: { source: sample_x, settings: { api_key: sk_x } }\n';
    expect(refusal(two)).toMatch(
      /line 3: connections.a has topics that differ from others only by \. and _.*tributary\.a\.x_person and tributary\.a_x\.person/,
    );
  });

  test('a topic name that Kafka would not take is refused', () => {
    expect(refusal(`${plain}prefix: ${'p'.repeat(245)}\n`)).toMatch(
      /line 2: connections.sample makes a topic name of 2\d\d characters .*Kafka accepts 249/,
    );
    expect(parse(`${plain}prefix: ${'p'.repeat(200)}\n`).settings.prefix).toHaveLength(200);
  });

  test('partitions are taken from the table, then from kafka', () => {
    const { settings } = parse(`${kafka('"a:9092"', ', partitions: 6')}`.replace('settings:', 'partitions: { visit: 12 }\n    settings:'));
    expect(settings.connections[0]?.partitions?.get('visit')).toBe(12);
    expect(settings.connections[0]?.partitions?.get('person')).toBeUndefined();
    expect(kafkaSettings(settings, undefined).partitions).toBe(6);
  });
});

describe('landings beside each other', () => {
  const two = (first: string, second: string): string => `${plain}landings:\n  ${first}\n  ${second}\n`;
  const s3 = 'kind: s3, bucket: bucket, region: eu-west-1, access_key_ref: "env:A", secret_key_ref: "env:B"';
  const redshift = postgres.replace('postgres', 'redshift');
  test.each([
    [
      'the same schema',
      two(`wh: { ${postgres} }`, `more: { ${postgres}, user: other }`),
      'would write the same tables of sample as landings.wh',
    ],
    ['a host in other letters', two(`wh: { ${postgres} }`, `more: { ${postgres.replace('db', 'DB')} }`), 'give it another schema'],
    ['a schema in other letters', two(`wh: { ${redshift} }`, `more: { ${redshift}, schema: Tributary }`), 'give it another schema'],
    ['the same folder', two(`lake: { ${s3} }`, `more: { ${s3}, tasks: 2 }`), 'give it another prefix or other connections'],
    [
      'a connector of one name',
      two(`wh: { ${postgres}, connectors: per_table }`, `wh-sample: { ${postgres}, schema: b, connections: [person] }`).replace(
        'connections:\n',
        'connections:\n  person: { source: sample, settings: { api_key: sk_y } }\n',
      ),
      'would both have a connector wh-sample-person',
    ],
    [
      'a name that Kubernetes takes for the same',
      two(`w_h: { ${postgres}, strimzi: { cluster: c } }`, `w-h: { ${postgres}, schema: b, strimzi: { cluster: c } }`),
      'would both have a connector w-h-sample',
    ],
  ])('are refused for %s', (_, text, part) => {
    expect(refusal(text)).toContain(part);
  });

  test.each([
    ['schemas of their own', two(`wh: { ${postgres} }`, `more: { ${postgres}, schema: more }`)],
    [
      'databases in other letters, which PostgreSQL keeps apart',
      two(`wh: { ${postgres} }`, `more: { ${postgres.replace('database: d', 'database: D')} }`),
    ],
    ['files and the warehouse that loads them', two(`lake: { ${s3} }`, `wh: { ${redshift}, copy: { bucket: bucket, iam_role: default } }`)],
  ])('are taken with %s', (_, text) => {
    expect(Object.keys(parse(text).settings.landings)).toHaveLength(2);
  });
});

test.each([
  ['catalog: rest, uri: "https://c/?access_token=hunter2", warehouse: "s3://b/x"', 'uri'],
  ['catalog: jdbc, uri: "jdbc:postgresql://h/d?user=a&password=hunter2", warehouse: "s3://b/x"', 'uri'],
  ['catalog: jdbc, uri: "jdbc:postgresql://me:hunter2@h/d", warehouse: "s3://b/x"', 'uri'],
  ['catalog: rest, uri: "https://c", warehouse: "s3://key:hunter2@b/x"', 'warehouse'],
])('an address with a login in it is refused, and not repeated: %s', (fields, field) => {
  const message = refusal(landing(`kind: iceberg, ${fields}`));
  expect(message).toContain(`landings.wh.${field} must be `);
  expect(message).not.toContain('hunter2');
});
