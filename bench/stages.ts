import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { klaviyo } from '../producers/klaviyo/index.ts';
import { asObject } from '../src/sdk/readers/resume.ts';
import { checkedRows } from '../src/core/checked-rows.ts';
import { parseJson } from '../src/core/json/parse.ts';
import type { JsonObject, Row } from '../src/core/types.ts';
import { keepHeapSmall } from '../src/engine/small-heap.ts';
import { entriesOf, messagesOf } from '../src/engine/messages-of.ts';
import { chunksOf, placed } from '../src/kafka/chunks.ts';
import { packedMessages } from '../src/kafka/packed-records.ts';
import { compileTable } from '../src/record/codec.ts';
import { compileRow } from '../src/record/row.ts';
import type { CompiledRow } from '../src/record/row.ts';
import { diffBatch } from '../src/state/diff.ts';
import { openLiveIndex } from '../src/state/live-index.ts';

/**
 * What each stage of a back-fill of events costs, CPU time of all threads per row, without network and broker:
 *
 *   npx tsx bench/stages.ts [rows]          compiled: node dist/bench/bench/stages.js [rows]
 *
 * Pages come from the simulator before the clock starts. Beside it what a script does without any of our promises
 * (JSON.parse, JSON.stringify, kafkajs's own encoding). From the stages' figures follows what more cores can give.
 */
const require = createRequire(import.meta.url);
type Produce = (request: object) => { encode(): Promise<{ readonly buffer: Buffer }> };
const produce = require('kafkajs/src/protocol/requests/produce/v7/request.js') as Produce;
const toPartitions = require('kafkajs/src/producer/groupMessagesPerPartition.js') as (how: object) => Record<string, unknown[]>;

const wanted = Number(process.argv[2] ?? 100_000);
const PAGE = 1_000;
const PARTITIONS = 3;
const BATCH = 3;

async function pages(): Promise<Buffer[]> {
  const compiled = import.meta.url.endsWith('.js');
  const file = fileURLToPath(new URL(`../simulators/klaviyo/main.${compiled ? 'js' : 'ts'}`, import.meta.url));
  const loader = compiled ? [] : ['--import', 'tsx'];
  const child = spawn(process.execPath, [...loader, file, '--events', String(wanted), '--profiles', '5000', '--no-limits'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let base = '';
    for await (const line of createInterface(child.stdout)) {
      base = (JSON.parse(line) as { url: string }).url;
      break;
    }
    const since = new Date(Date.now() - 365 * 86_400_000).toISOString().replace(/\.\d+Z/, 'Z');
    const filter = encodeURIComponent(`greater-or-equal(datetime,${since})`);
    let url: string | null = `${base}/api/events?filter=${filter}&sort=datetime&include=metric&page%5Bsize%5D=${PAGE}`;
    const all: Buffer[] = [];
    while (url !== null) {
      const answer = await fetch(url, { headers: { Authorization: 'Klaviyo-API-Key pk_simulator_000', revision: '2026-07-15' } });
      const body = Buffer.from(await answer.arrayBuffer());
      all.push(body);
      url = (JSON.parse(String(body)) as { links: { next?: string | null } }).links.next ?? null;
    }
    return all;
  } finally {
    child.kill();
  }
}

const spent = new Map<string, number>();

/** Adds the CPU time of the work to that stage. */
async function stage<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  spent.set(name, (spent.get(name) ?? 0) + user + system);
  return result;
}

async function request(
  messages: readonly unknown[],
  partitioner: (how: { message: { key: Buffer } }) => number,
  compression: number,
): Promise<Buffer> {
  const lines = toPartitions({ topic: 't', partitionMetadata: [{}], messages, partitioner });
  const partitions = Object.entries(lines).map(([partition, its]) => ({ partition: Number(partition), firstSequence: 0, messages: its }));
  return (await produce({ acks: -1, timeout: 1, transactionalId: 'x', compression, topicData: [{ topic: 't', partitions }] }).encode())
    .buffer;
}

function rowsOf(document: JsonObject): Row[] {
  const metrics = new Map((document.included as readonly JsonObject[]).map((metric) => [metric.id, metric]));
  return checkedRows(document.data as readonly Row[]).map((event) => {
    const id = asObject(asObject(asObject(event.relationships)?.metric)?.data)?.id;
    return { ...event, metric: metrics.get(id as string) ?? null };
  });
}

keepHeapSmall();
const folder = mkdtempSync(join(tmpdir(), 'tributary-stages-'));
const definition = klaviyo.tables(klaviyo.settings.parse({ api_key: 'x' })).find(({ name }) => name === 'event');
if (definition === undefined) throw new Error('no table of events');
const codec = compileTable('klaviyo', definition);
const compile = compileRow(definition, codec, { maxBytes: 1_000_000 });
const index = openLiveIndex(folder, { topic: 't', valueSchemaId: 2 });
const bodies = await pages();

/** One pass over all pages in batches, as the engine goes; `again` finds every row unchanged. */
async function pass(again: boolean): Promise<number> {
  const at = (name: string): string => (again ? `again: ${name}` : name);
  let rows = 0;
  let offset = index.coveredOffsets().get(0) ?? 0n;
  for (let from = 0; from < bodies.length; from += BATCH) {
    const diff = diffBatch((keyHash) => index.get(keyHash), definition?.newer);
    for (const body of bodies.slice(from, from + BATCH)) {
      const document = await stage(at('parse'), () => parseJson(body.toString('utf8')) as JsonObject);
      const read = await stage(at('rows of the page'), () => rowsOf(document));
      const compiled = await stage(at('record, bytes, hashes'), () => read.map((row) => compile(row) as CompiledRow));
      await stage(at('compare with the index'), () => diff.add(compiled));
      rows += read.length;
    }
    const upserts = diff.changes();
    if (upserts.length === 0) continue;
    const messages = await stage(at('messages'), () =>
      messagesOf({ codec, keySchemaId: 1, valueSchemaId: 2 }, upserts, [], 1_700_000_000_000),
    );
    const headers = { tributary: 'run=00000000-0000-0000-0000-000000000000 schema=7' };
    const rounds = await stage(at('partitions and chunks'), () => chunksOf('t', placed(messages, PARTITIONS, headers)));
    for (const chunks of rounds) {
      await stage(at('request, gzip'), () => request(packedMessages(chunks)[0]?.messages ?? [], () => 0, 1));
      await stage(at('request, none'), () => request(packedMessages(chunks)[0]?.messages ?? [], () => 0, 0));
    }
    offset += BigInt(messages.length);
    await stage(at('write to the index'), () => index.applyInTurns(entriesOf(upserts, []), new Map([[0, offset]])));
  }
  return rows;
}

/** The same pages as a plain script takes them. */
async function plain(): Promise<void> {
  const { Partitioners } = await import('kafkajs');
  const choose = Partitioners.DefaultPartitioner();
  const partitionMetadata = [0, 1, 2].map((partitionId) => ({ partitionErrorCode: 0, partitionId, leader: 1, replicas: [], isr: [] }));
  for (const body of bodies) {
    await stage('plain script: JSON.parse, JSON.stringify, kafkajs', async () => {
      const page = JSON.parse(body.toString('utf8')) as { data: { id: string }[] };
      const messages = page.data.map((row) => ({ key: row.id, value: JSON.stringify(row) }));
      await request(messages, ({ message }) => choose({ topic: 't', partitionMetadata, message: message as never }), 0);
    });
  }
}

const rows = await pass(false);
await pass(true);
await plain();
await index.close();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`${rows} rows, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}; CPU, µs per row\n`);
for (const [name, micros] of spent) process.stdout.write(`${(micros / rows).toFixed(2).padStart(8)}  ${name}\n`);
const sum = (of: (name: string) => boolean): string =>
  ([...spent].filter(([name]) => of(name)).reduce((total, [, micros]) => total + micros, 0) / rows).toFixed(1);
process.stdout.write(
  `first pass, default compression ${sum((name) => !/^again|none|plain/.test(name))}; none ${sum((name) => !/^again|gzip|plain/.test(name))}; again ${sum((name) => name.startsWith('again'))}\n`,
);
