import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** Settings of a TLS client, as PEM texts. Without `ca`, the authorities that this machine trusts apply. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const pem = (doc: string) =>
  z
    .string()
    .min(1)
    .refine((text) => text.includes('-----BEGIN '), { error: 'must be PEM text; give it as ${file:/path/to/file.pem}' })
    .meta({ description: doc });

/** The same in the settings file. */
export const tlsSettings = z.strictObject({
  ca: pem('Certificate authority, PEM.').optional(),
  cert: pem('Client certificate, PEM; with key.').optional(),
  key: pem('Key of the client certificate, PEM.').meta({ secret: true }).optional(),
});

/** The settings without the members that are not set. */
export function tlsMaterial({ ca, cert, key }: z.output<typeof tlsSettings>): TlsMaterial {
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}

const CERTIFICATES = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * What is wrong with the texts themselves, by setting. Node takes authorities that it cannot read for none at all, so that the
 * error would later be about the server's certificate.
 */
export function tlsTextFaults({
  ca,
  cert,
  key,
}: z.output<typeof tlsSettings>): readonly { readonly name: string; readonly text: string }[] {
  const faults: { name: string; text: string }[] = [];
  const say = (name: string, text: string): void => void faults.push({ name, text });
  for (const [name, text] of Object.entries({ ca, cert })) {
    const fault = text === undefined ? undefined : certificateFault(text);
    if (fault !== undefined) say(name, fault);
  }
  if (key === undefined) return faults;
  const read = privateKey(key);
  if (typeof read === 'string') say('key', read);
  else if (cert !== undefined && faults.every(({ name }) => name !== 'cert') && !new X509Certificate(cert).checkPrivateKey(read))
    say('key', 'is not the key of the certificate in cert');
  return faults;
}

function certificateFault(text: string): string | undefined {
  const blocks = text.match(CERTIFICATES) ?? [];
  if (blocks.length === 0) return 'holds no whole certificate (-----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----)';
  for (const [at, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch {
      return `holds a certificate that cannot be read${blocks.length === 1 ? '' : ` (number ${at + 1} of ${blocks.length})`}; copy it again`;
    }
  }
  return undefined;
}

function privateKey(text: string): KeyObject | string {
  try {
    return createPrivateKey(text);
  } catch (error) {
    return /ENCRYPTED/.test(text) || (error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE'
      ? 'is encrypted with a passphrase; give it without one: openssl pkey -in key.pem -out plain.pem'
      : 'holds no private key that can be read; copy it again';
  }
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|self-signed certificate|unable to (verify|get)/i,
    'its certificate is not signed by an authority that is trusted here',
  ],
  [/CERT_HAS_EXPIRED|certificate has expired/i, 'its certificate has expired'],
  [/CERT_NOT_YET_VALID/i, 'its certificate is not valid yet, or the clock of this machine is wrong'],
  [/ALTNAME_INVALID/i, 'its certificate is issued for another name'],
  [/wrong.?version.?number|packet length too long/i, 'that port does not speak TLS'],
  [
    /CERTIFICATE_REQUIRED|certificate required|bad.certificate|HANDSHAKE_FAILURE|handshake failure|UNKNOWN_CA|unknown ca/i,
    'it rejects our client certificate, or requires one',
  ],
  [/ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_/i, 'the TLS connection could not be made'],
];

/** What is wrong with a TLS connection, as the end of a sentence; undefined for any other error. */
export function tlsFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const text = `${String((error as NodeJS.ErrnoException).code ?? '')} ${error.message}`;
  return WORDS.find(([pattern]) => pattern.test(text))?.[1];
}
