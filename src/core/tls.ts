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
