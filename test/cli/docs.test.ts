import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { sources } from '../../producers/index.ts';
import { defaultsOf } from '../../src/config/source-defaults.ts';
import { compileTable } from '../../src/record/codec.ts';
import { startCommand, writeFile } from '../support/command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-docs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tributary = (...args: string[]) => startCommand({ sources, cwd: folder }, args).ended;
const written = (name: string): string => readFileSync(join(folder, 'tables', name), 'utf8');

/** Against the schema AsyncAPI publishes for its documents; it brings the meta schema of draft 07 with it, so Ajv must not. */
function faults(document: unknown): unknown {
  const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json') as object;
  const validate = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false }).compile(schema);
  return validate(document) ? [] : validate.errors?.slice(0, 5);
}

test('every table of every source is on the page, in the Markdown and in a valid AsyncAPI document', async () => {
  const { code, out, err } = await tributary('docs');
  expect({ code, out }).toEqual({ code: 0, out: 'tables/index.html\ntables/tables.md\ntables/asyncapi.yaml\n' });
  const all = sources.flatMap((source) => source.tables(defaultsOf(source)).map((table) => ({ source, table })));
  expect(err).toContain(`${all.length} tables described.`);
  const [page, markdown] = [written('index.html'), written('tables.md')];
  const document = parse(written('asyncapi.yaml')) as any;
  expect(faults(document)).toEqual([]);
  expect(Object.keys(document.channels)).toHaveLength(all.length);
  for (const { source, table } of all) {
    expect(page).toContain(`<section id="${source.name}.${table.name}">`);
    expect(markdown).toContain(`\n## ${source.name}.${table.name}\n`);
    const message = document.components.messages[`${source.name}_${table.name}`];
    expect(message.payload.schema).toEqual(JSON.parse(JSON.stringify(compileTable(source.name, table).valueSchema)));
    expect(message.bindings.kafka.key.required).toEqual(table.key);
    for (const column of Object.keys(table.fields))
      expect(markdown).toContain(`| \`${column}\`${table.key.includes(column) ? ' (key)' : ''} | `);
  }
  expect(page).not.toContain('<script');
});

test('the settings say which tables, topics, columns and places there are', async () => {
  writeFile(
    folder,
    'tributary.yaml',
    `prefix: acme.sync
timezone: Europe/Berlin
hash_secret: a-long-random-text
kafka: { brokers: "kafka-1:9092", tls: true, sasl: { mechanism: plain, username: u, password: very-secret-password } }
registry: { url: "https://registry.test" }
landings: { wh: { kind: postgres, host: db, database: d, schema: lake, password_ref: "env:PW", connect_url: "http://connect:8083" } }
connections:
  shop:
    source: klaviyo
    settings: { api_key: pk_secret_key }
    schedule: "0 */6 * * *"
    tables: { event: { partitions: 7 } }
    columns: { profile: { drop: [phone_number], hash: [email] } }
`,
  );
  expect(await tributary('docs', 'shop.profile', 'shop.event')).toMatchObject({ code: 0 });
  const all = written('index.html') + written('tables.md') + written('asyncapi.yaml');
  expect(all).toContain('acme.sync.shop.profile');
  expect(all).toContain('Read by 0 */6 * * * (Europe/Berlin): at most 6 h 00 min');
  expect(all).toContain('SELECT id, email, external_id, first_name FROM lake.shop_profile ORDER BY _synced_at DESC LIMIT 10;');
  expect(all).toContain('(hashed, HMAC-SHA256 in hexadecimal)');
  expect(all).not.toMatch(/phone_number|secret|shop\.metric/);
  const document = parse(written('asyncapi.yaml')) as any;
  expect(faults(document)).toEqual([]);
  expect(document.servers.broker1).toMatchObject({ host: 'kafka-1:9092', protocol: 'kafka-secure' });
  expect(document.channels.shop_event.bindings.kafka.partitions).toBe(7);
});

test('a folder that leads elsewhere by a link is refused', async () => {
  writeFile(folder, 'tables', 'a file');
  expect((await tributary('docs')).code).not.toBe(0);
});
