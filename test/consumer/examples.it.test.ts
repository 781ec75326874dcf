import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { sources } from '../../producers/index.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { defaultsOf } from '../../src/config/source-defaults.ts';
import { javaTypes } from '../../src/record/types/java.ts';
import { pythonTypes } from '../../src/record/types/python.ts';
import { avroConverter, type JarSet } from '../../src/stack/artifacts.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { javaCommand } from '../../src/config/env.ts';
import { compileJava, JAVA, jarsOf } from '../landing/java.ts';
import { CONSUMER_PACKAGES, pythonWithPackages } from '../setup/python.mjs';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import streamsFiles from './streams.lock.json' with { type: 'json' };
import { kafkaLogin, stackLogin } from '../support/login.ts';
import { javaPrograms, nodeProgram, pythonProgram, snippet, type Where } from './page.ts';

const kafkaStreams: JarSet = {
  kind: 'jars',
  title: 'Kafka Streams 4.3.1 (94 MB)',
  folder: 'kafka-streams-4.3.1-r2',
  coordinates: ['org.apache.kafka:kafka-streams:4.3.1'],
  files: streamsFiles,
};
const house = join(import.meta.dirname, '..', '..');
const examples = join(house, 'examples', 'consumers');
const defined = sources.map((source) => ({ name: source.name, tables: source.tables(defaultsOf(source)) }));

let folder: string;
let vendor: KlaviyoSimulator;
let opened: TestEngine;
const prefix = `exam${randomBytes(5).toString('hex')}`;
/** Profile id to e-mail address, as the vendor has them. */
const profiles = (): Map<string, string | null> =>
  new Map(
    [...vendor.truth.profiles()].map((row) => [row.id, (row.resource() as { attributes: { email: string | null } }).attributes.email]),
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-consumers-'));
  const stack = inject('stack');
  vendor = await startKlaviyoSimulator({ now: Date.UTC(2026, 5, 10), profiles: 250, events: 900, limits: false });
  opened = await openTestEngine({
    ...stack,
    prefix,
    clock,
    connections: [{ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: vendor.url, sweep_every: '0h' } }],
  });
  // A delete, so that the topic has a marker and a tombstone.
  await sync();
  vendor.change.deleteProfiles({ count: 1 });
  vendor.clock.advance(3_600_000);
  await sync();
  await sync();
  const where = { brokers: stack.brokers, registry: { url: stack.registryUrl, ...stackLogin() }, prefix, ...kafkaLogin() };
  writeFileSync(join(folder, 'where.json'), JSON.stringify(where));
});
afterAll(async () => {
  await opened?.close();
  await vendor?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The vendor's time stands still, so that its truth does; ours has to move, and never far ahead of it. */
let began = performance.now();
const clock: Clock = { now: () => vendor.clock.now() + Math.floor(performance.now() - began), timer: systemClock.timer };

async function sync(): Promise<void> {
  const passed = Math.floor(performance.now() - began);
  began += passed;
  vendor.clock.advance(passed);
  for (const { ref, outcome, error } of await opened.engine.sync([{ connection: 'klaviyo' }], new AbortController().signal))
    expect(outcome, `${ref.table}: ${error?.message}`).toBe('succeeded');
}

function ran(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: folder, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${command}: ${stderr}`)),
    );
  });
}

const lines = (text: string): { id: string; email?: string | null; deleted?: boolean }[] =>
  text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { id: string });

test('Node: profiles.ts tells every profile, and the second time only what has changed since', async () => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(house, join(folder, 'node_modules', 'tributary'));
  copyFileSync(join(examples, 'profiles.ts'), join(folder, 'profiles.mts'));
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { paths: { 'tributary/*': [join(house, 'exports', '*.ts')] } } }),
  );
  const run = () => ran(process.execPath, ['--import', fileURLToPath(import.meta.resolve('tsx')), 'profiles.mts']);
  const known = new Map<string, string | null>();
  const told = lines(await run());
  for (const { id, email = null, deleted } of told)
    if (deleted) known.delete(id);
    else known.set(id, email);
  expect(known).toEqual(profiles());
  expect(told.filter(({ deleted }) => deleted)).toHaveLength(1);
  expect(await run()).toBe('');
  vendor.change.updateProfiles({ count: 1 });
  vendor.clock.advance(3_600_000);
  await sync();
  expect(lines(await run())).toHaveLength(1);
});

test('Python: profiles.py with confluent-kafka and the generated types reads the table', async () => {
  for (const { path, text } of pythonTypes(defined)) writeFileSync(join(folder, path), text);
  copyFileSync(join(examples, 'profiles.py'), join(folder, 'profiles.py'));
  const found = lines(await ran(pythonWithPackages(CONSUMER_PACKAGES), ['profiles.py', 'where.json']));
  expect(new Map(found.map(({ id, email = null }) => [id, email]))).toEqual(profiles());
});

test('Java: every row type compiles', async () => {
  const written = javaTypes(defined).map(({ path, text }) => {
    mkdirSync(dirname(join(folder, 'java', path)), { recursive: true });
    writeFileSync(join(folder, 'java', path), text);
    return join(folder, 'java', path);
  });
  const out = join(folder, 'classes');
  await compileJava(written, await jarsOf(avroConverter), out);
  expect(readdirSync(join(out, 'tributary'))).toHaveLength(written.length);
});

describe('the snippets of docs/consumers.md', () => {
  const place = (): Where => ({ topic: `${prefix}.klaviyo.profile`, ids: [...profiles().keys()] });
  const emails = (out: string): Map<string, string | null> =>
    new Map((JSON.parse(out) as { id: string; email: string | null }[]).map(({ id, email }) => [id, email]));

  test('Node: the table, also with longs as BigInt', async () => {
    const page = join(folder, 'page');
    mkdirSync(page);
    symlinkSync(join(house, 'node_modules'), join(page, 'node_modules'));
    writeFileSync(join(page, 'page.mjs'), nodeProgram(place()));
    for (const how of ['plain', 'wide']) expect(emails(await ran(process.execPath, [join(page, 'page.mjs'), how]))).toEqual(profiles());
  });

  test('Node: integers beyond 2^53 come back as they are, and timestamps as numbers', async () => {
    // As the columns of our schemas are.
    const fields = [
      { name: 'wide', type: ['null', 'long'] },
      { name: 'key', type: 'long' },
      { name: 'at', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }] },
    ];
    const code = `const schema = ${JSON.stringify({ type: 'record', name: 'Row', fields })};\n${snippet('Integers beyond 2^53', 'js')}
const row = type.fromBuffer(Buffer.from(process.argv[2], 'hex'));
console.log(Object.values(row).map((value) => typeof value + ' ' + value).join());
if (!type.toBuffer(row).equals(Buffer.from(process.argv[2], 'hex'))) throw new Error('written otherwise');`;
    writeFileSync(join(folder, 'page', 'wide.mjs'), code);
    // Zigzag varints as Java writes them: 2^61 - 1, -2^63 and 1,000 ms.
    const bytes = `02${'feffffffffffffff3f'}${'ffffffffffffffffff01'}02d00f`;
    expect(await ran(process.execPath, [join(folder, 'page', 'wide.mjs'), bytes])).toBe(
      'bigint 2305843009213693951,bigint -9223372036854775808,number 1000\n',
    );
  });

  test('Python: the table', async () => {
    writeFileSync(join(folder, 'page.py'), pythonProgram(place()));
    expect(emails(await ran(pythonWithPackages(CONSUMER_PACKAGES), ['page.py']))).toEqual(profiles());
  });

  test('Java and Kafka Streams: they compile, and the join tells every event with its profile, and again when that is gone', async () => {
    const written = Object.entries(javaPrograms({ prefix })).map(([path, text]) => {
      mkdirSync(dirname(join(folder, 'snippets', path)), { recursive: true });
      writeFileSync(join(folder, 'snippets', path), text);
      return join(folder, 'snippets', path);
    });
    const out = join(folder, 'snippet-classes');
    const libraries = [...(await jarsOf(kafkaStreams)), ...(await jarsOf(avroConverter))];
    await compileJava(written, libraries, out);
    expect(readdirSync(out)).toEqual(expect.arrayContaining(['Joining.class', 'Reading.class']));

    const joining = spawn(javaCommand(), [...JAVA, '-cp', [out, ...libraries].join(delimiter), 'Joining'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    joining.stderr.on('data', (chunk) => (said = `${said}${String(chunk)}`.slice(-4_000)));
    const ended = new Promise((resolve) => joining.once('exit', resolve));
    const joined = (): Promise<unknown> =>
      readFile(join(folder, 'joined.json'), 'utf8').then(
        (text) => new Map(Object.entries(JSON.parse(text) as object)),
        () => (joining.exitCode === null ? undefined : said),
      );
    const expected = async (): Promise<Map<string, string | null>> => {
      const { rows } = await opened.readTable('event');
      const emails = profiles();
      const emailOf = (id: string): string | null => (emails.has(id) ? (emails.get(id) ?? null) : 'no profile');
      return new Map([...rows.values()].map((row) => [String(row['id']), emailOf(String(row['profile_id']))]));
    };
    try {
      const first = await expected();
      expect(first.size).toBeGreaterThan(500);
      await expect.poll(joined, { timeout: 240_000 }).toEqual(first);
      // All of one's events lose their profile.
      const [gone] = [...(await opened.readTable('event')).rows.values()].map((row) => String(row['profile_id']));
      vendor.change.deleteProfiles({ ids: [gone ?? ''] });
      for (let listings = 0; listings < 2; listings += 1) {
        vendor.clock.advance(3_600_000);
        await sync();
      }
      const second = await expected();
      expect(second).not.toEqual(first);
      await expect.poll(joined, { timeout: 240_000 }).toEqual(second);
    } finally {
      joining.kill('SIGKILL');
      await ended;
    }
  }, 600_000);
});
