// tsx bench/landing.ts [rows]: how fast the JDBC sink lands rows of 870 bytes in PostgreSQL, variant by variant on one topic, on a
// local stack of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { applyLanding } from '../src/landing/apply.ts';
import { connectClient } from '../src/landing/connect-client.ts';
import { renderLanding } from '../src/landing/render.ts';
import { postgresLanding } from '../src/landing/settings.ts';
import { setUpPostgres } from '../src/landing/setup-postgres.ts';
import type { RenderedLanding } from '../src/landing/types.ts';
import { startStack } from '../src/stack/stack.ts';
import { orders } from '../test/landing/definitions.ts';
import { converterLogin } from '../test/support/login.ts';
import { topicWriter } from '../test/landing/records.ts';

type Change = Readonly<Record<string, string>>;
/** What each variant changes of the rendered connector. The first is what is rendered. */
const VARIANTS: Readonly<Record<string, Change>> = {
  rendered: {},
  'before 28 November': {
    ...{ 'batch.size': '1000', 'consumer.override.max.poll.records': '2000' },
    ...{ 'consumer.override.fetch.min.bytes': '1', 'tasks.max': '1' },
  },
  'no rewritten inserts': { 'connection.url': 'reWriteBatchedInserts=false' },
  'no reduction buffer': { 'use.reduction.buffer': 'false' },
  'batches of 500': { 'batch.size': '500' },
  'batches of 20,000': { 'batch.size': '20000', 'consumer.override.max.poll.records': '20000' },
  'three tasks': { 'tasks.max': '3' },
};

const rows = Number(process.argv[2] ?? 60_000);
const only = process.argv.slice(3);
const dir = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
const stack = await startStack({ dir, connect: true, topicDefaults: 'fast' });
try {
  // The helpers log in by it.
  process.env['TRIBUTARY_TEST_LOGIN'] = JSON.stringify(stack.login);
  const connect = connectClient(stack.connectUrl!, { login: stack.login });
  const database = new Client(stack.postgres);
  await database.connect();
  const writer = await topicWriter({
    brokers: stack.brokers,
    registryUrl: stack.registryUrl,
    topic: 'bench.shop.order',
    definition: orders,
    partitions: 3,
  });
  const text = 'x'.repeat(700);
  for (let from = 0; from < rows; from += 5_000) {
    const count = Math.min(5_000, rows - from);
    await writer.upsert(
      ...Array.from({ length: count }, (_, at) => ({
        ...{ id: `row-${from + at}`, part: 1, user: 'somebody', count: at, ratio: 0.5, active: true, created: 1_767_323_045_678 },
        properties: JSON.stringify({ text }),
      })),
    );
  }
  await writer.close();
  for (const [name, change] of Object.entries(VARIANTS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const id = `b${Object.keys(VARIANTS).indexOf(name)}`;
    const settings = postgresLanding.parse({
      ...{ kind: 'postgres', host: stack.postgres.host, port: stack.postgres.port, database: stack.postgres.database, schema: id },
      ...{ password_ref: 'env:TRIBUTARY_WAREHOUSE_PASSWORD', sslmode: 'disable' },
    });
    const rendered = renderLanding({
      ...{ name: id, prefix: 'bench', replicationFactor: 1, settings, connections: [{ name: 'shop', tables: [orders] }] },
      converter: { kind: 'apicurio', registryUrl: stack.registryUrl.replace(/\/ccompat\/v7\/?$/, '/registry/v2'), ...converterLogin() },
    });
    await setUpPostgres(rendered, settings, stack.postgres, stack.postgres.password);
    const varied: RenderedLanding = {
      ...rendered,
      connectors: rendered.connectors.map((one) => ({ ...one, config: varying(one.config, change) })),
    };
    await applyLanding(varied, connect, { now: Date.now, signal: new AbortController().signal });
    const count = async (): Promise<number> =>
      (await database.query(`SELECT count(*)::int AS n FROM ${id}.shop_order`)).rows[0].n as number;
    // From a tenth on: the first rows pay for a start.
    while ((await count()) < rows / 10) await sleep(50);
    const [from, began] = [await count(), Date.now()];
    while ((await count()) < rows) await sleep(50);
    console.log(`${name}: ${Math.round(((rows - from) * 1_000) / (Date.now() - began)).toLocaleString('en')} rows/s`);
    await connect.delete(varied.connectors[0]!.name);
    await database.query(`DROP SCHEMA ${id} CASCADE`);
  }
  await database.end();
} finally {
  await stack.stop();
  await rm(dir, { recursive: true, force: true });
}

function varying(config: Readonly<Record<string, string>>, { 'connection.url': url, ...change }: Change): Record<string, string> {
  const address = url === undefined ? config['connection.url']! : config['connection.url']!.replace('reWriteBatchedInserts=true', url);
  return { ...config, ...change, 'connection.url': address };
}
