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

/** A landing of the settings as the page needs it. */
export interface WebLanding {
  readonly landing: Landing;
  readonly rendered: RenderedLanding;
  readonly connect: ConnectClient | undefined;
  /** Where the landed rows can be looked at by SQL. */
  readonly sqlPlace?: SqlPlace | undefined;
}

/** What the page is given from outside. */
export interface WebContext {
  /** The settings as the file stands; a file with a fault leaves the last good ones. */
  readonly settings: () => Settings;
  /** Where they stand; undefined where they cannot be changed. */
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
  /** Whether the local stack's PostgreSQL can be landed into. */
  readonly localWarehouse: boolean;
  /** Every landing of the settings; throws `config` for one that cannot be rendered. */
  readonly landings: () => readonly WebLanding[];
  readonly checkLanding: (landing: WebLanding) => Promise<readonly LintFinding[]>;
  readonly applyLanding: (landing: WebLanding, signal: AbortSignal) => Promise<readonly ConnectorDiff[]>;
  /** Takes the settings file up again now. Answers what is wrong with it. */
  readonly reloadSettings: () => Promise<string | undefined>;
}
