import { TributaryError } from '../../core/errors.ts';

const PART = /^[a-z0-9_]+$/;

/** Names of our topics. `_control` and `_state` are partitioned by connection. */
export interface TopicNames {
  readonly state: string;
  readonly control: string;
  readonly runs: string;
  readonly deadLetters: string;
  readonly landingErrors: string;
  readonly imports: string;
  /** Reports of running workers about themselves and their tables. */
  readonly status: string;
  table(connection: string, table: string): string;
  /** Records that a landing's connector could not process. */
  sinkDeadLetters(landing: string, connection: string): string;
}

/** Kafka's own limit, characters. */
export const longestTopicName = 249;

export function topicNames(prefix: string): TopicNames {
  check('prefix', prefix, /^[a-z0-9_]+(\.[a-z0-9_]+)*$/);
  return {
    state: `${prefix}._state`,
    control: `${prefix}._control`,
    runs: `${prefix}._runs`,
    deadLetters: `${prefix}._dead_letters`,
    landingErrors: `${prefix}._landing_errors`,
    imports: `${prefix}._imports`,
    status: `${prefix}._status`,
    table: (connection, table) => {
      check('connection', connection, PART);
      check('table', table, PART);
      return `${prefix}.${connection}.${table}`;
    },
    sinkDeadLetters: (landing, connection) => `${prefix}._dlq.${landing}-${connection}`,
  };
}

function check(what: string, name: string, allowed: RegExp): void {
  if (allowed.test(name)) return;
  throw new TributaryError(`"${name}" cannot be used as ${what}: topic names are made of lower-case letters, digits and underscores.`, {
    kind: 'config',
    remedy: `Rename the ${what} in the settings.`,
  });
}
