import { z } from 'zod';

/** The vendor's SFTP server for files, as `connections.<name>.settings.sftp`. */
export const sftpSettings = (host: string) =>
  z.strictObject({
    host: z.string().min(1).default(host).meta({ description: 'SFTP server that the files are uploaded to.', shown: true }),
    port: z.number().int().min(1).max(65_535).default(22).meta({ description: 'Its port.' }),
    user: z.string().min(1).meta({ description: 'User name the vendor shows once the public key is added.', shown: true }),
    key_file: z
      .string()
      .min(1)
      .refine((text) => !text.includes('-----BEGIN '), { error: 'must be the path of a file, not the key itself' })
      .optional()
      .meta({ description: 'Private key; by default the one `tributary import key` made.', shown: true }),
    passphrase: z.string().min(1).optional().meta({ description: 'Passphrase of the private key.', secret: true }),
  });

export type SftpSettings = z.output<ReturnType<typeof sftpSettings>>;

/** What a source that accepts files tells about them. */
// `any`: only the source itself knows its settings and its API.
// oxlint-disable-next-line typescript/no-explicit-any
export interface FileImports<Settings = any, Api = any> {
  sftp(settings: Settings): SftpSettings | undefined;
  /** Steps for the user: where to paste the public key and where the user name is shown. */
  readonly keySteps: readonly string[];
  /** How many of these e-mail addresses belong to a profile that was written at `since` (epoch ms) or later. */
  arrived(api: Api, emails: readonly string[], since: number, signal: AbortSignal): Promise<number>;
  /** How many of these events the vendor holds. */
  eventsArrived(api: Api, events: readonly SentEvent[], signal: AbortSignal): Promise<number>;
}

/** What identifies one event of a file. */
export interface SentEvent {
  readonly email: string;
  /** When it happened, epoch ms. */
  readonly at: number;
  readonly uniqueId: string;
}
