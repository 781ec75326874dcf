import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusedPort } from '../support/refused-port.ts';
import { main } from '../../src/cli/main.ts';
import { systemClock } from '../../src/core/clock.ts';
import { sampleSource } from '../config/sample-source.ts';
import { programArguments } from '../support/program.ts';

const entry = fileURLToPath(new URL('tributary.ts', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
const secret = 'sk_very_secret_key';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process, with surroundings of its own. */
async function tributary(args: readonly string[], variables: Record<string, string> = {}): Promise<Ended> {
  const texts = { out: '', err: '' };
  const stream = (to: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        texts[to] += String(chunk);
        done();
      },
    });
  const code = await main(
    {
      sources: [sampleSource],
      version,
      stdout: stream('out'),
      stderr: stream('err'),
      variables,
      noColours: true,
      cwd: folder,
      clock: systemClock,
      random: Math.random,
      onSignal: () => () => undefined,
      exitNow: () => undefined,
    },
    args,
  );
  return { code, ...texts };
}

/** Runs the command as a user does: a process of its own. */
function asProcess(args: readonly string[], variables: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...programArguments(entry), ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const good = `connections:\n  sample:\n    settings:\n      api_key: \${SAMPLE_API_KEY}\n`;

const commands = [
  'init',
  'check',
  'discover',
  'docs',
  'sync',
  'run',
  'status',
  'runs',
  'peek',
  'notify test',
  'pause',
  'resume',
  'trigger',
  'backfill',
  'verify',
  'state show',
  'state reset',
  'state export',
  'dead-letters list',
  'deletes list',
  'deletes allow',
  'schemas list',
  'schemas check',
  'schemas generate',
  'schemas settings',
  'demo',
  'doctor',
];

describe('help', () => {
  test.each(commands)('%s --help explains itself with an example', async (command) => {
    const { code, out, err } = await tributary([...command.split(' '), '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Usage: tributary ${command}`);
    expect(out).toMatch(/Example:\n {2}\$ tributary /);
  });

  test('the program lists every command and the exit codes', async () => {
    const { code, out } = await tributary(['--help']);
    expect(code).toBe(0);
    for (const command of commands) expect(out).toContain(`\n  ${command.split(' ')[0]}`);
    expect(out).toContain('130 interrupted');
  });
});

describe('wrong usage ends with 2 and a suggestion', () => {
  test.each<[readonly string[], RegExp]>([
    [['chekc'], /unknown command 'chekc'\n\(Did you mean check\?\)/],
    [['sync', '--jsno'], /unknown option '--jsno'\n\(Did you mean --json\?\)/],
    [['pause'], /missing required argument/],
    [['backfill', 'sample', '--history', '2y'], /Allowed choices are 30d, 90d, 1y, all/],
    [['backfill', 'sample', '--history', '30d', '--from', '01/01/2025'], /cannot be used with/],
    [['dead-letters', 'list', '--last', 'few'], /whole number above 0/],
    [['init', 'sampel'], /No source is called sampel; did you mean sample\?/],
  ])('%j', async (args, message) => {
    const { code, out, err } = await tributary(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
    expect(out).toBe('');
  });

  test('no command at all shows the help', async () => {
    const { code, err } = await tributary([]);
    expect(code).toBe(2);
    expect(err).toContain('Usage: tributary');
  });
});

describe('settings', () => {
  test.each(['check', 'sync', 'run', 'status', 'verify sample.person', 'pause sample', 'doctor'])(
    '%s with no settings file says how to get one',
    async (command) => {
      const { code, out, err } = await tributary([...command.split(' '), '--config', 'missing.yaml']);
      expect(code).toBe(2);
      expect(out + err).toContain('missing.yaml');
      expect(out + err).toContain('tributary init');
      expect(out + err).not.toMatch(/\n\s+at /);
    },
  );

  test('a bad file ends with 2, names the line, shows no secret and no trace', async () => {
    const config = file('bad.yaml', `${good}      regoin: eu\n    schedule: "every hour"\n`);
    const { code, out, err } = await tributary(['check', '--config', config], { SAMPLE_API_KEY: secret });
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/line 5: .*regoin is not a known setting; did you mean region\?/);
    expect(err).not.toContain(secret);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test('check calls nothing well that it could not look at', async () => {
    const port = await refusedPort();
    const own = `kafka: { brokers: ["127.0.0.1:${port}"] }\nregistry: { url: "http://127.0.0.1:${port}" }\n`;
    const { out } = await tributary(['check', '--config', file('away.yaml', good + own)], { SAMPLE_API_KEY: secret });
    expect(out).toMatch(/^FAIL {2}topics: /m);
    expect(out).not.toMatch(/schemas/);
  });

  test('doctor tells a fault of the settings once, and looks at the folder all the same', async () => {
    const { code, out } = await tributary(['doctor', '--config', file('no-key.yaml', good)], { SAMPLE_API_KEY: '' });
    expect(code).toBe(2);
    expect(out.match(/^FAIL {2}/gm)).toEqual(['FAIL  ']);
    expect(out).toMatch(/^ok {4}data: /m);
  });

  test('names of connections and tables get a suggestion before anything is started', async () => {
    const config = file('good.yaml', good);
    for (const [args, message] of [
      [['sync', 'sampel'], 'No connection is called sampel; did you mean sample?'],
      [['verify', 'sample.visits'], 'sample has no table visits; did you mean visit?'],
      [['verify', 'sample'], 'sample names no table.'],
      [['pause', 'sample.lable'], 'sample has no table lable; did you mean label?'],
      [['backfill', 'sample', '--from', 'yesterday'], '--from "yesterday" is no date'],
    ] as const) {
      const { code, err } = await tributary([...args, '--config', config], { SAMPLE_API_KEY: secret });
      expect({ args, code }).toEqual({ args, code: 2 });
      expect(err).toContain(message);
      expect(existsSync(join(folder, '.tributary'))).toBe(false);
    }
  });

  test('check tries the connection and prints what it found', async () => {
    const config = file('checked.yaml', good);
    const { code, out } = await tributary(['check', '--config', config], { SAMPLE_API_KEY: secret });
    expect(out).toContain('sample: Sample vendor answers as Sample account');
    expect(out).not.toContain(secret);
    expect(code).toBe(0);
  });

  test('check names the broker and the registry that do not answer', async () => {
    const config = file('unreachable.yaml', `${good}kafka: { brokers: ["127.0.0.1:1"] }\nregistry: { url: "http://127.0.0.1:1" }\n`);
    const { code, out, err } = await tributary(['check', '--json', '--config', config], { SAMPLE_API_KEY: secret });
    const found = JSON.parse(out) as { what: string; ok: boolean; text: string; remedy?: string }[];
    expect(code).not.toBe(0);
    expect(found.find(({ what }) => what === 'kafka')).toMatchObject({
      ok: false,
      text: expect.stringContaining('127.0.0.1:1') as string,
      remedy: expect.any(String) as string,
    });
    expect(found.find(({ what }) => what === 'registry')).toMatchObject({
      ok: false,
      text: expect.stringContaining('http://127.0.0.1:1') as string,
    });
    expect(found.find(({ what }) => what === 'sample')).toMatchObject({ ok: true });
    expect(out + err).not.toMatch(/\n\s+at /);
  });
});

describe('talk', () => {
  test('is JSON where the log is, so that a program can read all of standard error', async () => {
    const failed = await tributary(['check', '--config', 'missing.yaml', '--log-format', 'json']);
    expect(failed.code).toBe(2);
    expect(
      failed.err
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([
      expect.objectContaining({
        level: 50,
        msg: expect.stringContaining('There is no settings file') as string,
        remedy: expect.stringContaining('tributary init') as string,
      }),
    ]);
    const said = await tributary(['discover', '--config', 'missing.yaml', '--log-format', 'json']);
    expect(JSON.parse(said.err)).toMatchObject({ level: 30, msg: 'No settings yet: these are the tables of every source.' });
    expect(said.out).toMatch(/^TABLE/);
  });
});

describe('doctor', () => {
  test('--json tells every finding, and a stack whose processes are gone is not running', async () => {
    mkdirSync(join(folder, 'left', 'stack'), { recursive: true });
    const ports = { postgres: 1, kafka: 24_001, controller: 3, registry: 4, registryManagement: 5, connect: 6 };
    writeFileSync(
      join(folder, 'left', 'stack', 'stack.json'),
      JSON.stringify({ version: 1, ports, password: 'pw', clusterId: 'c', pids: { kafka: 4_194_304 } }),
    );
    const { code, out } = await tributary(['doctor', '--json', '--config', file('left.yaml', `data_dir: left\n${good}`)], {
      SAMPLE_API_KEY: secret,
    });
    const found = JSON.parse(out) as { what: string; ok: boolean; text: string }[];
    expect(found.map(({ what }) => what)).toEqual(['tributary', 'node', 'settings', 'java', 'maven', 'cache', 'data']);
    expect(found.at(-1)?.text).toContain('local stack not running, Kafka port 24001');
    // Whatever else Maven writes into a pipe.
    expect(out).not.toContain('\\u001b');
    expect(code).toBe(found.every(({ ok }) => ok) ? 0 : 2);
  });
});

describe('files and folders of the user', () => {
  test.each<[string, readonly string[]]>([
    ['a settings file in a folder that is not there', ['init', '--config', join('nowhere', 'x.yaml')]],
    ['schemas below a file', ['schemas', 'generate', '--dir', join('good.yaml', 'avro')]],
  ])('%s is named, and no fault of the program', async (_, args) => {
    file('good.yaml', good);
    const { code, err } = await tributary(args);
    expect(code).toBe(2);
    expect(err).toContain(folder);
    expect(err).toMatch(/Correct the path/);
    expect(err).not.toMatch(/bug in Tributary|\n\s+at /);
  });

  test('an absolute folder is taken as it is', async () => {
    const dir = join(folder, 'absolute');
    expect((await tributary(['schemas', 'generate', '--dir', dir])).code).toBe(0);
    expect(existsSync(join(dir, 'sample', 'person.value.avsc'))).toBe(true);
  });
});

describe('init', () => {
  test('writes a file that check accepts, and never overwrites one', async () => {
    const config = join(folder, 'fresh.yaml');
    const first = await tributary(['init', 'sample', '--config', config]);
    expect(first).toMatchObject({ code: 0, out: '' });
    expect(first.err).toContain('SAMPLE_API_KEY=...');
    const written = readFileSync(config, 'utf8');
    expect(written).toContain('api_key: ${SAMPLE_API_KEY}');
    expect((await tributary(['discover', '--config', config], { SAMPLE_API_KEY: secret })).code).toBe(0);
    expect((await tributary(['discover', '--config', config])).err).toContain('the environment variable SAMPLE_API_KEY is not set');

    const second = await tributary(['init', '--config', config]);
    expect(second.code).toBe(2);
    expect(second.err).toContain('exists already');
    expect(readFileSync(config, 'utf8')).toBe(written);
  });
});

describe('data and talk', () => {
  test('discover --json is JSON on standard output alone', async () => {
    const { code, out } = await tributary(['discover', '--json', '--config', 'nowhere.yaml']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toContainEqual(
      expect.objectContaining({ connection: 'sample', table: 'visit', key: ['id'], method: 'incremental', deletes: 'none' }),
    );
  });

  test('schemas settings prints a JSON Schema', async () => {
    const { out } = await tributary(['schemas', 'settings']);
    expect(JSON.parse(out)).toMatchObject({ title: 'tributary.yaml', type: 'object' });
  });
});

describe('schemas', () => {
  test('check fails until they are generated, when one is outdated, and when one would break readers', async () => {
    const missing = await tributary(['schemas', 'check', '--dir', 'avro']);
    expect(missing.code).toBe(1);
    expect(missing.err).toContain('sample/person.value.avsc is missing');

    expect((await tributary(['schemas', 'generate', '--dir', 'avro'])).code).toBe(0);
    expect((await tributary(['schemas', 'check', '--dir', 'avro'])).code).toBe(0);

    const path = join(folder, 'avro', 'sample', 'person.value.avsc');
    const schema = JSON.parse(readFileSync(path, 'utf8')) as { fields: { name: string; type: unknown }[] };
    writeFileSync(
      path,
      JSON.stringify(
        { ...schema, fields: schema.fields.map((field) => (field.name === 'name' ? { ...field, type: ['null', 'long'] } : field)) },
        null,
        2,
      ),
    );
    const broken = await tributary(['schemas', 'check', '--dir', 'avro']);
    expect(broken.code).toBe(1);
    expect(broken.err).toContain('sample.person');
    expect((await tributary(['schemas', 'generate', '--dir', 'avro'])).code).toBe(2);
  });

  test('list names every file', async () => {
    expect((await tributary(['schemas', 'list'])).out.trim().split('\n')).toEqual(
      ['person', 'visit', 'label'].flatMap((table) => [`sample/${table}.key.avsc`, `sample/${table}.value.avsc`]),
    );
  });
});

describe('as a process of its own', () => {
  test.each<[string, readonly string[], { code: number; out?: RegExp; err?: RegExp }]>([
    [
      '--version says the version and nothing else',
      ['--version'],
      { code: 0, out: new RegExp(`^${version.replaceAll('.', '\\.')}\\n$`), err: /^$/ },
    ],
    ['help goes to standard output', ['sync', '--help'], { code: 0, out: /Usage: tributary sync/, err: /^$/ }],
    ['a wrong command ends with 2', ['chekc'], { code: 2, out: /^$/, err: /Did you mean check\?/ }],
    [
      'check without settings ends with 2',
      ['check', '--config', 'missing.yaml'],
      { code: 2, out: /^$/, err: /There is no settings file .*\n.*tributary init/ },
    ],
    ['init writes the file', ['init', '--config', 'process.yaml'], { code: 0, out: /^$/, err: /Wrote .*process\.yaml/ }],
    [
      'schemas check ends with 1 when files are missing',
      ['schemas', 'check', '--dir', 'none'],
      { code: 1, out: /^$/, err: /person\.key\.avsc is missing/ },
    ],
    ['check with a secret from .env', ['check', '--config', 'env.yaml'], { code: 0, out: /answers as Sample account/ }],
  ])('%s', async (_, args, expected) => {
    file('env.yaml', good);
    file('.env', `SAMPLE_API_KEY=${secret}\n`);
    const { code, out, err } = await asProcess(args);
    expect({ code, out, err }).toEqual({
      code: expected.code,
      out: expect.stringMatching(expected.out ?? /./) as string,
      err: expect.stringMatching(expected.err ?? /(?:)/) as string,
    });
    expect(out + err).not.toContain(secret);
    expect(out + err).not.toMatch(/\n\s+at /);
  });

  test('a reader that went away changes neither the work nor the exit code', async () => {
    const child = spawn(process.execPath, [...programArguments(entry), 'check', '--config', 'missing.yaml'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    child.stderr.destroy();
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(2);
  });
});
