import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { withAdmin } from '../../src/kafka/client.ts';
import { stateMessage } from '../../src/kafka/messages.ts';
import { createClient } from '../../src/kafka/client.ts';
import { readAllStates, tableStateRecord } from '../../src/kafka/meta/state.ts';
import { topicNames } from '../../src/kafka/meta/topic-names.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';
import { ALL_SCOPES, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import {
  freePort,
  settingsText,
  shownForms,
  startCommand,
  startProcess,
  until,
  writeFile,
  type Ended,
  type Started,
} from '../support/command.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';
import { createTopics } from '../support/topics.ts';

const stack = inject('stack');
const suite = randomBytes(3).toString('hex');
/** Looks different in every encoding. */
const secret = 'pk_"s3cr3t"+/=&\\key';
const wrongKey = 'pk_wr0ng"+/&key';
const variables = { KLAVIYO_API_KEY: secret, WRONG_KEY: wrongKey };

let folder: string;
let vendor: KlaviyoSimulator;
const servers: Server[] = [];
const started: Started[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-bad-settings-'));
  vendor = await startKlaviyoSimulator({ profiles: 5, events: 5, metrics: 5, limits: false, keys: { [secret]: ALL_SCOPES } });
});
afterAll(async () => {
  await vendor?.close();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const command of started.splice(0)) expectClean(await command.ended);
});

/** Whatever a command has shown, none of it may hold a secret or a trace. */
function expectClean({ out, err }: Ended): void {
  for (const form of [...shownForms(secret), ...shownForms(wrongKey)]) expect(out + err).not.toContain(form);
  expect(out + err).not.toMatch(/^\s+at .*[:(]\d+/m);
  expect(out + err).not.toContain('node:internal');
}

function start(args: readonly string[], more: Record<string, string> = {}): Started {
  const command = startCommand({ sources: [klaviyo], cwd: folder, variables: { ...variables, ...more } }, args);
  started.push(command);
  return command;
}

const tributary = (args: readonly string[], more?: Record<string, string>): Promise<Ended> => start(args, more).ended;

let files = 0;
/** Writes a settings file on the real stack and answers its name and prefix. */
function settings(
  change: {
    readonly key?: string;
    readonly baseUrl?: string;
    readonly brokers?: readonly string[];
    readonly registryUrl?: string;
    readonly metricsPort?: number;
    readonly more?: string;
    readonly tables?: string;
  } = {},
) {
  const n = (files += 1);
  const prefix = `bad${suite}n${n}`;
  const text = settingsText({
    prefix,
    kafka: { brokers: change.brokers ?? stack.brokers, registryUrl: change.registryUrl ?? stack.registryUrl },
    connections: [
      'klaviyo:',
      `  settings: { api_key: "\${${change.key ?? 'KLAVIYO_API_KEY'}}", base_url: "${change.baseUrl ?? vendor.url}" }`,
      ...(change.tables === undefined ? [] : [`  tables: [${change.tables}]`]),
    ].join('\n'),
    metricsPort: change.metricsPort ?? 1,
    more: change.more ?? `data_dir: data${n}`,
  });
  const config = writeFile(folder, `settings${n}.yaml`, text);
  const access = { settings: kafkaOf(prefix) };
  return { config, prefix, access };
}

function kafkaOf(prefix: string): KafkaSettings {
  return {
    brokers: stack.brokers,
    clientId: 'test',
    prefix,
    replicationFactor: 1,
    minInSyncReplicas: 1,
    registry: { url: stack.registryUrl, ...stackLogin() },
    ...kafkaLogin(),
    compression: 'none',
  };
}

async function website(
  answer: (path: string) => { readonly status: number; readonly headers?: Record<string, string>; readonly body: string },
): Promise<string> {
  const server = createServer((request, response) => {
    const { status, headers = {}, body } = answer(request.url ?? '');
    response.writeHead(status, headers).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a settings file that is wrong ends with 2, names line and fix, and starts nothing', () => {
  const connection = (inner: string) => `connections:\n  klaviyo:\n    settings:\n      api_key: \${KLAVIYO_API_KEY}\n${inner}`;
  it.each<[string, string, readonly RegExp[]]>([
    ['an unknown section', `${connection('')}metrisc: { port: 1 }\n`, [/line 5/, /metrisc is not a known setting; did you mean metrics\?/]],
    [
      'an unknown setting of the source',
      connection('      sweep_evry: 7d\n'),
      [/line 5/, /sweep_evry is not a known setting; did you mean sweep_every\?/],
    ],
    [
      'a bad cron expression',
      connection('    schedule: "every hour"\n'),
      [/line 5/, /"every hour" is not a cron expression .*"0 \* \* \* \*"/],
    ],
    [
      'a bad cron expression of one table',
      connection('    schedule: { tables: { event: "61 * * * *" } }\n'),
      [/"61 \* \* \* \*" is not a cron expression/],
    ],
    [
      'a schedule of an unknown table',
      connection('    schedule: { tables: { evnt: "0 * * * *" } }\n'),
      [/no table is called evnt; did you mean event\?/],
    ],
    ['an unknown table', connection('    tables: [profil]\n'), [/no table is called profil; did you mean profile\?/]],
    [
      'an unknown source',
      'connections:\n  klavio:\n    settings: { api_key: x }\n',
      [/line 2/, /no source is called klavio; did you mean klaviyo\?/],
    ],
    ['a base_url that is no address', connection('      base_url: a.klaviyo.com\n'), [/line 5/, /base_url/, /URL/i]],
    ['a history that does not exist', connection('    history: 2y\n'), [/must be one of 30d, 90d, 1y, all/]],
    ['a start date that is none', connection('    start_date: 31/12/2025\n'), [/"31\/12\/2025" is not a date; write MM\/DD\/YYYY/]],
    ['a missing key', 'connections:\n  klaviyo:\n    settings: {}\n', [/api_key is missing/]],
    [
      'a variable that is not set',
      'connections:\n  klaviyo:\n    settings: { api_key: "${NO_SUCH_VARIABLE}" }\n',
      [/line 3/, /environment variable NO_SUCH_VARIABLE is not set/, /\.env/],
    ],
    [
      'a secret file that is not there',
      'connections:\n  klaviyo:\n    settings: { api_key: "${file:nowhere.txt}" }\n',
      [/nowhere\.txt cannot be read \(ENOENT\)/],
    ],
    [
      'a placeholder that is none',
      'connections:\n  klaviyo:\n    settings: { api_key: "${my key}" }\n',
      [/is not a placeholder; write \$\{NAME\}/],
    ],
    ['text that is no YAML', 'connections:\n  klaviyo: [\n', [/line \d/, /Correct the YAML/]],
    ['a list instead of sections', '- klaviyo\n', [/must be a section, not a list/]],
    ['nothing at all', '', [/connections is missing/]],
    ['no connection', 'connections: {}\n', [/connections has no connection/]],
    [
      'kafka without a registry',
      `${connection('')}kafka: { brokers: "127.0.0.1:9092" }\n`,
      [/registry is missing/, /registry: \{ url: \.\.\. \}/],
    ],
    ['a prefix Kafka could not use', `${connection('')}prefix: My Company\n`, [/"My Company" may hold lower-case letters/]],
    [
      'a certificate that is no PEM',
      `${connection('')}kafka: { brokers: "b:1", tls: { ca: /etc/ca.pem } }\nregistry: { url: "http://r" }\n`,
      [/must be PEM text; give it as \$\{file:/],
    ],
  ])('%s', async (name, text, words) => {
    const config = writeFile(folder, `${name.replaceAll(' ', '-')}.yaml`, text);
    const { code, out, err } = await tributary(['sync', '--config', config]);
    for (const word of words) expect(err).toMatch(word);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('all problems are told at once', async () => {
    const config = writeFile(folder, 'several.yaml', connection('      regoin: eu\n    schedule: never\nprefix: A\n'));
    const { code, err } = await tributary(['check', '--config', config]);
    expect(err).toMatch(/has 3 problems/);
    expect(err).toMatch(/regoin[^]*never[^]*prefix/);
    expect(code).toBe(2);
  });
});

describe('the vendor', () => {
  it('a key it refuses: check ends with 2, sync with 1, both name the setting', async () => {
    const { config } = settings({ key: 'WRONG_KEY' });
    const checked = await tributary(['check', '--config', config]);
    expect(checked.out).toMatch(/FAIL {2}klaviyo: Klaviyo did not accept the API key\.\n.*api_key/);
    expect(checked.code).toBe(2);

    const synced = await tributary(['sync', '--config', config]);
    expect(synced.out).toMatch(/klaviyo\.profile .* failed/);
    expect(synced.out).toMatch(/Klaviyo did not accept the API key\. .*api_key/);
    expect(synced.code).toBe(1);

    // Nothing runs any more: the topics tell.
    const status = await tributary(['status', '--config', config]);
    expect(status.out).toMatch(/klaviyo\.profile +failed /);
    expect(status.out).toMatch(/klaviyo\.profile: Klaviyo did not accept the API key\. .*api_key/);
  });

  it.each<[string, (path: string) => { status: number; headers?: Record<string, string>; body: string }, RegExp]>([
    [
      'another web site',
      () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><p>Welcome' }),
      /a web page instead of data\.[^]*base_url/,
    ],
    ['a site that redirects', () => ({ status: 301, headers: { location: 'https://elsewhere.test/' }, body: '' }), /redirect[^]*base_url/],
    [
      'an address without such a path',
      () => ({ status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Not found' }),
      /404[^]*base_url/,
    ],
    [
      'an answer that is no listing',
      () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"hello":"world"}' }),
      /base_url/,
    ],
  ])('a base_url that leads to %s', async (_, answer, words) => {
    const { config } = settings({ baseUrl: await website(answer) });
    const { code, out } = await tributary(['check', '--config', config]);
    expect(out).toMatch(words);
    expect([1, 2]).toContain(code);
  });

  it('a base_url where nobody listens', async () => {
    const { config } = settings({ baseUrl: `http://127.0.0.1:${await freePort()}` });
    const { code, out } = await tributary(['check', '--config', config]);
    expect(out).toMatch(/FAIL {2}klaviyo: .*could not be reached.*ECONNREFUSED[^]*base_url/);
    expect(code).toBe(1);
  });
});

describe('Kafka and the registry', () => {
  it('brokers that do not answer: every command says so and names the setting', async () => {
    const { config } = settings({ brokers: [`127.0.0.1:${await freePort()}`] });
    const [check, sync, run, status, pause] = await Promise.all(
      [['check'], ['sync'], ['run'], ['status'], ['pause', 'klaviyo']].map((args) => tributary([...args, '--config', config])),
    );
    expect(check?.out).toMatch(/FAIL {2}kafka: .*127\.0\.0\.1:\d+ cannot be reached[^]*kafka\.brokers/);
    for (const ended of [sync, run, status, pause])
      expect(ended?.err).toMatch(/Kafka at 127\.0\.0\.1:\d+ cannot be reached[^]*kafka\.brokers/);
    expect([check, sync, run, status, pause].map((ended) => ended?.code)).toEqual([1, 1, 1, 1, 1]);
  });

  it('TLS towards a port that does not speak it names kafka.tls', async () => {
    const { config } = settings();
    const text = settingsText({
      prefix: `bad${suite}tls`,
      kafka: { ...stack, tls: true },
      connections: 'klaviyo: { settings: { api_key: "${KLAVIYO_API_KEY}" } }',
    });
    writeFile(folder, config, text);
    const { code, err } = await tributary(['sync', '--config', config]);
    expect(err).toContain('kafka.tls');
    expect(err).not.toContain('kafka.ssl');
    expect([1, 2]).toContain(code);
  });

  it('more replicas than brokers: named with the setting, by check and by sync', async () => {
    const { config, prefix } = settings();
    writeFile(
      folder,
      config,
      settingsText({
        prefix,
        kafka: { ...stack, replication_factor: 3 },
        connections: 'klaviyo: { settings: { api_key: "${KLAVIYO_API_KEY}" } }',
        more: `data_dir: replicas`,
      }),
    );
    const [check, sync] = await Promise.all([tributary(['check', '--config', config]), tributary(['sync', '--config', config])]);
    expect(check.out).toMatch(/fewer than replication_factor 3[^]*kafka\.replication_factor to 1/);
    expect(sync.err).toContain('kafka.replication_factor');
    expect([check.code, sync.code]).toEqual([2, 2]);
  });

  it('a registry that does not answer: check says so, sync waits for it, says so and can be interrupted', async () => {
    const { config } = settings({ registryUrl: `http://127.0.0.1:${await freePort()}` });
    const check = await tributary(['check', '--config', config]);
    expect(check.out).toMatch(
      /FAIL {2}registry: Asking the registry failed: the schema registry at http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)[^]*registry\.url/,
    );
    expect(check.code).toBe(1);

    const sync = start(['sync', '--config', config]);
    await until('the trouble is told', () => /registry/.test(sync.err()));
    sync.interrupt();
    const ended = await sync.ended;
    expect(ended.err).toMatch(/schema registry at http:\/\/127\.0\.0\.1:\d+ cannot be reached[^]*registry\.url/);
    expect(ended.code).toBe(130);
  });

  it('something that is no registry', async () => {
    const { config } = settings({
      registryUrl: await website(() => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>hello' })),
    });
    const { code, out } = await tributary(['check', '--config', config]);
    expect(out).toMatch(/not a Confluent-compatible schema registry[^]*registry\.url/);
    expect(code).toBe(2);
  });
});

describe('topics that are not as they must be', () => {
  it('a table topic with cleanup.policy=delete is refused with the command that mends it, and is not touched', async () => {
    const { config, prefix, access } = settings({ tables: 'metric' });
    const topic = `${prefix}.klaviyo.metric`;
    await withAdmin(access, 'test', (admin) =>
      createTopics(admin, { topic, numPartitions: 1, configEntries: [{ name: 'cleanup.policy', value: 'delete' }] }),
    );
    const check = await tributary(['check', '--config', config]);
    const sync = await tributary(['sync', '--config', config]);
    for (const { out } of [check, sync]) {
      expect(out).toContain(`The topic ${topic} has cleanup.policy=delete`);
      expect(out).toContain(`kafka-configs --alter --topic ${topic} --add-config cleanup.policy=compact`);
    }
    expect([check.code, sync.code]).toEqual([2, 1]);
    const [offsets] = await withAdmin(access, 'test', (admin) => admin.fetchTopicOffsets(topic));
    expect(offsets?.high).toBe('0');
  });

  it('a control topic with another partition count is refused', async () => {
    const { config, prefix, access } = settings({ tables: 'metric' });
    await withAdmin(access, 'test', (admin) =>
      createTopics(admin, { topic: `${prefix}._state`, numPartitions: 3, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }),
    );
    const { code, err } = await tributary(['sync', '--config', config]);
    expect(err).toMatch(new RegExp(`The topic ${prefix}._state has 3 partitions`));
    expect(err).toContain('Set kafka.max_workers to 3');
    expect((await tributary(['check', '--config', config])).out).toContain(`The topic ${prefix}._state has 3 partitions`);
    expect(code).toBe(2);
  });

  it('a table topic that was given more partitions, and a key schema with another id, are refused', async () => {
    const { config, prefix, access } = settings({ tables: 'metric' });
    const topic = `${prefix}.klaviyo.metric`;
    expect((await tributary(['sync', '--config', config])).code).toBe(0);

    const state = (await readAllStates(access)).get('klaviyo')?.states.get('metric');
    if (!state) throw new Error('no state');
    const remember = async (keySchemaId: number): Promise<void> => {
      const { partition, key, value } = stateMessage(tableStateRecord('klaviyo', 'metric', { ...state, keySchemaId }), {});
      const producer = createClient(access).producer();
      await producer.connect();
      await producer.send({ topic: topicNames(prefix).state, messages: [{ key, value, partition }] });
      await producer.disconnect();
    };
    await remember(state.keySchemaId + 1000);
    const otherKey = await tributary(['sync', '--config', config]);
    expect(otherKey.out).toMatch(
      new RegExp(
        `key schema of ${topic} the id ${state.keySchemaId}, but the rows in the topic were written with id ${state.keySchemaId + 1000}`,
      ),
    );
    expect(otherKey.out).toMatch(/Point registry\.url at the registry the topic was written with/);
    expect(otherKey.code).toBe(1);

    await remember(state.keySchemaId);
    await withAdmin(access, 'test', (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] }));
    await until('the partitions are known', async () => {
      const { topics } = await withAdmin(access, 'test', (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
      return topics[0]?.partitions.length === 4;
    });
    const otherCount = await tributary(['sync', '--config', config]);
    expect(otherCount.out).toMatch(new RegExp(`The topic ${topic} has 4 partitions, but its rows were spread over 1`));
    expect(otherCount.out).toContain('restore it with 1 partitions');
    expect(otherCount.code).toBe(1);

    // The fix that was named works.
    expect(otherCount.out).toContain('tributary state reset klaviyo.metric --delete-topic');
    expect(await tributary(['state', 'reset', 'klaviyo.metric', '--delete-topic', '--config', config])).toMatchObject({
      code: 0,
      err: expect.stringContaining('klaviyo.metric: forgotten, and its topic deleted') as string,
    });
    const again = await tributary(['sync', '--config', config]);
    expect(again.out).toMatch(/klaviyo\.metric +5 +5 .*succeeded/);
    expect(again.code).toBe(0);
  });
});

describe('this machine', () => {
  it('a metrics port that is taken', async () => {
    const taken = Number(new URL(await website(() => ({ status: 200, body: '' }))).port);
    const { config } = settings({ metricsPort: taken });
    const { code, err } = await tributary(['run', '--config', config]);
    expect(err).toMatch(new RegExp(`cannot listen on 127\\.0\\.0\\.1:${taken}`));
    expect(err).toMatch(/metrics\.port/);
    expect(code).toBe(2);
  });

  it('a data_dir that cannot be written', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    const { config } = settings({ more: 'data_dir: a-file/data', tables: 'metric' });
    const { code, err } = await tributary(['sync', '--config', config]);
    expect(err).toContain(join(folder, 'a-file', 'data'));
    expect(err).toMatch(/data_dir/);
    expect(code).toBe(2);
  });

  it('a data_dir that cannot be written, with the local stack', async () => {
    writeFileSync(join(folder, 'b-file'), '');
    const config = writeFile(
      folder,
      'local.yaml',
      'data_dir: b-file/data\nconnections: { klaviyo: { settings: { api_key: "${KLAVIYO_API_KEY}" } } }\n',
    );
    const { code, err } = await tributary(['sync', '--config', config]);
    expect(err).toContain(join(folder, 'b-file', 'data'));
    expect(err).toMatch(/data_dir/);
    expect(code).toBe(2);
  });
});

describe('names on the command line', () => {
  it.each<[readonly string[], RegExp]>([
    [['sync', 'klavyio'], /No connection is called klavyio; did you mean klaviyo\?/],
    [['sync', 'klaviyo.events'], /klaviyo has no table events; did you mean event\?/],
    [['status', 'klaviyo.evnt'], /no table evnt; did you mean event\?/],
    [['dead-letters', 'list', 'klaviyo.orders'], /no table orders; known are event, metric, profile/],
    [['deletes', 'allow', 'klaviyo'], /klaviyo names no table\.[^]*klaviyo\.<table>/],
    [['trigger', 'shop'], /No connection is called shop/],
    [['backfill', 'klaviyo.event', '--from', '2025-31-01'], /"2025-31-01" is no date[^]*MM\/DD\/YYYY/],
  ])('%j ends with 2 and a suggestion', async (args, words) => {
    const { config } = settings({ brokers: ['127.0.0.1:1'] });
    const { code, err } = await tributary([...args, '--config', config]);
    expect(err).toMatch(words);
    expect(code).toBe(2);
  });
});

it('the real command: a refused key ends the process with 1, and its log holds no secret', async () => {
  const { config } = settings({ key: 'WRONG_KEY', tables: 'metric' });
  mkdirSync(join(folder, 'elsewhere'), { recursive: true });
  const command = startProcess({ cwd: join(folder, 'elsewhere'), variables }, [
    'sync',
    '--verbose',
    '--log-format',
    'json',
    '--config',
    join('..', config),
  ]);
  started.push(command);
  const { code, out, err } = await command.ended;
  expect(out).toMatch(/Klaviyo did not accept the API key\. .*api_key/);
  expect(code).toBe(1);
  for (const line of err.split('\n').filter((text) => text.startsWith('{'))) JSON.parse(line);
});
