import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkFile, type CheckedFile } from '../../src/import/check-file.ts';
import type { SftpAccess } from '../../src/import/connect.ts';
import { ownKey, ownKeyFile, privateKey } from '../../src/import/keys.ts';
import { makeKeyPair } from '../../src/import/openssh-key.ts';
import { noMapping } from '../../src/import/mapping.ts';
import { uploadParts } from '../../src/import/upload.ts';
import { startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { startSftp, type SftpSimulator } from '../../simulators/klaviyo/sftp.ts';
import { eagerClock } from '../support/eager-clock.ts';
import { folder, NOW } from './check.ts';

/** Twenty cuts are over at once. */
const eager = eagerClock();

interface Vendor {
  readonly account: KlaviyoSimulator;
  readonly sftp: SftpSimulator;
  readonly access: SftpAccess;
  readonly dir: string;
  upload(checked: CheckedFile, kind: 'profiles' | 'events', signal?: AbortSignal): Promise<string[]>;
  check(kind: 'profiles' | 'events', content: string): Promise<CheckedFile>;
}

async function vendor(hostKey?: string): Promise<Vendor> {
  const dir = folder();
  const account = await startKlaviyoSimulator({ now: NOW, profiles: 20, events: 0, metrics: 3, limits: false });
  const { text } = ownKey(dir);
  const sftp = await startSftp({
    users: { sim_user: text },
    ingest: (kind, file) => void account.ingest(kind, file),
    ...(hostKey === undefined ? {} : { hostKey }),
  });
  onTestFinished(async () => {
    await sftp.close();
    await account.close();
  });
  const access = {
    host: '127.0.0.1',
    port: sftp.port,
    user: 'sim_user',
    key: privateKey(ownKeyFile(dir), undefined),
    knownHosts: join(dir, 'known.json'),
  };
  return {
    account,
    sftp,
    access,
    dir,
    check(kind, content) {
      const file = join(dir, 'file.csv');
      writeFileSync(file, content);
      return checkFile({
        kind,
        file,
        mapping: noMapping,
        consent: false,
        now: NOW,
        folder: join(dir, 'work'),
        signal: new AbortController().signal,
      });
    },
    async upload({ parts }, kind, signal = new AbortController().signal) {
      const sent: string[] = [];
      await uploadParts({ access, kind, parts, clock: eager, signal, onSent: ({ name }) => void sent.push(name) });
      return sent;
    },
  };
}

const ROWS = 300;
const profiles = `Email,First Name,City,Shoe Size\n${Array.from({ length: ROWS }, (_, n) => `i${n}@import.test,"Anna ""${n}""",Łódź,${n % 50}\n`).join('')}`;
const bought = `Email,Metric Name,Timestamp,Value,Note\n${Array.from({ length: ROWS }, (_, n) => `i${n % 70}@import.test,Bought,2026-02-03 04:05:06,${n}.5,n${n}\n`).join('')}`;

/** What the account holds of the file's profiles and events, compared with the file. */
function expectProfiles({ account }: Vendor): void {
  const found = [...account.truth.profiles()]
    .map((row) => row.resource().attributes)
    .filter(({ email }) => String(email).endsWith('@import.test'));
  expect(found.length).toBe(ROWS);
  found.sort((a, b) => Number(/\d+/.exec(a.email)) - Number(/\d+/.exec(b.email)));
  expect(found.map((row) => [row.email, row.first_name, row.location.city, row.properties])).toEqual(
    Array.from({ length: ROWS }, (_, n) => [`i${n}@import.test`, `Anna "${n}"`, 'Łódź', { 'Shoe Size': String(n % 50) }]),
  );
}
function expectEvents({ account }: Vendor): void {
  const notes = [...account.truth.events()].map((row) => row.resource().attributes.event_properties as Record<string, unknown>);
  expect(notes.map(({ Note }) => Note).sort()).toEqual(Array.from({ length: ROWS }, (_, n) => `n${n}`).sort());
  expect(notes.filter(({ Note, $value }) => `n${Number($value) - 0.5}` !== Note)).toEqual([]);
}

/** Twenty cuts, the same on every run, and more bytes than they reach. */
const cuts = (bytes: number): number[] => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: 20 }, () => Math.floor(1 + random() * (bytes - 2))).sort((a, b) => a - b);
};

test('profiles and events arrive equal to their files, and one file is open at a time', async () => {
  const at = await vendor();
  await at.upload(await at.check('profiles', profiles), 'profiles');
  expectProfiles(at);
  await at.upload(await at.check('events', bought), 'events');
  expectEvents(at);
  expect(at.sftp.mostOpen()).toBe(1);
});

test.each([
  ['keeps a partial file', 'keep', true],
  ['drops a partial file', 'discard', true],
  ['keeps a partial file and lets none be written on', 'keep', false],
  ['takes a partial file as it is', 'ingest', true],
] as const)(
  'cut at 20 bytes by a server that %s: every row arrives once',
  async (_, onCut, resumable) => {
    const at = await vendor();
    for (const [kind, content, compare] of [
      ['profiles', profiles, expectProfiles],
      ['events', bought, expectEvents],
    ] as const) {
      const checked = await at.check(kind, content);
      const before = at.sftp.received();
      const bytes = checked.parts[0]?.bytes ?? 0;
      // Where nothing is kept, a cut far behind is not reached before the next try begins at the start.
      const wanted = onCut === 'keep' && resumable ? cuts(bytes) : cuts(bytes * 3);
      at.sftp.switches.cutAt = wanted.map((cut) => before + cut);
      Object.assign(at.sftp.switches, { onCut, resumable });
      // Where nothing is kept there may be no progress for long: the user resumes, as told.
      for (let left = 20; ; left -= 1) {
        const error = await at.upload(checked, kind).then(
          () => undefined,
          (thrown: { code: string }) => thrown,
        );
        if (error === undefined) break;
        expect(error.code).toBe('import:cut');
        if (left === 0) throw new Error('twenty cuts were not over after 20 tries');
      }
      at.sftp.switches.cutAt = [];
      if (onCut === 'keep' && resumable) expect(at.sftp.received() - before).toBe(bytes);
      compare(at);
    }
  },
  120_000,
);

const refusal = (work: Promise<unknown>): Promise<{ message: string; remedy: string; code: string; kind: string }> =>
  work.then(
    () => {
      throw new Error('it was not refused');
    },
    (error) => error as never,
  );

test('a changed host key is refused in words, and nothing is sent', async () => {
  const at = await vendor();
  const checked = await at.check('profiles', profiles);
  await at.upload(checked, 'profiles');
  const known = JSON.parse(readFileSync(at.access.knownHosts, 'utf8')) as Record<string, string>;
  writeFileSync(at.access.knownHosts, JSON.stringify({ [Object.keys(known)[0] as string]: 'SHA256:other' }));
  const before = at.sftp.received();
  expect(await refusal(at.upload(checked, 'profiles'))).toMatchObject({
    kind: 'config',
    code: 'import:host_key',
    message: expect.stringMatching(/instead of SHA256:other/),
    remedy: expect.stringMatching(/Ask the vendor/),
  });
  expect(at.sftp.received()).toBe(before);
  expect(statSync(at.access.knownHosts).mode & 0o077).toBe(0);
});

test('a key the server does not know is refused in words', async () => {
  const at = await vendor();
  const checked = await at.check('profiles', profiles);
  const other = makeKeyPair('other').private;
  const sent = uploadParts({
    access: { ...at.access, key: other },
    kind: 'profiles',
    parts: checked.parts,
    clock: eager,
    signal: new AbortController().signal,
    onSent: () => undefined,
  });
  expect(await refusal(sent)).toMatchObject({ kind: 'config', code: 'import:key_refused', remedy: expect.stringMatching(/import key/) });
});

test('a full disk and a refused folder are told, nothing is lost, and the upload goes on afterwards', async () => {
  const at = await vendor();
  const checked = await at.check('profiles', profiles);
  at.sftp.switches.onCut = 'keep';
  at.sftp.switches.capacity = 3_000;
  expect(await refusal(at.upload(checked, 'profiles'))).toMatchObject({
    kind: 'config',
    code: 'import:server_full',
    remedy: expect.stringMatching(/Nothing is lost/),
  });
  at.sftp.switches.capacity = Infinity;
  at.sftp.switches.refused = 'profiles';
  expect(await refusal(at.upload(checked, 'profiles'))).toMatchObject({
    kind: 'config',
    code: 'import:folder_refused',
    message: expect.stringMatching(/\/profiles\//),
  });
  at.sftp.switches.refused = undefined;
  await at.upload(checked, 'profiles');
  expectProfiles(at);
});

test('a stopped upload ends at once and goes on later', async () => {
  const at = await vendor();
  const checked = await at.check('profiles', profiles);
  expect(await refusal(at.upload(checked, 'profiles', AbortSignal.abort()))).toMatchObject({ kind: 'stopped' });
  await at.upload(checked, 'profiles');
  expectProfiles(at);
});
