import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { TributaryError } from '../core/errors.ts';
import { makeLocalFolder, privateFile } from '../core/local-folder.ts';

const { utils } = ssh2;

/** The forms the vendor names for public keys. */
const PREFIXES = ['ssh-rsa', 'ecdsa-sha2', 'ssh-ed', 'sk-ecdsa', 'sk-ssh'];

export const ownKeyFile = (dataDir: string): string => join(dataDir, 'imports', 'id_ed25519');

/** A public key to paste at the vendor, and what to know of it. */
export interface PublicKey {
  readonly text: string;
  readonly file: string;
  readonly warning: string | undefined;
  readonly made: boolean;
}

/** The key pair of this folder, made (ed25519, for its owner alone) unless it is there. */
export function ownKey(dataDir: string): PublicKey {
  const file = ownKeyFile(dataDir);
  if (existsSync(file)) return { ...checkPublicKey(readFileSync(`${file}.pub`, 'utf8'), `${file}.pub`), made: false };
  makeLocalFolder(join(dataDir, 'imports'));
  const pair = utils.generateKeyPairSync('ed25519', { comment: 'tributary-import' });
  privateFile(file, pair.private.endsWith('\n') ? pair.private : `${pair.private}\n`);
  privateFile(`${file}.pub`, `${pair.public.trim()}\n`);
  return { ...checkPublicKey(pair.public, file), made: true };
}

/**
 * Looks at a public key as the vendor does.
 * @throws TributaryError `config` for what is none, or of a form the vendor refuses.
 */
export function checkPublicKey(text: string, file: string): Omit<PublicKey, 'made'> {
  const line = text.trim();
  const refuse = (what: string, remedy: string): TributaryError =>
    new TributaryError(`${file} ${what}.`, { kind: 'config', code: 'import:key', remedy });
  if (/^-----BEGIN .*PRIVATE KEY/.test(line))
    throw refuse('is a private key', 'Give the public one, whose name ends with .pub. The private key stays here.');
  if (line.startsWith('---- BEGIN SSH2')) throw refuse('is a public key in the SSH2 form', `Convert it: ssh-keygen -i -f ${file}`);
  const [form = '', body = ''] = line.split(/\s+/);
  if (line.includes('\n') || !PREFIXES.some((prefix) => form.startsWith(prefix)) || !/^[A-Za-z0-9+/]+=*$/.test(body))
    throw refuse('is no public key that the vendor takes', `It has to be one line that begins with ${PREFIXES.join(', ')}.`);
  if (line.length > 2_048) throw refuse(`has ${line.length} characters; 2,048 are allowed`, 'Use an ed25519 key: tributary import key');
  if (!namesItself(form, body)) throw refuse('is damaged', 'Copy it again, the whole line.');
  const warning = form.startsWith('sk-')
    ? 'Keys of hardware tokens (sk-) are named by the vendor but not by the server it uses, and Tributary cannot sign with one: an ed25519 key is safer.'
    : undefined;
  return { text: line, file, warning };
}

/** The body of a key begins with the length and the name of its form. */
function namesItself(form: string, body: string): boolean {
  const bytes = Buffer.from(body, 'base64');
  return bytes.length > 4 + form.length && bytes.readUInt32BE(0) === form.length && bytes.toString('latin1', 4, 4 + form.length) === form;
}

/** The private key, as text. Throws `config` when it is missing, open to others, or cannot be read. */
export function privateKey(file: string, passphrase: string | undefined): string {
  if (!existsSync(file)) {
    throw new TributaryError(`The private key ${file} is not there.`, {
      kind: 'config',
      code: 'import:key',
      remedy: 'Make one with `tributary import key`, or name yours in the setting sftp.key_file of the connection.',
    });
  }
  if ((statSync(file).mode & 0o077) !== 0)
    throw new TributaryError(`The private key ${file} can be read by others.`, {
      kind: 'config',
      code: 'import:key',
      remedy: `chmod 600 ${file}`,
    });
  const text = readFileSync(file, 'utf8');
  const parsed = utils.parseKey(text, passphrase);
  if (parsed instanceof Error) {
    const locked = /passphrase|encrypted/i.test(parsed.message);
    throw new TributaryError(`The private key ${file} cannot be used (${parsed.message.replace(/\.$/, '')}).`, {
      kind: 'config',
      code: 'import:key',
      remedy: locked ? 'Give its passphrase in the setting sftp.passphrase.' : 'It has to be a private key in OpenSSH or PEM form.',
    });
  }
  return text;
}
