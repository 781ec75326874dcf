import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { TributaryError } from '../core/errors.ts';
import { makeLocalFolder, privateFile } from '../core/local-folder.ts';
import { makeKeyPair } from './openssh-key.ts';

const { utils } = ssh2;

/** Prefixes of the key types that the vendor documents. */
const PREFIXES = ['ssh-rsa', 'ecdsa-sha2', 'ssh-ed', 'sk-ecdsa', 'sk-ssh'];

export const ownKeyFile = (dataDir: string): string => join(dataDir, 'imports', 'id_ed25519');

/** Length and name of the key type, length and value of the key. */
const ED25519_BYTES = 4 + 11 + 4 + 32;

/** A public key to add at the vendor. */
export interface PublicKey {
  readonly text: string;
  readonly file: string;
  readonly warning: string | undefined;
  readonly made: boolean;
}

const COMMENT = 'tributary-import';

/**
 * The key pair of this folder; created (ed25519, readable only by its owner) if it does not exist. The public key of an
 * existing pair is derived from its private key, so that both belong together.
 * @throws TributaryError `config` when the private key cannot be used.
 */
export function ownKey(dataDir: string): PublicKey {
  const file = ownKeyFile(dataDir);
  const made = !existsSync(file);
  if (made) {
    makeLocalFolder(join(dataDir, 'imports'));
    const pair = makeKeyPair(COMMENT);
    privateFile(`${file}.pub`, `${pair.public}\n`);
    privateFile(file, pair.private);
  }
  const key = readPrivate(file, undefined).parsed;
  return { ...checkPublicKey(`${key.type} ${key.getPublicSSH().toString('base64')} ${COMMENT}`, file), made };
}

/**
 * Checks a public key as the vendor does.
 * @throws TributaryError `config` for a text that is not a public key, or a type the vendor refuses.
 */
export function checkPublicKey(text: string, file: string): Omit<PublicKey, 'made'> {
  const line = text.trim();
  const refuse = (what: string, remedy: string): TributaryError =>
    new TributaryError(`${file} ${what}.`, { kind: 'config', code: 'import:key', remedy });
  if (/^-----BEGIN .*PRIVATE KEY/.test(line))
    throw refuse('is a private key', 'Give the public one, whose name ends with .pub. The private key stays here.');
  if (line.startsWith('---- BEGIN SSH2')) throw refuse('is a public key in the SSH2 format', `Convert it: ssh-keygen -i -f ${file}`);
  const [form = '', body = ''] = line.split(/\s+/);
  if (line.includes('\n') || !PREFIXES.some((prefix) => form.startsWith(prefix)) || !/^[A-Za-z0-9+/]+=*$/.test(body))
    throw refuse('is not a public key that the vendor accepts', `It has to be one line that begins with ${PREFIXES.join(', ')}.`);
  if (line.length > 2_048) throw refuse(`has ${line.length} characters; 2,048 are allowed`, 'Use an ed25519 key: tributary import key');
  if (!namesItself(form, body) || (form === 'ssh-ed25519' && Buffer.from(body, 'base64').length !== ED25519_BYTES))
    throw refuse('is damaged', 'Copy it again, the whole line.');
  const warning = form.startsWith('sk-')
    ? 'Keys of hardware tokens (sk-) are documented by the vendor but not by the server it uses, and Tributary cannot sign with one. Use an ed25519 key.'
    : undefined;
  return { text: line, file, warning };
}

/** The body of a key begins with the length and the name of its type. */
function namesItself(form: string, body: string): boolean {
  const bytes = Buffer.from(body, 'base64');
  return bytes.length > 4 + form.length && bytes.readUInt32BE(0) === form.length && bytes.toString('latin1', 4, 4 + form.length) === form;
}

/** The private key as text. Throws `config` when it is missing, readable by others, or invalid. */
export function privateKey(file: string, passphrase: string | undefined, onSecret: (text: string) => void = () => undefined): string {
  return readPrivate(file, passphrase, onSecret).text;
}

function readPrivate(
  file: string,
  passphrase: string | undefined,
  onSecret: (text: string) => void = () => undefined,
): { text: string; parsed: ParsedKey } {
  if (!existsSync(file)) {
    throw new TributaryError(`The private key ${file} does not exist.`, {
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
  onSecret(text);
  const parsed: ParsedKey | ParsedKey[] | Error = utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key !== undefined && !(key instanceof Error) && key.isPrivateKey()) return { text, parsed: key };
  const told = key instanceof Error ? key.message.replace(/\.$/, '') : 'it is a public key';
  throw new TributaryError(`The private key ${file} cannot be used (${told}).`, {
    kind: 'config',
    code: 'import:key',
    remedy: remedyFor(told, text, file),
  });
}

function remedyFor(told: string, text: string, file: string): string {
  if (/bad passphrase|integrity check/i.test(told)) return 'The passphrase in the setting sftp.passphrase is wrong; correct it.';
  if (/passphrase|encrypted/i.test(told)) return 'Give its passphrase in the setting sftp.passphrase.';
  if (/^-----BEGIN (ENCRYPTED )?PRIVATE KEY/.test(text.trim()))
    return `It is in the PKCS#8 format; convert it to OpenSSH: ssh-keygen -p -f ${file}`;
  if (file.endsWith(join('imports', 'id_ed25519')))
    return 'It is damaged: remove it, make a new one with `tributary import key`, and add that one at the vendor.';
  return 'It has to be a private key in OpenSSH or PEM format.';
}
