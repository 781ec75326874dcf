import { z } from 'zod';

/** What a TLS client is told, PEM texts. Without `ca` the authorities of this machine are trusted. */
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

/** The same as the settings give it. */
export const tlsSettings = z.strictObject({
  ca: pem('Certificate authority, PEM.').optional(),
  cert: pem('Client certificate, PEM; with key.').optional(),
  key: pem('Key of the client certificate, PEM.').meta({ secret: true }).optional(),
});

/** Without the members that are not given. */
export function tlsMaterial({ ca, cert, key }: z.output<typeof tlsSettings>): TlsMaterial {
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|self-signed certificate|unable to (verify|get)/i,
    'no authority trusted here has signed its certificate',
  ],
  [/CERT_HAS_EXPIRED|certificate has expired/i, 'its certificate has expired'],
  [/CERT_NOT_YET_VALID/i, 'its certificate is not valid yet; or the clock of this machine is wrong'],
  [/ALTNAME_INVALID/i, 'its certificate is made out to another name'],
  [/wrong.?version.?number|packet length too long/i, 'that port does not speak TLS'],
  [
    /CERTIFICATE_REQUIRED|certificate required|bad.certificate|HANDSHAKE_FAILURE|handshake failure|UNKNOWN_CA|unknown ca/i,
    'it does not accept our client certificate, or asks for one',
  ],
  [/ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_/i, 'the TLS connection could not be made'],
];

/** What is wrong with a TLS connection, in words that complete a sentence; undefined for any other error. */
export function tlsFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const text = `${String((error as NodeJS.ErrnoException).code ?? '')} ${error.message}`;
  return WORDS.find(([pattern]) => pattern.test(text))?.[1];
}
