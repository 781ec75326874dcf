import { generateKeyPairSync, randomBytes } from 'node:crypto';

const FORM = 'ssh-ed25519';
/** Bytes of a public key and of a private key's seed (RFC 8032). */
const KEY = 32;

/** A key pair as `ssh-keygen` writes it, without a passphrase. */
export interface KeyPair {
  readonly private: string;
  /** One line, without its line end. */
  readonly public: string;
}

/**
 * Makes an ed25519 key pair in the OpenSSH format. The generator of the package `ssh2` (1.17) removes leading zero bytes of the
 * public key, so that one pair in 256 cannot be read; here every number keeps its 32 bytes.
 */
export function makeKeyPair(comment: string): KeyPair {
  // Encoded by the generation itself. Exporting a new key object as JWK can lock up for ever: Node 20 holds the key's mutex while
  // it makes the texts, and a collection just then wants the same mutex to drop the job that made the key.
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  // Both encodings end with the 32 bytes (RFC 8410).
  return writeKeyPair(publicKey.subarray(-KEY), privateKey.subarray(-KEY), comment);
}

/** The key pair of a public key and a seed, 32 bytes each, as text. */
export function writeKeyPair(publicKey: Buffer, seed: Buffer, comment: string): KeyPair {
  if (publicKey.length !== KEY || seed.length !== KEY) throw new Error('an ed25519 key has 32 bytes');
  const open = Buffer.concat([text(FORM), text(publicKey)]);
  // The same random number twice: after decryption it shows whether the passphrase was right.
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, open, text(Buffer.concat([seed, publicKey])), text(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, at) => at + 1));
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    Buffer.from([0, 0, 0, 1]),
    text(open),
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    private: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
    public: `${FORM} ${open.toString('base64')} ${comment}`,
  };
}

/** A string in SSH format, with its length before it. */
function text(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
