import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleSource } from '../config/sample-source.ts';
import { settingsText, startCommand, writeFile, type Ended } from '../support/command.ts';

const kafka = { brokers: ['127.0.0.1:1'], registryUrl: 'http://127.0.0.1:1' };
const warehouse =
  'kind: postgres, host: db.example.com, database: warehouse, password_ref: "env:SINK_PASSWORD", connect_url: "http://127.0.0.1:1"';

let folder: string;
let worker: Server;
let workerUrl: string;
/** What the made-up Connect worker has, and what it finds wrong. */
let plugins: string[] = [];
let converters: string[] = [];
let complaints: { name: string; errors: string[] }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-landing-'));
  worker = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(
        request.method === 'PUT'
          ? { configs: complaints.map((value) => ({ value })) }
          : [...plugins.map((name) => ({ class: name, type: 'sink' })), ...converters.map((name) => ({ class: name, type: 'converter' }))],
      ),
    );
  });
  await new Promise<void>((listening) => worker.listen(0, '127.0.0.1', listening));
  workerUrl = `http://127.0.0.1:${(worker.address() as AddressInfo).port}`;
});
afterAll(() => {
  worker.close();
  worker.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `tributary landing ...` with these landings in its settings. */
function landing(landings: string, args: readonly string[]): Promise<Ended> {
  const config = writeFile(
    folder,
    'tributary.yaml',
    settingsText({
      prefix: 'saas',
      kafka,
      connections: 'sample:\n  settings: { api_key: sk_1 }',
      more: `landings:\n${landings.replace(/^/gm, '  ')}`,
    }),
  );
  return startCommand({ sources: [sampleSource], cwd: folder }, ['landing', ...args, '--config', config]).ended;
}

test('landing status without a landing says what is missing, and asks nobody', async () => {
  const config = writeFile(
    folder,
    'none.yaml',
    settingsText({ prefix: 'saas', kafka, connections: 'sample:\n  settings: { api_key: sk_1 }' }),
  );
  expect(await startCommand({ sources: [sampleSource], cwd: folder }, ['landing', 'status', '--config', config]).ended).toEqual({
    code: 2,
    out: '',
    err: 'error: The settings have no landing.\nAdd a landings: section; sink-configs has a page for each kind.\n',
  });
});

describe('landing render', () => {
  test("writes Strimzi's resources instead of files for Connect, and says what the settings lack", async () => {
    const asked = await landing(`wh: { ${warehouse} }`, ['render', 'wh', 'kafka-connectors.yaml', '--strimzi']);
    expect(asked).toMatchObject({ code: 0, err: expect.stringContaining('Set landings.wh.strimzi: { cluster:') as string });
    expect(asked.out).toMatch(/kind: KafkaConnector\nmetadata:\n {2}name: wh-sample\n {2}labels:\n {4}strimzi\.io\/cluster: connect\n/);
    const set = await landing(`wh: { ${warehouse}, strimzi: { cluster: mine } }`, ['render', 'wh']);
    expect(set.out.trim().split('\n')).toEqual(['landing/wh/setup.sql', 'landing/wh/dbt/sources.yml', 'landing/wh/kafka-connectors.yaml']);
    expect(readFileSync(join(folder, 'landing/wh/kafka-connectors.yaml'), 'utf8')).toContain('strimzi.io/cluster: mine');
    expect(set.err).not.toContain('strimzi');
  });

  test('writes SQL and connectors, without Kafka or a worker', async () => {
    const { code, out } = await landing(`wh: { ${warehouse} }`, ['render', 'wh']);
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toEqual(['landing/wh/setup.sql', 'landing/wh/dbt/sources.yml', 'landing/wh/connectors/wh-sample.json']);
    const connector = JSON.parse(readFileSync(join(folder, 'landing/wh/connectors/wh-sample.json'), 'utf8')) as Record<string, string>;
    expect(connector).toMatchObject({
      topics: 'saas.sample.person,saas.sample.visit,saas.sample.label',
      'connection.password': '${env:SINK_PASSWORD}',
    });
    expect(connector['value.converter']).toBe('io.confluent.connect.avro.AvroConverter');
    expect(readFileSync(join(folder, 'landing/wh/setup.sql'), 'utf8')).toContain('tributary.sample_person');
  });

  test('prints one file alone when it is named', async () => {
    const { code, out } = await landing(
      'lake: { kind: snowflake, account: org-acc, private_key_ref: "env:KEY", connect_url: "http://127.0.0.1:1" }',
      ['render', 'lake', 'views.sql', '--dir', 'unused'],
    );
    expect(code).toBe(0);
    expect(out).toContain('VIEW TRIBUTARY.LANDING.SAMPLE_PERSON COPY GRANTS AS');
    expect(existsSync(join(folder, 'unused'))).toBe(false);
    const wrong = await landing(`wh: { ${warehouse} }`, ['render', 'wh', 'views.sql']);
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toContain('has no views.sql.\nThere are setup.sql, dbt/sources.yml, connectors/wh-sample.json.');
  });

  test('takes converter, registry and its credentials as the worker reaches them', async () => {
    const { out } = await landing(`wh: { ${warehouse}, converter: apicurio, registry_url: "http://registry:8080/apis/ccompat/v7" }`, [
      'render',
      'wh',
      '--json',
    ]);
    const { connectors } = JSON.parse(out) as { connectors: { config: Record<string, string> }[] };
    expect(connectors[0]!.config['value.converter.apicurio.registry.url']).toBe('http://registry:8080/apis/registry/v2');
  });
});

describe('a landing', () => {
  test('that is not in the settings gets a suggestion', async () => {
    const { code, out, err } = await landing(`warehouse: { ${warehouse} }`, ['status', 'wharehouse']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('No landing is called wharehouse; did you mean warehouse?\nThere are warehouse.');
    const other = await landing(`warehouse: { ${warehouse} }`, ['status', 'lake']);
    expect(other.err).toBe('error: No landing is called lake.\nThere are warehouse.\n');
  });

  test('of a connection that is not there is refused', async () => {
    const { code, err } = await landing(`wh: { ${warehouse}, connections: [sampel] }`, ['render', 'wh']);
    expect(code).toBe(2);
    expect(err).toContain('landings.wh.connections.0 no connection is called sampel; did you mean sample?');
  });

  test("needs to know where the worker finds the registry's password, when it asks for one", async () => {
    const config = writeFile(
      folder,
      'secured.yaml',
      `prefix: saas
kafka: { brokers: ["127.0.0.1:1"] }
registry: { url: "http://127.0.0.1:1", username: me, password: hunter2 }
landings: { wh: { ${warehouse} }, good: { ${warehouse}, schema: good, registry_credentials_ref: "file:/etc/registry.properties:basic" }, apart: { ${warehouse}, schema: apart, converter: apicurio, registry_credentials_ref: "env:REGISTRY_PASSWORD" } }
connections: { sample: { settings: { api_key: sk_1 } } }
`,
    );
    const run = (name: string) =>
      startCommand({ sources: [sampleSource], cwd: folder }, ['landing', 'render', name, '--json', '--config', config]).ended;
    const refused = await run('wh');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('Set landings.wh.registry_credentials_ref');
    const { code, out } = await run('good');
    expect(code).toBe(0);
    expect(out).toContain('"value.converter.basic.auth.user.info": "${file:/etc/registry.properties:basic}"');
    // Apicurio's converter takes them apart.
    const apart = await run('apart');
    expect(apart).toMatchObject({ code: 0 });
    expect(apart.out).toContain('"value.converter.apicurio.auth.username": "me"');
    expect(apart.out).toContain('"value.converter.apicurio.auth.password": "${env:REGISTRY_PASSWORD}"');
    expect(out + refused.err + apart.out).not.toContain('hunter2');
  });
});

describe('landing check', () => {
  const wh = () => `wh: { ${warehouse.replace('http://127.0.0.1:1', workerUrl)} }`;

  test('names the connector the worker does not have', async () => {
    plugins = ['io.example.Other'];
    const { code, out } = await landing(wh(), ['check', 'wh']);
    expect(code).toBe(2);
    expect(out).toMatch(
      /FAIL {2}wh-sample: connector\.class the worker at .* does not have io\.debezium\.connector\.jdbc\.JdbcSinkConnector/,
    );
    expect(out).toContain('sink-configs/postgres/README.md');
  });

  test('passes on what the worker complains about', async () => {
    plugins = ['io.debezium.connector.jdbc.JdbcSinkConnector'];
    complaints = [{ name: 'connection.url', errors: ['no such host'] }];
    const { code, out } = await landing(wh(), ['check', 'wh', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toEqual([
      expect.objectContaining({ connector: 'wh-sample', key: 'connection.url', problem: 'the worker says: no such host' }),
    ]);
    complaints = [];
    expect(await landing(wh(), ['check', 'wh'])).toMatchObject({ code: 0, out: 'wh: 1 connector, no fault found\n' });
  });

  test("names the line to write when the worker has another registry's converter, once for all connectors", async () => {
    plugins = ['io.debezium.connector.jdbc.JdbcSinkConnector'];
    converters = ['org.apache.kafka.connect.json.JsonConverter', 'io.apicurio.registry.utils.converter.AvroConverter'];
    complaints = [{ name: 'value.converter', errors: ['Class io.confluent.connect.avro.AvroConverter could not be found.'] }];
    const { code, out } = await landing(wh(), ['check', 'wh']);
    expect(code).toBe(2);
    expect(out).toMatch(/does not have Confluent's Avro converter .*, but Apicurio's\n +Write `converter: apicurio` below landings\.wh in/);
    expect(out).not.toContain('could not be found');
    converters = [];
    complaints = [];
  });

  test('says so when the worker does not answer', async () => {
    const { code, err } = await landing(`wh: { ${warehouse} }`, ['check', 'wh']);
    expect(code).toBe(1);
    expect(err).toContain('Kafka Connect at http://127.0.0.1:1 does not answer (ECONNREFUSED)');
  });
});
