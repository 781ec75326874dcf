import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { makeKeyPair } from '../../src/import/openssh-key.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { echoed, shownIn } from '../hostile/echo.ts';
import { accessTo } from '../kafka/support.ts';
import { startCommand } from '../support/command.ts';
import { eagerClock } from '../support/eager-clock.ts';
import { folder } from './check.ts';
import { writeKlaviyoSettings } from './command.ts';

/* What an SFTP server says goes into messages, the log and the record of the import. It may say anything. */

const { FAILURE, PERMISSION_DENIED } = ssh2.utils.sftp.STATUS_CODE;

/** A server that says all the secrets in its banner and in whatever it refuses. */
async function echoSftp(secrets: readonly string[], refuses: { readonly key: boolean; readonly code: number; readonly because: string }) {
  const text = `${refuses.because} ${echoed(secrets)}`;
  const ssh = new ssh2.Server({ hostKeys: [makeKeyPair('host').private], banner: text }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => (refuses.key ? context.reject() : context.accept()));
    client.on('session', (accept) =>
      accept().on('sftp', (open) => {
        const sftp = open();
        const refuse = (id: number): void => void sftp.status(id, refuses.code, text);
        sftp.on('STAT', refuse).on('OPEN', refuse);
      }),
    );
  });
  const server = createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const passphrase = `pass/+&<"'=%${randomBytes(6).toString('hex')}`;
const pair = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, passphrase, cipher: 'aes256-cbc', rounds: 16 });
const lines = pair.private.split('\n').filter((line) => line.length > 20 && !line.startsWith('---'));

async function desk(port: number, sftp: Readonly<Record<string, unknown>> = {}) {
  const dir = folder();
  const prefix = `sftp${randomBytes(4).toString('hex')}`;
  const key = join(dir, 'id');
  writeFileSync(key, pair.private, { mode: 0o600 });
  const settings = {
    api_key: 'pk_x',
    base_url: 'http://127.0.0.1:9',
    sftp: { host: '127.0.0.1', port, user: 'u', key_file: key, passphrase, ...sftp },
  };
  writeKlaviyoSettings(dir, prefix, settings);
  writeFileSync(join(dir, 'people.csv'), 'Email\na@import.test\n');
  return {
    prefix,
    async run(...args: string[]) {
      const { code, out, err } = await startCommand({ sources: [klaviyo], cwd: dir, clock: eagerClock() }, args).ended;
      return { code, said: `${out}\n${err}` };
    },
  };
}

test.each([
  ['refuses the key', { key: true, code: FAILURE, because: '' }, 2],
  ['refuses the folder', { key: false, code: PERMISSION_DENIED, because: 'no' }, 2],
  ['has no space', { key: false, code: FAILURE, because: 'no space left' }, 2],
  ['fails again and again', { key: false, code: FAILURE, because: 'oops' }, 1],
])('a server that %s shows nothing of the key or its passphrase, whatever it says', { timeout: 120_000 }, async (_what, refuses, ends) => {
  const secrets = [passphrase, ...lines, 'pk_x_of_the_api'];
  const { prefix, run } = await desk(await echoSftp([passphrase, ...lines], refuses));
  const outputs: Record<string, string> = {};
  const first = await run('--verbose', 'import', 'profiles', 'people.csv');
  expect([first.code, first.said]).toEqual([ends, expect.stringContaining('tributary import')]);
  outputs['terminal'] = first.said;
  outputs['log'] = (await run('--log-format', 'json', '--verbose', 'import', 'resume')).said;
  outputs['list'] = (await run('import', 'list')).said;
  outputs['list as JSON'] = (await run('import', 'list', '--json')).said;
  const access = accessTo(prefix);
  for (const name of ['_imports', '_runs']) {
    let text = '';
    await readTopics(access, [{ topic: `${prefix}.${name}` }], async ({ key, value, headers }) => {
      text += `${key?.toString() ?? ''} ${value?.toString() ?? ''} ${JSON.stringify(headers)}\n`;
    });
    outputs[name] = text;
  }
  expect(outputs['_imports']).toContain('"failed"');
  expect(Object.entries(outputs).flatMap(([where, text]) => shownIn(text, secrets).map((what) => `${where}: ${what}`))).toEqual([]);
});

test('neither does a key that cannot be opened, nor one that was typed where its file belongs', { timeout: 60_000 }, async () => {
  const wrong = `not-${passphrase}`;
  const opened = await (await desk(1, { passphrase: wrong })).run('--verbose', 'import', 'profiles', 'people.csv');
  expect(opened.said).toMatch(/passphrase .*is wrong/);
  const typed = await (
    await desk(1, { key_file: pair.private.replaceAll('\n', ' ') })
  ).run('--verbose', 'import', 'profiles', 'people.csv');
  expect(typed.said).toMatch(/line \d+: .*sftp.key_file must be the path of a file, not the key itself/);
  for (const { code, said } of [opened, typed]) {
    expect(code).toBe(2);
    expect(shownIn(said, [passphrase, wrong, ...lines])).toEqual([]);
  }
});
