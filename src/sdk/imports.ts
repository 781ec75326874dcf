import { z } from 'zod';

/** Where a vendor takes files, as `connections.<name>.settings.sftp`. */
export const sftpSettings = (host: string) =>
  z.strictObject({
    host: z.string().min(1).default(host).meta({ description: 'SFTP server that takes files.', shown: true }),
    port: z.number().int().min(1).max(65_535).default(22).meta({ description: 'Its port.' }),
    user: z.string().min(1).meta({ description: 'User name the vendor shows once the public key is added.', shown: true }),
    key_file: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Private key; by default the one `tributary import key` made.', shown: true }),
    passphrase: z.string().min(1).optional().meta({ description: 'Passphrase of the private key.', secret: true }),
  });

export type SftpSettings = z.output<ReturnType<typeof sftpSettings>>;

/** What a source that takes files knows of them. */
// `any`: only the source itself knows its settings and its API.
// oxlint-disable-next-line typescript/no-explicit-any
export interface FileImports<Settings = any, Api = any> {
  sftp(settings: Settings): SftpSettings | undefined;
  /** Where the user pastes the public key and finds the user name, step by step. */
  readonly keySteps: readonly string[];
  /** How many of these e-mail addresses stand on a profile that was written at `since` (epoch milliseconds) or later. */
  arrived(api: Api, emails: readonly string[], since: number, signal: AbortSignal): Promise<number>;
  /** How many of these events the vendor has. */
  eventsArrived(api: Api, events: readonly SentEvent[], signal: AbortSignal): Promise<number>;
}

/** What tells one event of a file from all others. */
export interface SentEvent {
  readonly email: string;
  /** When it happened, epoch milliseconds. */
  readonly at: number;
  readonly uniqueId: string;
}
