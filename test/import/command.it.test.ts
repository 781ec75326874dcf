import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { makeKeyPair } from '../../src/import/openssh-key.ts';
import type { ImportRecord } from '../../src/kafka/meta/imports.ts';
import { DEFAULT_KEY } from '../../simulators/klaviyo/simulator.ts';
import { auditOf } from '../support/audit.ts';
import { startProcess } from '../support/command.ts';
import { desk, type Desk } from './command.ts';

/** Waits a thousandth of what it is told, so that retries are over soon. */
const hasty: Clock = { now: systemClock.now, timer: (ms, callback) => systemClock.timer(ms / 1_000, callback) };

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, n) => `c${from + n}@import.test,Anna ${from + n}\n`).join('');
const imported = ({ account }: Desk): string[] =>
  [...account.truth.profiles()]
    .map((row) => String(row.resource().attributes.email))
    .filter((email) => email.endsWith('@import.test'))
    .sort();
const addresses = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `c${from + n}@import.test`).sort();
const listed = async (at: Desk): Promise<ImportRecord[]> => JSON.parse((await at.run('list', '--json')).out) as ImportRecord[];

test('import key shows one public key on standard output, the places to paste it beside, and takes one of the user', async () => {
  const at = await desk();
  const { code, out, err } = await at.run('key');
  expect({ code, lines: out.trim().split('\n').length }).toEqual({ code: 0, lines: 1 });
  expect(out).toMatch(/^ssh-ed25519 AAAA\S+ tributary-import\n$/);
  expect(err).toMatch(/Add SSH key[^]*Paste the public key[^]*sftp\.user/);
  expect((await at.run('key')).out).toBe(out);

  at.file('mine.pub', `${makeKeyPair('mine').public}\n`);
  const mine = await at.run('key', '--public', 'mine.pub');
  expect(mine).toMatchObject({ code: 0, out: readFileSync(join(at.dir, 'mine.pub'), 'utf8'), err: expect.stringMatching(/key_file/) });
  at.file('mine', makeKeyPair('mine').private);
  expect(await at.run('key', '--public', 'mine')).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/is a private key/) });
  expect(await at.run('key', '--public', 'absent.pub')).toMatchObject({ code: 2, err: expect.stringMatching(/absent\.pub/) });
});

test('a dry run shows the first five rows as they will arrive, by a mapping inline or in YAML, and sends nothing', async () => {
  const at = await desk();
  at.file(
    'people.csv',
    `E_MAIL,VORNAME,TEL,note\n${Array.from({ length: 7 }, (_, n) => `d${n}@import.test,Anna,50060070${n},x\n`).join('')}`,
  );
  const shown = Array.from({ length: 5 }, (_, n) =>
    JSON.stringify({ Email: `d${n}@import.test`, 'First Name': 'Anna', 'Phone Number': `+4850060070${n}` }),
  );
  at.file('map.yaml', 'columns:\n  email: E_MAIL\n  first_name: VORNAME\n  phone_number: TEL\ndrop: [note]\n');
  const inline = ['--map', 'email=E_MAIL,first_name=VORNAME,phone_number=TEL', '--drop', 'note'];
  for (const mapping of [inline, ['--map', 'map.yaml']]) {
    const { code, out, err } = await at.run('profiles', 'people.csv', '--country', 'pl', '--dry-run', ...mapping);
    expect(out.trim().split('\n')).toEqual(shown);
    expect(err).toMatch(/7 rows \(UTF-8\), 0 refused/);
    expect(code).toBe(0);
  }
  expect(at.sftp.received()).toBe(0);
  const left = readdirSync(join(at.dir, '.tributary', 'imports'));
  expect(left.filter((name) => !name.startsWith('id_ed25519'))).toEqual([]);
  for (const [map, told] of [
    ['email', /email.*no such file|cannot be read/i],
    ['email=E_MAIL,email=TEL', /email twice/],
    ['email=NOBODY', /no column NOBODY/],
  ] as const)
    expect(await at.run('profiles', 'people.csv', '--dry-run', '--map', map)).toMatchObject({ code: 2, err: expect.stringMatching(told) });
});

test('bad rows are told with line, column and remedy; --strict sends nothing, without it the good rows go', async () => {
  const at = await desk();
  at.file('people.csv', `Email,First Name\n${rows(0, 3)}nobody,Ben\n${rows(3, 5)}`);
  for (const args of [['--dry-run'], ['--strict']]) {
    const { code, err } = await at.run('profiles', 'people.csv', ...args);
    expect(err).toMatch(/people\.csv, line 5, column Email: is not an e-mail address\. Write one address/);
    expect(err).toMatch(/6 rows \(UTF-8\), 1 refused; they are in .*errors\.csv/);
    expect({ code, sent: at.sftp.received() }).toEqual({ code: 1, sent: 0 });
  }
  const { code, err } = await at.run('profiles', 'people.csv');
  expect(code).toBe(1);
  expect(err).toMatch(/people\.csv: 5 rows uploaded to klaviyo/);
  expect(err).toMatch(/First use of this server: its host key SHA256:/);
  expect(imported(at)).toEqual(addresses(0, 5));

  const { out } = await at.run('list');
  const [heads = '', line = ''] = out.split('\n');
  expect(heads.trim().split(/ {2,}/)).toEqual([
    ...['STATUS', 'PROCESSED ROWS', 'IMPORT DATE', 'IMPORTED BY', 'FILE', 'ROWS', 'REFUSED', 'ERROR FILE'],
  ]);
  expect(line).toMatch(/^Complete +100 % +\d{4}-\d\d-\d\dT\S+ +\S+ +people\.csv +6 +1 +\S+errors\.csv/);
  const errors = readFileSync(/\S+errors\.csv/.exec(line)?.[0] ?? '', 'utf8');
  expect(errors).toMatch(/^Line,Column,Reason,Remedy,Email,First Name\n5,Email,is not an e-mail address,.*,nobody,Ben\n$/);
});

test('options decide what a column is and whether it may go', async () => {
  const at = await desk();
  at.file('consent.csv', `Email,Email Marketing Consent,Signed_at,Since,Born\n${rows(0, 1).trim()},soon,2026-02-03,1.1.2000\n`);
  const from = ['profiles', 'consent.csv', '--dry-run'];
  expect(await at.run(...from)).toMatchObject({ code: 2, err: expect.stringMatching(/is about consent[^]*--consent/) });
  expect(await at.run(...from, '--consent')).toMatchObject({ code: 1, err: expect.stringMatching(/column Signed_at: is not a date/) });
  const good = await at.run(...from, '--consent', '--text', 'Signed_at', '--date', 'Since');
  expect(JSON.parse(good.out)).toMatchObject({ 'Email Marketing Consent': 'Anna 0', Signed_at: 'soon', Since: '2026-02-03' });
  expect(good.code).toBe(0);
  expect(await at.run(...from, '--consent', '--text', 'Signed_at', '--date', 'Since', 'Born')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/column Born: is not a date/),
  });
  const dropped = await at.run(...from, '--drop', 'Email Marketing Consent', 'Signed_at');
  expect(Object.keys(JSON.parse(dropped.out) as object)).toEqual(['Email', 'Since', 'Born']);

  at.file('latin.csv', Buffer.from('Email,City\nx@import.test,M\xfcnchen\n', 'latin1'));
  expect(await at.run('profiles', 'latin.csv', '--dry-run')).toMatchObject({ code: 0, out: expect.stringMatching(/München/) });
  expect(await at.run('profiles', 'latin.csv', '--dry-run', '--encoding', 'utf-16le')).toMatchObject({ code: 2 });
  at.file('wide.csv', Buffer.from('Email;City\r\nx@import.test;Łódź\r\n', 'utf16le'));
  expect(await at.run('profiles', 'wide.csv', '--dry-run', '--encoding', 'utf-16le')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/Łódź/),
  });
});

test('usage that cannot be meant is refused with 2 before anything is read', async () => {
  const at = await desk();
  at.file('people.csv', `Email\n${rows(0, 1)}`);
  for (const [args, told] of [
    [['profiles'], /Either files or --query/],
    [['profiles', '--drop', 'note', 'people.csv'], /files before --drop/],
    [['profiles', 'absent.csv'], /absent\.csv does not exist/],
    [['profiles', '.'], /is not a file/],
    [['profiles', 'people.csv', '--connection', 'shop'], /shop/],
    [['profiles', 'people.csv', '--encoding', 'ebcdic'], /encoding/],
    [['profiles', 'people.csv', '--country', 'Poland'], /--country/],
    [['profiles', '--query', 'SELECT 1'], /go together/],
    [['profiles', 'people.csv', '--landing', 'warehouse'], /go together/],
    [['profiles', '--query', 'SELECT 1', '--landing', 'absent'], /no landing absent/],
    [['profiles', 'people.csv', '--query', 'SELECT 1', '--landing', 'w'], /Either files or --query/],
    [['people', 'people.csv'], /unknown command/],
    [['resume'], /There is no import to resume/],
    [['list', 'x'], /argument/],
  ] as const)
    expect([args, await at.run(...args)]).toEqual([args, { code: 2, out: '', err: expect.stringMatching(told) }]);
  writeFileSync(join(at.dir, 'tributary.yaml'), readFileSync(join(at.dir, 'tributary.yaml'), 'utf8').replace(/,"sftp":\{[^}]*\}/, ''));
  expect(await at.run('profiles', 'people.csv')).toMatchObject({ code: 2, err: expect.stringMatching(/import key[^]*sftp\.user/) });
});

test('events arrive, and the list tells how many of them were found', async () => {
  const at = await desk();
  at.file(
    'orders.csv',
    `Email,Metric Name,Timestamp,Value\n${Array.from({ length: 80 }, (_, n) => `c${n}@import.test,Bought,2026-02-03 04:05:06,${n}\n`).join('')}`,
  );
  expect(await at.run('events', 'orders.csv')).toMatchObject({ code: 0 });
  const [record] = await listed(at);
  expect(record).toMatchObject({ kind: 'events', state: 'completed', processed: 100, processedBy: 'every event of the file read back' });
  // An event of these people at that second is none of the file's.
  at.file('other.csv', readFileSync(join(at.dir, 'orders.csv'), 'utf8').replaceAll('Bought', 'Sold'));
  at.sftp.switches.lost = true;
  await at.run('events', 'other.csv');
  expect((await listed(at))[0]).toMatchObject({ file: 'other.csv', state: 'uploaded', processed: 0 });
});

test('Ctrl-C leaves what resume goes on with at the byte', async () => {
  const at = await desk();
  at.file('people.csv', `Email,First Name\n${rows(0, 30_000)}`);
  Object.assign(at.sftp.switches, { onCut: 'keep', stallAt: 300_000 });
  const started = at.start('profiles', 'people.csv');
  await expect.poll(() => at.sftp.received(), { timeout: 60_000 }).toBeGreaterThanOrEqual(300_000);
  started.interrupt();
  const stopped = await started.ended;
  expect(stopped).toMatchObject({ code: 130, err: expect.stringMatching(/0 of 30000 rows[^]*tributary import resume [0-9a-f-]{36}/) });
  expect(await at.run('list')).toMatchObject({ out: expect.stringMatching(/^Not complete +- .*people\.csv/m) });
  const kept = at.sftp.received();
  at.file('bad.csv', 'Email\nnobody\n');
  const anew = await at.run('profiles', 'bad.csv', '--strict');
  expect(anew).toMatchObject({
    code: 1,
    err: expect.stringMatching(/An import of people\.csv.* is waiting\. To continue it: tributary import resume [0-9a-f-]{36}/),
  });

  at.sftp.switches.stallAt = Infinity;
  const resumed = await at.run('resume');
  expect(resumed).toMatchObject({ code: 0, err: expect.stringMatching(/30,000 rows uploaded/) });
  const { bytes } = (await listed(at))[0] as ImportRecord;
  expect([kept >= 300_000, at.sftp.received()]).toEqual([true, bytes]);
  expect(imported(at)).toEqual(addresses(0, 30_000));
  expect(await at.run('resume')).toMatchObject({ code: 2, err: expect.stringMatching(/There is no import to resume/) });
  // What was only looked at, or could not be done, left no note.
  expect((await auditOf(at.prefix)).map(({ command, connection, detail }) => [command, connection, basename(detail)])).toEqual([
    ['import-resume', 'klaviyo', 'people.csv'],
    ['import', 'klaviyo', 'bad.csv'],
    ['import', 'klaviyo', 'people.csv'],
  ]);
});

test('a process that was killed leaves what resume goes on with', async () => {
  const at = await desk();
  at.file('people.csv', `Email,First Name\n${rows(0, 30_000)}`);
  Object.assign(at.sftp.switches, { onCut: 'keep', stallAt: 300_000 });
  const killed = startProcess({ cwd: at.dir }, ['import', 'profiles', 'people.csv']);
  await expect.poll(() => at.sftp.received(), { timeout: 120_000 }).toBeGreaterThanOrEqual(300_000);
  killed.kill();
  await killed.ended;
  at.sftp.switches.stallAt = Infinity;
  const [{ importId, bytes }] = (await listed(at)) as [ImportRecord];
  expect(await at.run('resume', importId.slice(0, 8))).toMatchObject({ code: 0 });
  expect(at.sftp.received()).toBe(bytes);
  expect(imported(at)).toEqual(addresses(0, 30_000));

  // One that was killed while it read is never resumed: its copies of rows are removed a day later, its errors stay.
  const abandoned = join(at.dir, '.tributary', 'imports', randomUUID());
  mkdirSync(abandoned);
  for (const name of ['rows.staged', 'errors.csv']) writeFileSync(join(abandoned, name), 'x');
  await at.run('profiles', 'people.csv', '--dry-run');
  expect(readdirSync(abandoned)).toHaveLength(2);
  utimesSync(abandoned, 0, 0);
  await at.run('profiles', 'people.csv', '--dry-run');
  expect(readdirSync(abandoned)).toEqual(['errors.csv']);
});

test('the list is shown although the vendor refuses to be asked', async () => {
  const at = await desk();
  at.file('people.csv', `Email,First Name\n${rows(0, 3)}`);
  await at.run('profiles', 'people.csv');
  const settings = join(at.dir, 'tributary.yaml');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace(DEFAULT_KEY, 'pk_another'));
  expect(await at.run('list')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Not complete +- .*people\.csv/m),
    err: expect.stringMatching(/people\.csv: the vendor could not be asked how much has arrived \(.*api_key/),
  });
});

test('another host key, another key, a full disk and a refused folder end with 2 in words, and nothing is lost', async () => {
  const at = await desk({ clock: hasty });
  at.file('people.csv', `Email,First Name\n${rows(0, 20_000)}`);
  const { switches } = at.sftp;
  Object.assign(switches, { onCut: 'keep', capacity: 300_000 });
  expect(await at.run('profiles', 'people.csv')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/no space.*No space left[^]*Nothing is lost[^]*import resume/),
  });
  expect((await listed(at))[0]).toMatchObject({ state: 'failed', failure: { message: expect.stringMatching(/no space/) } });
  expect((await at.run('list')).err).toMatch(/people\.csv: The server has no space/);

  Object.assign(switches, { capacity: Infinity, refused: 'profiles' });
  expect(await at.run('resume')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/refuses \/profiles\/.*Permission denied[^]*may write/),
  });

  switches.refused = undefined;
  const known = join(at.dir, '.tributary', 'imports', 'known_hosts.json');
  const pinned = readFileSync(known, 'utf8');
  writeFileSync(known, pinned.replace(/SHA256:[^"]+/, 'SHA256:other'));
  const before = at.sftp.received();
  expect(await at.run('resume')).toMatchObject({ code: 2, err: expect.stringMatching(/another host key[^]*Ask the vendor/) });
  writeFileSync(known, pinned);

  const key = join(at.dir, '.tributary', 'imports', 'id_ed25519');
  const own = readFileSync(key, 'utf8');
  writeFileSync(key, makeKeyPair('other').private);
  expect(await at.run('resume')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/did not accept the key of sim_user[^]*import key[^]*import resume/),
  });
  writeFileSync(key, own);
  expect(at.sftp.received()).toBe(before);

  expect(await at.run('resume')).toMatchObject({ code: 0 });
  expect(imported(at)).toEqual(addresses(0, 20_000));
  expect((await listed(at))[0]).toMatchObject({ state: 'completed', sentRows: 20_000 });
  expect(existsSync(join(at.dir, '.tributary', 'imports', 'klaviyo-profiles.lock'))).toBe(false);
});
