import type { z } from 'zod';
import type { FileImports } from './imports.ts';
import type { HttpFactory } from './http/client.ts';
import type { TableDefinition } from '../core/table.ts';

/** What the engine lends a source when a connection is opened. All request traffic goes through `http`. */
export interface ConnectEnvironment {
  /** Makes the connection's HTTP client: budget, retries, time-outs, redaction and metrics included. */
  readonly http: HttpFactory;
  readonly now: () => number;
}

/** A vendor whose API is read. Everything the engine knows about it. */
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
  /** One cheap request that proves key and rights; says which account answered. */
  probe(api: Api, signal: AbortSignal): Promise<{ readonly account: string }>;
  /** What some settings cost in requests, a sentence each, where a user can choose. */
  readonly costs?: (settings: Settings) => readonly string[];
  /** What some settings may be, as the account itself lists it, for a form to offer. */
  choices?(api: Api, signal: AbortSignal): Promise<readonly SettingChoices[]>;
  /** All tables, given the settings (some columns may depend on them); called with defaults for the schemas. */
  tables(settings: Settings): readonly TableDefinition[];
  /** Set by a source that takes files over SFTP. */
  readonly imports?: FileImports<Settings, Api>;
}

/** What may stand in a setting that is a list. */
export interface SettingChoices {
  readonly setting: string;
  readonly choices: readonly { readonly value: string; readonly label: string; readonly group?: string }[];
}
