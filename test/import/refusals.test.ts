import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { klaviyoSettings } from '../../producers/klaviyo/settings.ts';
import { pendo } from '../../producers/pendo/index.ts';
import type { ConnectionSettings } from '../../src/config/settings.ts';
import { takeLock } from '../../src/core/lock.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { connectSftp } from '../../src/import/connect.ts';
import { importsFolder, jobToResume, writeJob } from '../../src/import/job.ts';
import { checkPublicKey, ownKey } from '../../src/import/keys.ts';
import { noMapping, parsePairs } from '../../src/import/mapping.ts';
import { makeKeyPair } from '../../src/import/openssh-key.ts';
import { queryToFile } from '../../src/import/query.ts';
import { sftpAccess, startImport } from '../../src/import/start-import.ts';
import { uploadParts } from '../../src/import/upload.ts';
import { warehouseOf } from '../../src/import/warehouse.ts';
import type { ImportRecord } from '../../src/kafka/meta/imports.ts';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { startCommand } from '../support/command.ts';
import { eagerClock } from '../support/eager-clock.ts';
import { check, folder, NOW } from './check.ts';

const never = new AbortController().signal;
const refusal = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
};
const told = (kind: string, code: string, message: RegExp, remedy: RegExp) => ({
  kind,
  code,
  message: expect.stringMatching(message) as string,
  remedy: expect.stringMatching(remedy) as string,
});

test.each([
  ['a quote that stays open', 'Email,City\na@x.test,"Opole\n', 'import:csv', /people\.csv, line 2.*never closed/, /Close it/],
  ['an encoding that nobody can tell', Buffer.from([0x45, 0x0a, 0x81, 0x0a]), 'import:encoding', /people\.csv.*line 2/, /UTF-8/],
  ['no column that tells who', 'City\nOpole\n', 'import:header', /No column identifies/, /--map email=.*Line 1 has City/],
])('a file with %s says where, and what to do', async (_, content, code, message, remedy) => {
  expect(await refusal(() => check(content))).toMatchObject(told('config', code, message, remedy));
});

test('a mapping that is none says how one is written', async () => {
  expect(await refusal(() => parsePairs('email'))).toMatchObject(
    told('config', 'import:mapping', /"email".* is not a pair/, /column=COLUMN/),
  );
});

test('a private key in the place of the public one is refused, and is not repeated', async () => {
  const { private: secret } = makeKeyPair('mine');
  const error = await refusal(() => checkPublicKey(secret, 'mine'));
  expect(error).toMatchObject(told('config', 'import:key', /^mine is a private key/, /ends with \.pub/));
  expect(JSON.stringify(error)).not.toContain(secret.split('\n')[1]);
});

const account = (sftp?: object): ConnectionSettings =>
  ({
    name: 'shop',
    source: klaviyo,
    settings: klaviyoSettings.parse({ api_key: 'pk_x', ...(sftp === undefined ? {} : { sftp }) }),
  }) as never;

test('a connection that takes no files, or whose user is not named, says what to set', async () => {
  const noFiles = { name: 'product', source: pendo, settings: {} } as unknown as ConnectionSettings;
  expect(await refusal(() => sftpAccess(noFiles, folder(), () => undefined))).toMatchObject(
    told('config', 'import:source', /Pendo accepts no files.*product/, /--connection/),
  );
  expect(await refusal(() => sftpAccess(account(), folder(), () => undefined))).toMatchObject(
    told('config', 'import:settings', /do not name the user with which shop/, /connections\.shop\.settings\.sftp\.user/),
  );
});

test('a second import of the same kind into one account says which process is at it, and how to go on', async () => {
  const dataDir = folder();
  ownKey(dataDir);
  const file = join(dataDir, 'people.csv');
  writeFileSync(file, 'Email\na@x.test\n');
  const lock = await takeLock(join(importsFolder(dataDir), 'shop-profiles.lock'));
  const request = {
    ...{
      connection: account({ user: 'u' }),
      dataDir,
      file,
      kind: 'profiles' as const,
      mapping: noMapping,
      consent: false,
      strict: false,
      by: 'ada',
    },
    ...{ clock: eagerClock(), signal: never, onEvent: () => undefined, redactor: createRedactor() },
    // Nothing is written before the lock is held.
    access: {} as KafkaAccess,
  } as const;
  const busy = new RegExp(`Another import of profiles into shop is running \\(process ${process.pid}\\)`);
  expect(await refusal(() => startImport(request))).toMatchObject(
    told('config', 'import:busy', busy, /tributary import resume [0-9a-f-]{36}/),
  );
  if ('release' in lock) await lock.release();
});

test('nothing to resume, and more than one, are told apart', async () => {
  const dataDir = folder();
  expect(await refusal(() => jobToResume(dataDir, undefined))).toMatchObject(
    told('config', 'import:resume', /no import to resume/, /import list/),
  );
  const ids = [1, 2].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
  for (const importId of ids) {
    mkdirSync(join(importsFolder(dataDir), importId), { recursive: true });
    writeJob(dataDir, {
      ...{ v: 1, parts: [{ name: 'p', path: 'p', rows: 1, bytes: 1 }], sample: [], events: undefined },
      record: { importId, at: 1 } as ImportRecord,
    } as never);
  }
  expect(await refusal(() => jobToResume(dataDir, undefined))).toMatchObject(
    told('config', 'import:resume', /There are 2 imports/, new RegExp(ids.join(', '))),
  );
});

test.each([
  ['a statement that changes something', 'DELETE FROM people', 'config', 'import:query', /not a SELECT/, /one statement that reads/],
  [
    'a warehouse that does not answer',
    'SELECT 1',
    'transient',
    'import:warehouse',
    /landing dwh at 127\.0\.0\.1:1.*cannot be opened/,
    /PGHOST/,
  ],
])('a query: %s', async (_, query, kind, code, message, remedy) => {
  const client = { host: '127.0.0.1', port: 1, user: 'u', password: 'S3cret-pass', database: 'd' };
  const warehouse = { name: 'dwh', where: '127.0.0.1:1/d', client };
  const error = await refusal(() => queryToFile({ query, warehouse: warehouse as never, folder: folder(), now: NOW, signal: never }));
  expect(error).toMatchObject(told(kind, code, message, remedy));
  expect(JSON.stringify(error)).not.toContain('S3cret-pass');
});

test('a landing that is not there is named, with what there is', async () => {
  expect(await refusal(() => warehouseOf({}, 'dwh', {}))).toMatchObject(
    told('config', 'import:warehouse', /no landing dwh/, /Export the rows|Name one/),
  );
});

/** An SFTP server that takes everything, and answers a question about a file as it is told to. */
async function server(answers: { readonly write?: number; readonly size?: number }) {
  const { OK } = ssh2.utils.sftp.STATUS_CODE;
  const ssh = new ssh2.Server({ hostKeys: [makeKeyPair('host').private] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => context.accept());
    client.on('session', (accept) =>
      accept().on('sftp', (open) => {
        const sftp = open();
        sftp.on('OPEN', (id) => void sftp.handle(id, Buffer.from('h')));
        sftp.on('STAT', (id) => void sftp.status(id, ssh2.utils.sftp.STATUS_CODE.NO_SUCH_FILE));
        sftp.on('WRITE', (id) => void sftp.status(id, answers.write ?? OK, 'no reason'));
        sftp.on('FSTAT', (id) => void sftp.attrs(id, { mode: 0o100_600, uid: 1, gid: 1, size: answers.size ?? 0, atime: 1, mtime: 1 }));
        sftp.on('CLOSE', (id) => void sftp.status(id, OK));
      }),
    );
  });
  const listening = createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket));
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void listening.close());
  const { port } = listening.address() as AddressInfo;
  return { host: '127.0.0.1', port, user: 'u', key: makeKeyPair('own').private, knownHosts: join(folder(), 'known.json') };
}

async function upload(answers: Parameters<typeof server>[0], before: (path: string) => void = () => undefined, signal = never) {
  const dir = folder();
  const path = join(dir, 'part.csv');
  const text = 'Email\na@x.test\n';
  writeFileSync(path, text);
  const parts = [{ name: 'part.csv', path, rows: 1, bytes: text.length }] as never;
  const access = await server(answers);
  before(path);
  return refusal(() => uploadParts({ access, kind: 'profiles', parts, clock: eagerClock(), signal, onSent: () => undefined }));
}

test('a server that stores nothing, or less than it was sent, is named with the file, and it is tried again', async () => {
  const { FAILURE } = ssh2.utils.sftp.STATUS_CODE;
  expect(await upload({ write: FAILURE })).toMatchObject(
    told('transient', 'import:server', /could not store part\.csv \(no reason\)/, /tried again/),
  );
  expect(await upload({ size: 3 })).toMatchObject(told('transient', 'import:size', /3 bytes of part\.csv, which has 15/, /sent again/));
});

test('rows that became fewer while they were sent are not taken for the whole file', async () => {
  const error = await upload({}, (path) => truncateSync(path, 0));
  expect(error).toMatchObject(told('config', 'import:part', /part\.csv became shorter/, /Import the file again/));
});

test('a stop before the first row says that nothing was sent', async () => {
  const stopped = AbortSignal.abort();
  expect(await refusal(() => check('Email\na@x.test\n', { signal: stopped }))).toMatchObject({
    kind: 'stopped',
    code: 'import:stopped',
    message: expect.stringMatching(/stopped; nothing was sent/) as string,
  });
});

test('a server that is not there is named with its port', async () => {
  const access = { ...(await server({})), port: 1 };
  expect(await refusal(() => connectSftp(access, never))).toMatchObject(
    told('transient', 'import:unreachable', /127\.0\.0\.1:1 is not reachable over SFTP/, /sftp\.host and sftp\.port/),
  );
});

test('a command that names no file, one that is not there, or no country, ends before anything is asked', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'tributary.yaml'), 'connections:\n  klaviyo: { settings: { api_key: pk_x } }\n');
  writeFileSync(join(dir, 'there.csv'), 'Email\n');
  for (const [args, message, remedy] of [
    [[], /Either files or --query/, /Give one of the two/],
    [['absent.csv'], /absent\.csv does not exist/, /Check the path/],
    [['there.csv', '--country', 'XX'], /--country XX/, /two letters/],
  ] as const) {
    const { code, err } = await startCommand({ sources: [klaviyo], cwd: dir }, ['--log-format', 'json', 'import', 'profiles', ...args])
      .ended;
    const { msg, ...more } = JSON.parse(err) as Record<string, unknown>;
    expect([code, msg, more]).toEqual([
      2,
      expect.stringMatching(message),
      expect.objectContaining({ code: 'import:usage', remedy: expect.stringMatching(remedy) as string }),
    ]);
  }
});
