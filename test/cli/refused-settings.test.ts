import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { writeInside } from '../../src/cli/write-inside.ts';
import { serve } from '../sdk/server.ts';
import { startCommand, type Ended } from '../support/command.ts';

/* What a user who got a setting wrong sees of the whole command: the line, what to do, exit code 2, and nothing was written. */

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'tributary-refused-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function command(text: string, ...args: string[]): Promise<Ended> {
  writeFileSync(join(folder, 'tributary.yaml'), text);
  return startCommand({ sources, cwd: folder, variables: { TWO_LINES: 'pk_one\npk_two' } }, args).ended;
}

const plain = 'connections:\n  klaviyo:\n    settings: { api_key: pk_x }\n';
const of = (lines: string): string => plain + lines.replace(/^/gm, '    ');
const kafka = (fields: string, registry = 'url: "http://registry:8081"'): string =>
  `${plain}kafka: { brokers: ["a:9092"], ${fields} }\nregistry: { ${registry} }\n`;
const landing = (fields: string): string => `${plain}landings:\n  wh: { ${fields} }\n`;
const postgres = 'kind: postgres, host: db, database: d, password_ref: "env:PW"';
const pem = (name: string): string => JSON.stringify(readFileSync(new URL(`../support/tls/${name}`, import.meta.url), 'utf8'));
const oauth = 'mechanism: oauthbearer, token_url: "https://i.test/t", client_id: i, client_secret: s';
const rows = (letter: string, of: string): string => `${letter}: &${letter} [${Array(10).fill(of).join(',')}]\n`;

const REFUSED: Readonly<Record<string, readonly (readonly [what: string, text: string, says: RegExp])[]>> = {
  'the form of the file': [
    [
      'anchors that expand',
      `${rows('a', 'x')}${rows('b', '*a')}${rows('c', '*b')}${rows('d', '*c')}${rows('e', '*d')}${plain}`,
      /line 5: its aliases/,
    ],
    ['an anchor in itself', `${plain}landings: &a\n  x: *a\n`, /line 5: \*a is inside/],
    ['__proto__', `${plain}__proto__: { prefix: x }\n`, /line 4: __proto__/],
    ['an unknown tag', `${plain}prefix: !secret abc\n`, /line 4: Unresolved tag/],
    ['no YAML', `${plain}prefix: [\n`, /line 5|line 4/],
  ],
  'single values': [
    ['cron with seconds', of('schedule: "*/5 * * * * *"\n'), /line 4: .*five fields/],
    ['a start in the future', of('start_date: 01/01/2200\n'), /line 4: .*in the future/],
    ['an unclosed ${', plain.replace('pk_x', '"pk_${KEY"'), /line 3: .*without .*\}/],
    ['a key with a line break', plain.replace('pk_x', '"${TWO_LINES}"'), /line 3: .*line break/],
    ['a key of more than 4 KB', plain.replace('pk_x', 'k'.repeat(4_200)), /line 3: .*longer than 4096 bytes/],
    ['a broker without a port', kafka('').replace('a:9092', 'broker'), /line 4: .*host:port/],
    ['a broker as a URL', kafka('').replace('a:9092', 'kafka://a:9092'), /line 4: .*host:port/],
    ['a topic name of more than 249 characters', `${plain}prefix: ${'p'.repeat(245)}\n`, /line \d: .*249/],
    ['a registry password without a user', kafka('', 'url: "http://r:1", password: p'), /line 5: registry.username is missing/],
    ['a login in an address', kafka('', 'url: "http://me:hunter2@r:1"'), /line 5: .*user name or password/],
    ['../ in the prefix', `${plain}prefix: "../x"\n`, /line 4: prefix/],
    ['../ in a connection', 'connections:\n  "../x": { source: klaviyo, settings: { api_key: pk_x } }\n', /line 2: /],
    ['../ in a landing', `${plain}landings:\n  "../x": { ${postgres} }\n`, /line 5: /],
    ['../ in a host', landing(postgres.replace('host: db', 'host: "../db"')), /line 5: .*host name/],
    [
      '../ in a domain',
      'connections:\n  customer_io:\n    settings: { access_token: t, esp_domains: ["../x"] }\n',
      /line 3: .*esp_domains/,
    ],
    [
      '../ in the place of files',
      'connections:\n  klaviyo:\n    settings: { api_key: pk_x, base_url: "https://a.test/../../x" }\n',
      /line 3: .*base_url/,
    ],
    [
      'a secret where a reference belongs',
      landing(postgres.replace('env:PW', 'S3cr3t-p4ss')),
      /line 5: .*password_ref must be a reference/,
    ],
  ],
  landings: [
    ['no kind', landing('host: db'), /line 5: landings.wh.kind is missing/],
    ['a field that is wrong', landing(`${postgres}, port: nine`), /line 5: landings.wh.port/],
    ['an unknown field', landing(`${postgres}, hots: db`), /line 5: landings.wh.hots .*did you mean host/],
    ['an unknown kind', landing('kind: mysql, host: db'), /line 5: landings.wh.kind "mysql"/],
    ['nothing', `${plain}landings: { wh: ~ }\n`, /line 4: landings.wh is empty; it must be embedded or a section/],
    [
      'a field of another kind',
      landing(`${postgres}, keyfile: /a.json`),
      /line 5: landings.wh.keyfile is not a known setting of kind postgres; known are/,
    ],
    [
      'a certificate for a plain address',
      landing(`${postgres}, connect_url: "http://c:1", connect_tls: { ca: ${pem('ca.pem')} }`),
      /connect_tls has no effect/,
    ],
  ],
  columns: [
    ['an unknown column', of('columns: { profile: { drop: [emial] } }\n'), /line 4: .*emial/],
    ['an unknown table', of('columns: { profiles: { drop: [email] } }\n'), /line 4: .*did you mean profile/],
    ['hashes without a secret', of('columns: { profile: { hash: [email] } }\n'), /line 4: .*hash_secret/],
    [
      'a short secret',
      `hash_secret: short\n${of('columns: { profile: { hash: [email] } }\n')}`,
      /line 1: hash_secret must have at least 16/,
    ],
    ['a column covered twice', of('columns: { profile: { drop: [email], mask: [email] } }\n'), /line 4: .*email/],
    ['the key left out', of('columns: { profile: { drop: [id] } }\n'), /line 4: .*id/],
    ['an empty list', of('columns: { profile: { mask: [] } }\n'), /line 4: .*mask/],
    ['a name of every object', of('columns: { profile: { drop: [constructor] } }\n'), /line 4: .*no column constructor/],
    ['another treatment', of('columns: { profile: { remove: [email] } }\n'), /line 4: .*remove .*known are drop, hash, mask/],
    ['a column and a value in it', of('columns: { profile: { drop: [properties, properties.a] } }\n'), /line 4: .*inside properties/],
    [
      'a value and one below it',
      `hash_secret: 0123456789abcdef\n${of('columns: { profile: { hash: [properties.a], mask: [properties.a.b] } }\n')}`,
      /line 5: .*properties.a.b is inside properties.a, which hash covers/,
    ],
    ['a dot at the end', of('columns: { profile: { drop: ["properties."] } }\n'), /line 4: .*empty name between two dots/],
    ['a text for a list', of('columns: { profile: { drop: email } }\n'), /line 4: .*must be a list, not text/],
    ['a blank secret', `hash_secret: "${' '.repeat(20)}"\n${plain}`, /line 1: hash_secret is blank/],
    ['a secret that is a number', `hash_secret: 1234567890123456\n${plain}`, /line 1: hash_secret must be text, not a number/],
  ],
  'single tables': [
    ['an unknown range', of('tables: { event: { history: 2y } }\n'), /line 4: .*30d, 90d, 1y, all/],
    ['a history of what has none', of('tables: { metric: { history: 1y } }\n'), /line 4: .*metric/],
    ['a schedule with seconds', of('tables: { event: { schedule: "0 0 3 * * *" } }\n'), /line 4: .*five fields/],
    ['partitions said twice', of('tables: { event: { partitions: 3 } }\npartitions: { event: 4 }\n'), /line 4: .*partitions/],
    ['no partitions', of('partitions: { event: 0 }\n'), /line 4: .*at least 1/],
    [
      'a history and a start',
      of('tables: { event: { history: 1y, start_date: 01/01/2024 } }\n'),
      /line 4: .*cannot be combined with history/,
    ],
    ['a start in the future', of('tables: { event: { start_date: 01/01/2200 } }\n'), /line 4: .*tables.event.start_date .*in the future/],
    ['a history alone', of('tables: { event: 1y }\n'), /line 4: .*tables.event must be a section, not text/],
    ['nothing for a table', of('tables: { event: ~ }\n'), /line 4: .*tables.event is empty/],
    ['no table', of('tables: []\n'), /line 4: .*tables must not be empty/],
    ['the name of every object', of('tables: { toString: { history: 1y } }\n'), /line 4: .*no table is called toString/],
    ['half a partition', of('partitions: { event: 1.5 }\n'), /line 4: .*must be a whole number, not 1\.5/],
    ['a day that never comes', of('schedule: "0 0 31 2 *"\n'), /line 4: .*five fields/],
    ['a macro', of('schedule: "@daily"\n'), /line 4: .*five fields/],
    ['a year nobody has', of('start_date: 0000-01-01\n'), /line 4: .*is not a date/],
    ['an offset for a zone', `${plain}timezone: "+02:00"\n`, /line 4: timezone .*IANA/],
    ['a number for a zone', `${plain}timezone: 2\n`, /line 4: timezone must be text, not a number/],
    ['an unknown time zone', `${plain}timezone: Mars/Olympus\n`, /line 4: timezone .*IANA/],
  ],
  messages: [
    ['no address', `${plain}notify: {}\n`, /line 4: notify.url is missing/],
    ['no web address', `${plain}notify: { url: "ftp://x.test" }\n`, /line 4: notify.url must be an http/],
    ['an unknown form', `${plain}notify: { url: "https://x.test", form: teams }\n`, /line 4: notify.form "teams"/],
    ['an unknown event', `${plain}notify: { url: "https://x.test", events: [fail] }\n`, /line 4: notify.events/],
    ['no host', `${plain}notify: { url: "https://" }\n`, /line 4: notify.url must be an http:\/\/ or https:\/\/ address/],
    ['a login', `${plain}notify: { url: "https://me:hunter2@x.test/h" }\n`, /line 4: notify.url holds a user name or password/],
    ['the address alone', `${plain}notify: "https://x.test/h"\n`, /line 4: notify must be a section, not text/],
    ['no event', `${plain}notify: { url: "https://x.test/h", events: [] }\n`, /line 4: notify.events must not be empty/],
    ['a channel', `${plain}notify: { url: "https://x.test/h", channel: "#a" }\n`, /line 4: notify.channel .*known are events, form, url/],
  ],
  'topic names': [
    ['no prefix', `topics: { name: "{connection}.{table}" }\n${plain}`, /line 1: topics.name .*lacks \{prefix\}/],
    ['a table twice', `topics: { name: "{prefix}.{connection}.{table}.{table}" }\n${plain}`, /line 1: .*\{table\} twice/],
    ['an unknown part', `topics: { name: "{prefix}.{source}.{table}" }\n${plain}`, /line 1: .*has \{source\}/],
    ['nothing between two parts', `topics: { name: "{prefix}{connection}.{table}" }\n${plain}`, /line 1: .*no "\." or "-" between/],
    ['a letter Kafka refuses', `topics: { name: "{prefix}.{connection}.{table}.ü" }\n${plain}`, /line 1: .*the character "ü"/],
    ['a name of ours', of('topics: { name: "{prefix}._{table}" }\n'), /line 4: .*reserved/],
    ['a name that is too long', `topics: { name: "{prefix}.{connection}.{table}.${'x'.repeat(240)}" }\n${plain}`, /line 3: .*249/],
  ],
  'sources of your own': [
    ['a list', `${plain}sources: [./a.ts]\n`, /line 4: sources must be a section, not a list/],
    ['no such file', `${plain}sources: { acme: ./nope.ts }\n`, /line 4: .*there is no file/],
    ['a folder', `${plain}sources: { acme: . }\n`, /line 4: .*is not a module/],
    ['the name of one of ours', `${plain}sources: { klaviyo: ./a.ts }\n`, /line 4: .*the name of a source that comes with/],
    ['no path', `${plain}sources: { acme: "" }\n`, /line 4: sources.acme must not be empty/],
  ],
  keys: [
    ['a letter no header carries', plain.replace('pk_x', 'pk_ü'), /line 3: .*api_key has a character that no key has/],
    ['blanks', plain.replace('pk_x', '" "'), /line 3: .*api_key is blank/],
    ['a number', plain.replace('pk_x', '7'), /line 3: .*api_key must be text, not a number/],
    ['a file for an address', plain.replace('pk_x', 'pk_x, base_url: "file:///etc/passwd"'), /line 3: .*base_url .*must be an http:/],
  ],
  'Kafka and the registry': [
    ['an unknown mechanism', kafka('sasl: { mechanism: gssapi }'), /line 4: kafka.sasl.mechanism/],
    [
      'a token endpoint that is no address',
      kafka('sasl: { mechanism: oauthbearer, token_url: idp, client_id: i, client_secret: s }'),
      /line 4: kafka.sasl.token_url/,
    ],
    ['no client', kafka('sasl: { mechanism: oauthbearer, token_url: "https://i.test/t" }'), /line 4: kafka.sasl.client_/],
    [
      'a password where a token goes',
      kafka('sasl: { mechanism: oauthbearer, token_url: "https://i.test/t", client_id: i, client_secret: s, password: p }'),
      /line 4: kafka.sasl.password is not a known setting of mechanism oauthbearer; known are mechanism, token_url, client_id, client_secret/,
    ],
    [
      'a log-in of AWS without TLS',
      kafka('sasl: { mechanism: aws-iam, region: eu-west-1 }'),
      /line 4: kafka.sasl.mechanism aws-iam needs TLS: .*set kafka.tls: true/,
    ],
    ['a region that is none', kafka('sasl: { mechanism: aws-iam, region: Ireland }'), /line 4: kafka.sasl.region .*AWS region/],
    [
      'a role that is none',
      kafka('sasl: { mechanism: aws-iam, region: eu-west-1, role: admin }'),
      /line 4: kafka.sasl.role .*must be the ARN/,
    ],
    [
      'a region beside a token',
      kafka(`sasl: { ${oauth}, region: eu-west-1 }`),
      /line 4: kafka.sasl.region is not a known setting of mechanism/,
    ],
    [
      'a user of AWS',
      kafka('sasl: { mechanism: aws-iam, region: eu-west-1, username: u }'),
      /line 4: .*aws-iam; known are mechanism, region, role/,
    ],
    ['a word with a slip', kafka(`sasl: { ${oauth.replace('client_secret', 'client_secrt')} }`), /line 4: .*did you mean client_secret/],
    ['an extension that is the token', kafka(`sasl: { ${oauth}, extensions: { auth: x } }`), /line 4: .*extensions.auth is not a name/],
    [
      'a login in the token endpoint',
      kafka(`sasl: { ${oauth.replace('i.test', 'me:hunter2@i.test')} }`),
      /line 4: .*token_url holds a user/,
    ],
    [
      'a certificate that is none',
      kafka('tls: { ca: "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----" }'),
      /line 4: .*ca holds a/,
    ],
    [
      'a key where the certificate goes',
      kafka(`tls: { cert: ${pem('client.key.pem')}, key: ${pem('client.pem')} }`),
      /line 4: .*tls.cert holds no/,
    ],
    [
      "another certificate's key",
      kafka(`tls: { cert: ${pem('client.pem')}, key: ${pem('server.key.pem')} }`),
      /line 4: .*tls.key is not the key of/,
    ],
    ['TLS for a plain address', kafka('', `url: "http://r:1", tls: { ca: ${pem('ca.pem')} }`), /line 5: registry.tls has no effect/],
    [
      'a token beside a password',
      kafka('', 'url: "https://r:1", password: p, token: t'),
      /line 5: registry.token cannot be combined with password/,
    ],
    ['a setting of a topic that is empty', kafka('topic_config: { retention.ms: ~ }'), /line 4: .*retention.ms is empty/],
    ['a login without a user', kafka('sasl: { mechanism: plain, password: p }'), /line 4: kafka.sasl.username is missing/],
    ['a certificate that is a path', kafka('tls: { ca: "/etc/ca.pem" }'), /line 4: kafka.tls.ca .*must be PEM/],
    ['a key without its certificate', kafka('tls: { key: "-----BEGIN PRIVATE KEY-----" }'), /line 4: kafka.tls/],
    [
      'a certificate of the registry that is a path',
      kafka('', 'url: "https://r:1", tls: { ca: ca.pem }'),
      /line 5: registry.tls.ca .*must be PEM/,
    ],
    ['token and password', kafka('', 'url: "https://r:1", username: u, password: p, token: t'), /line 5: registry/],
    ['partitions of no number', kafka('partitions: many'), /line 4: kafka.partitions/],
    ['a policy that is ours', kafka('topic_config: { cleanup.policy: delete }'), /line 4: .*cleanup.policy cannot be/],
    ['Kafka without a registry', `${plain}kafka: { brokers: ["a:9092"] }\n`, /registry/],
  ],
};

describe.each(Object.entries(REFUSED))('%s', (_, cases) => {
  test.each(cases)('%s is refused with line, remedy and exit code 2', async (_what, text, says) => {
    const { code, out, err } = await command(text, 'check');
    expect(err).toMatch(says);
    expect([code, out]).toEqual([2, '']);
    // What happened, where, and what to do: two lines at least, and none of them is a stack trace or a secret.
    expect(err.trim().split('\n').length).toBeGreaterThan(1);
    expect(err).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    expect(err).not.toMatch(/hunter2|S3cr3t|pk_one|kkkkkkkkkk/);
  });
});

test.each(['run', 'sync', 'status', 'landing render wh'])('%s refuses one of each kind as check does', async (args) => {
  for (const [what, text] of Object.values(REFUSED).map(([first]) => first!)) {
    const { err: expected } = await command(text, 'check');
    const { code, out, err } = await command(text, ...args.split(' '));
    expect([what, code, out, err]).toEqual([what, 2, '', expected]);
  }
});

test('a page that everybody could open is told by check, as run refuses to serve it', async () => {
  const vendor = await serve((_request, response) => void response.writeHead(401, { 'content-type': 'application/json' }).end('{}'));
  const { code, out } = await command(`${plain.replace('pk_x', `pk_x, base_url: "${vendor.url}"`)}metrics: { host: 0.0.0.0 }\n`, 'check');
  expect(code).toBe(2);
  expect(out).toMatch(/FAIL +page: The data-sync page would be open to everybody who can reach 0\.0\.0\.0\.\n +Set web\.token/);
});

test.each([
  ['sync', '--once'],
  ['run'],
  ['status'],
  ['discover'],
  ['verify', 'klaviyo.metric'],
  ['pause', 'klaviyo'],
  ['trigger', 'klaviyo'],
  ['backfill', 'klaviyo.event'],
  ['deletes', 'allow', 'klaviyo.profile'],
  ['state', 'show', 'klaviyo.event'],
  ['dead-letters', 'list', 'klaviyo.event'],
  ['peek', 'klaviyo.event'],
  ['runs'],
  ['landing', 'render', 'wh'],
  ['landing', 'check', 'wh'],
  ['landing', 'apply', 'wh'],
  ['notify', 'test'],
])('no command does anything with such a file: %s %s', async (...args) => {
  const { code, out, err } = await command(of('schedule: "*/5 * * * * *"\n'), ...args.filter((one) => one !== undefined));
  expect(err).toMatch(/line 4: .*five fields/);
  expect([code, out]).toEqual([2, '']);
});

describe('files that something of the settings names', () => {
  test.each(['../out.sql', 'a/../../out.sql', '/tmp/out.sql', '..', '.', ''])('%s does not leave the folder', (path) => {
    const inside = join(folder, 'inside');
    mkdirSync(inside, { recursive: true });
    expect(() => writeInside(inside, path, 'x')).toThrow(/would be written outside of/);
  });

  test('neither does a link, be it a folder on the way or the file itself', () => {
    const inside = join(folder, 'linked');
    mkdirSync(inside, { recursive: true });
    const outside = join(folder, 'outside.sql');
    writeFileSync(outside, 'mine');
    symlinkSync(folder, join(inside, 'up'));
    symlinkSync(outside, join(inside, 'setup.sql'));
    for (const path of ['up/outside.sql', 'setup.sql'])
      expect(() => writeInside(inside, path, 'theirs'), path).toThrow(/would be written outside of/);
    expect(readFileSync(outside, 'utf8')).toBe('mine');
  });

  test('landing render writes what it names, below --dir and nowhere else', async () => {
    const text = landing(`${postgres}, connect_url: "http://connect:8083"`) + kafka('').slice(plain.length);
    const { code, out } = await command(text, 'landing', 'render', 'wh', '--dir', 'sql/out');
    expect(code).toBe(0);
    const written = out.trim().split('\n');
    expect(written.length).toBeGreaterThan(2);
    for (const path of written) {
      expect(path).toMatch(/^sql\/out\/[^.]/);
      expect(path).not.toContain('..');
      expect(readFileSync(join(folder, path), 'utf8')).not.toBe('');
    }
    symlinkSync(join(folder, 'outside.sql'), join(folder, 'link.sql'));
    rmSync(join(folder, written[0] ?? ''));
    symlinkSync(join(folder, 'outside.sql'), join(folder, written[0] ?? ''));
    const again = await command(text, 'landing', 'render', 'wh', '--dir', 'sql/out');
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('would be written outside of')]);
    expect(readFileSync(join(folder, 'outside.sql'), 'utf8')).toBe('mine');
  });
});
