import type { z } from 'zod';
import type { FileImports } from './imports.ts';
import type { HttpFactory } from './http/client.ts';
import type { TableDefinition } from '../core/table.ts';

/** What the engine gives a source when a connection is opened. All requests go through `http`. */
export interface ConnectEnvironment {
  /** Creates the connection's HTTP client, with budget, retries, time-outs, redaction and metrics. */
  readonly http: HttpFactory;
  readonly now: () => number;
}

/** A vendor whose API is read: everything the engine knows about it. */
// `any`: only the source itself knows its settings and its API.
// oxlint-disable-next-line typescript/no-explicit-any
export interface Source<Settings = any, Api = any> {
  /** Snake-case name used in settings, topics and metrics. */
  readonly name: string;
  readonly title: string;
  /** zod schema of `connections.<name>.settings`; secrets are marked with `.meta({ secret: true })`. */
  readonly settings: z.ZodType<Settings>;
  /** Opens the API with checked settings. Makes no request. */
  connect(settings: Settings, env: ConnectEnvironment): Api;
  /** One cheap request that proves that the key is valid and may read; returns the account's name. */
  probe(api: Api, signal: AbortSignal): Promise<{ readonly account: string }>;
  /** What settings cost in requests for the tables that are read, one sentence each, where a user can choose. */
  readonly costs?: (settings: Settings, tables: readonly string[]) => readonly string[];
  /** The values some settings may have, as the account lists them, for a form to offer. */
  choices?(api: Api, signal: AbortSignal): Promise<readonly SettingChoices[]>;
  /** All tables, given the settings, because some columns may depend on them. Called with default settings to generate the schemas. */
  tables(settings: Settings): readonly TableDefinition[];
  /** Set by a source that accepts files over SFTP. */
  readonly imports?: FileImports<Settings, Api>;
}

/** The values a list setting may hold. */
export interface SettingChoices {
  readonly setting: string;
  readonly choices: readonly { readonly value: string; readonly label: string; readonly group?: string }[];
}
