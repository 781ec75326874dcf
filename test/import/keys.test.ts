import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { expect, test } from 'vitest';
import { createRedactor } from '../../src/core/redact.ts';
import { checkPublicKey, ownKey, ownKeyFile, privateKey } from '../../src/import/keys.ts';
import { makeKeyPair, writeKeyPair } from '../../src/import/openssh-key.ts';
import { folder } from './check.ts';

const read = (text: string): ParsedKey => {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return (Array.isArray(key) ? key[0] : key) as ParsedKey;
};

/** A pair whose public key begins with a zero byte: one of 256, which the generator of `ssh2` writes with 31 bytes. */
function pairWithLeadingZero(): { publicKey: Buffer; seed: Buffer } {
  for (;;) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    });
    if (publicKey.at(-32) === 0) return { publicKey: publicKey.subarray(-32), seed: privateKey.subarray(-32) };
  }
}

test('each of 3,000 pairs can be read, and what the private key signs the public one verifies', () => {
  const data = Buffer.from('challenge');
  for (let made = 0; made < 3_000; made += 1) {
    const pair = makeKeyPair('tributary-import');
    const [open, secret] = [read(pair.public), read(pair.private)];
    expect(secret.getPublicSSH().equals(open.getPublicSSH())).toBe(true);
    expect(checkPublicKey(pair.public, 'k').text).toBe(pair.public);
    if (made % 10 === 0) expect(open.verify(data, secret.sign(data) as Buffer)).toBe(true);
  }
}, 120_000);

test('a public key that begins with a zero byte keeps it, and OpenSSH reads the same pair', () => {
  const dir = folder();
  const { publicKey, seed } = pairWithLeadingZero();
  const pair = writeKeyPair(publicKey, seed, 'zero');
  expect(read(pair.private).getPublicSSH().subarray(-32).equals(publicKey)).toBe(true);
  const file = join(dir, 'id');
  writeFileSync(file, pair.private, { mode: 0o600 });
  expect(publicBySshKeygen(file) ?? pair.public).toBe(pair.public);
});

/** Undefined where OpenSSH is not installed. */
function publicBySshKeygen(file: string): string | undefined {
  try {
    return execFileSync('ssh-keygen', ['-y', '-P', '', '-f', file], { encoding: 'utf8' }).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

test("a pair is its owner's alone, stays as it is, and a lost public half is shown again", () => {
  const dir = folder();
  const made = ownKey(dir);
  expect(made).toMatchObject({ made: true, text: expect.stringMatching(/^ssh-ed25519 /) });
  expect(statSync(ownKeyFile(dir)).mode & 0o777).toBe(0o600);
  expect(readFileSync(`${ownKeyFile(dir)}.pub`, 'utf8')).toBe(`${made.text}\n`);
  rmSync(`${ownKeyFile(dir)}.pub`);
  expect(ownKey(dir)).toEqual({ ...made, made: false });
});

test('whoever reads a private key tells what has to be hidden from then on, line by line, also when it cannot be used', () => {
  const dir = folder();
  const pair = makeKeyPair('me');
  const lines = pair.private.split('\n').filter((line) => line.length > 20 && !line.startsWith('---'));
  for (const text of [pair.private, pair.private.replace(/\n.{60}/, '\nAAAA')]) {
    const file = join(dir, 'mine');
    writeFileSync(file, text, { mode: 0o600 });
    const redactor = createRedactor();
    try {
      privateKey(file, undefined, redactor.add);
    } catch {
      // Of the damaged one.
    }
    const kept = lines.filter((line) => text.includes(line));
    expect(kept.length).toBeGreaterThan(0);
    expect(
      kept.filter((line) => redactor.redact(`the server said: ${line}, ${encodeURIComponent(line)}`).includes(line.slice(8, 28))),
    ).toEqual([]);
  }
});

test('a private key that cannot be used is told with what to do', () => {
  const dir = folder();
  mkdirSync(join(dir, 'imports'));
  const told = (text: string, file = join(dir, 'mine'), mode = 0o600, passphrase?: string): unknown => {
    writeFileSync(file, text, { mode });
    try {
      privateKey(file, passphrase);
    } catch (error) {
      return error;
    } finally {
      rmSync(file);
    }
    return undefined;
  };
  const pair = makeKeyPair('me');
  const says = (message: RegExp, remedy: RegExp) => ({
    kind: 'config',
    message: expect.stringMatching(message),
    remedy: expect.stringMatching(remedy),
  });
  expect(told(pair.private)).toBeUndefined();
  expect(told(pair.private, undefined, 0o644)).toMatchObject(says(/can be read by others/, /chmod 600/));
  expect(told(pair.public)).toMatchObject(says(/public key/, /private key/));
  expect(told('nonsense')).toMatchObject(says(/cannot be used/, /OpenSSH or PEM/));
  expect(told(pair.private.replace(/\n.{60}/, '\nAAAA'), ownKeyFile(dir))).toMatchObject(says(/cannot be used/, /import key/));
  const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  expect(told(rsa.export({ type: 'pkcs1', format: 'pem' }).toString())).toBeUndefined();
  expect(told(rsa.export({ type: 'pkcs8', format: 'pem' }).toString())).toMatchObject(says(/cannot be used/, /ssh-keygen -p/));
  const locked = rsa.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' }).toString();
  expect(told(locked)).toMatchObject(says(/cannot be used/, /passphrase/));
  expect(told(locked, undefined, 0o600, 'open')).toBeUndefined();
});

test('public keys are held to the five forms', () => {
  const of = (form: string, number = 32): string => {
    const text = (bytes: Buffer): Buffer => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(bytes.length, 0);
      return Buffer.concat([head, bytes]);
    };
    return `${form} ${Buffer.concat([text(Buffer.from(form)), text(Buffer.alloc(number, 7))]).toString('base64')} me@host`;
  };
  for (const form of ['ssh-rsa', 'ecdsa-sha2-nistp384', 'ssh-ed25519']) expect(checkPublicKey(of(form), 'k').warning).toBeUndefined();
  for (const form of ['sk-ecdsa-sha2-nistp256@openssh.com', 'sk-ssh-ed25519@openssh.com'])
    expect(checkPublicKey(of(form), 'k').warning).toMatch(/hardware/);
  expect(() => checkPublicKey(of('ssh-dss'), 'k')).toThrow(/not a public key that the vendor accepts/);
  expect(() => checkPublicKey('-----BEGIN OPENSSH PRIVATE KEY-----', 'k')).toThrow(/private key/);
  expect(() => checkPublicKey('---- BEGIN SSH2 PUBLIC KEY ----', 'k')).toThrow(/SSH2/);
  expect(() => checkPublicKey('ssh-ed25519 AAAA', 'k')).toThrow(/damaged/);
  expect(() => checkPublicKey(of('ssh-ed25519', 31), 'k')).toThrow(/damaged/);
});
