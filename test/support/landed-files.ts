import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { folderOf } from '../../src/landing/files.ts';
import { s3Landing } from '../../src/landing/settings.ts';
import { tableTopic } from '../../src/kafka/meta/topic-names.ts';
import { pythonWithPackages } from '../setup/python.mjs';
import type { SharedStack } from '../setup/stack.ts';
import type { TestEngine } from './engine.ts';
import { applyTo, keyOf, native, typesOf, type TestLanding } from './landed.ts';

/**
 * The topics of a test engine in files on an S3 server (moto), their current rows read by DuckDB. The stack's Kafka Connect needs
 * the plugin of Aiven's S3 sink, which is not on Maven Central (`scripts/dev-stack.ts --plugins`).
 */
export async function landInS3(stack: SharedStack, engine: TestEngine): Promise<TestLanding> {
  const { prefix, connections } = engine.settings;
  const bucket = prefix.toLowerCase();
  const folder = await mkdtemp(join(tmpdir(), 'tributary-files-'));
  const store = await startStore();
  await store.ask({ bucket, create: true });
  const settings = s3Landing.parse({
    kind: 's3',
    bucket,
    region: 'us-east-1',
    endpoint: store.endpoint,
    // The store takes any.
    access_key_ref: 'env:TRIBUTARY_WAREHOUSE_PASSWORD',
    secret_key_ref: 'env:TRIBUTARY_WAREHOUSE_PASSWORD',
  });
  const applied = await applyTo(stack, engine, settings, async () => undefined);
  return {
    untilLanded: applied.untilLanded,
    async visit(table, row, connection = connections[0]?.name ?? '') {
      const types = typesOf(engine, connection, table);
      const out = join(folder, `${table}.jsonl`);
      await store.ask({
        bucket,
        prefix: folderOf(settings.prefix, tableTopic({ prefix }, connection, table)),
        columns: [...types.keys()],
        key: keyOf(engine, connection, table),
        out,
      });
      for await (const line of createInterface({ input: createReadStream(out, 'utf8'), crlfDelay: Infinity })) {
        const { _synced_at: syncedAt, ...columns } = JSON.parse(line) as Record<string, string | null>;
        row(Object.fromEntries(Object.entries(columns).map(([name, text]) => [name, native(types.get(name), text)])), {
          syncedAt: Number(syncedAt),
          deleted: false,
        });
      }
    },
    async close() {
      await applied.remove();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Store {
  readonly endpoint: string;
  ask(what: object): Promise<object>;
  close(): Promise<void>;
}

async function startStore(): Promise<Store> {
  const server = spawn(pythonWithPackages(), [fileURLToPath(new URL('s3_store.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<object> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the S3 server has ended');
    return JSON.parse(value) as object;
  };
  const { endpoint } = (await answer()) as { readonly endpoint: string };
  return {
    endpoint,
    async ask(what) {
      server.stdin.write(`${JSON.stringify(what)}\n`);
      return answer();
    },
    async close() {
      server.stdin.end();
      if (server.exitCode === null) await once(server, 'exit');
    },
  };
}
