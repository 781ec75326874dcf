import type { Settings } from '../config/settings.ts';
import type { Clock } from '../core/clock.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import type { Registry } from '../kafka/registry.ts';
import type { ConnectClient } from '../landing/connect-client.ts';
import type { ConnectorDiff } from '../landing/diff.ts';
import type { LintFinding } from '../landing/lint.ts';
import type { SqlPlace } from '../landing/newest-rows.ts';
import type { Landing, RenderedLanding } from '../landing/types.ts';
import type { Logger } from '../observability/log.ts';
import type { Redactor } from '../core/redact.ts';
import type { Source } from '../sdk/source.ts';

/** A landing of the settings, as the page needs it. */
export interface WebLanding {
  readonly landing: Landing;
  readonly rendered: RenderedLanding;
  readonly connect: ConnectClient | undefined;
  /** Where the landed rows can be queried by SQL. */
  readonly sqlPlace?: SqlPlace | undefined;
}

/** The environment of the page. */
export interface WebContext {
  /** The current settings; while the file is invalid, the last valid ones. */
  readonly settings: () => Settings;
  /** The settings file; undefined when the settings cannot be changed. */
  readonly settingsFile: string | undefined;
  readonly sources: readonly Source[];
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly access: KafkaAccess;
  readonly registry: Registry;
  readonly redactor: Redactor;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly version: string;
  /** Whether the local stack's PostgreSQL is available for landings. */
  readonly localWarehouse: boolean;
  /** All landings of the settings; throws `config` for one that cannot be rendered. */
  readonly landings: () => readonly WebLanding[];
  readonly checkLanding: (landing: WebLanding) => Promise<readonly LintFinding[]>;
  readonly applyLanding: (landing: WebLanding, signal: AbortSignal) => Promise<readonly ConnectorDiff[]>;
  /** Reloads the settings file at once. Returns why it is not valid, if so. */
  readonly reloadSettings: () => Promise<string | undefined>;
}
