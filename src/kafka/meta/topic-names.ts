import { TributaryError } from '../../core/errors.ts';
import { DEFAULT_TOPIC_TEMPLATE, fillTemplate, templateFault, type TemplateScope } from './topic-template.ts';

const PART = /^[a-z0-9_]+$/;
const PREFIX = /^[a-z0-9_]+(\.[a-z0-9_]+)*$/;

/** Names of our own topics. `_control` and `_state` are partitioned by connection. */
export interface TopicNames {
  readonly state: string;
  readonly control: string;
  readonly runs: string;
  readonly deadLetters: string;
  readonly landingErrors: string;
  readonly imports: string;
  /** Reports of running workers about themselves and their tables. */
  readonly status: string;
  /** Records that a landing's connector could not process. */
  sinkDeadLetters(landing: string, connection: string): string;
}

/** The settings that name the table topics. */
export interface TopicNaming {
  readonly prefix: string;
  readonly topics?: TopicTemplates | undefined;
}

/** Templates such as `{prefix}.{connection}.{table}`. */
export interface TopicTemplates {
  readonly name?: string | undefined;
  /** By connection; overrides `name`. */
  readonly connections?: Readonly<Record<string, string>> | undefined;
}

/** Kafka's own limit, characters. */
export const longestTopicName = 249;

export function topicNames(prefix: string): TopicNames {
  check('prefix', prefix, PREFIX);
  return {
    state: `${prefix}._state`,
    control: `${prefix}._control`,
    runs: `${prefix}._runs`,
    deadLetters: `${prefix}._dead_letters`,
    landingErrors: `${prefix}._landing_errors`,
    imports: `${prefix}._imports`,
    status: `${prefix}._status`,
    sinkDeadLetters: (landing, connection) => `${prefix}._dlq.${landing}-${connection}`,
  };
}

/**
 * Returns the name of a table's topic. All names of table topics are made here.
 * @throws TributaryError `config` when a name or a template cannot be used.
 */
export function tableTopic(naming: TopicNaming, connection: string, table: string): string {
  check('table', table, PART);
  return fillTemplate(templateOf(naming, connection), { prefix: naming.prefix, connection, table });
}

/** A regular expression that matches the topics of a connection's tables; its only group is the table's name. */
export function tableTopicPattern(naming: TopicNaming, connection: string): string {
  const literal = fillTemplate(templateOf(naming, connection), { prefix: naming.prefix, connection, table: '{table}' });
  return literal.replaceAll('.', '\\.').replace('{table}', '(.+)');
}

/** The default name of a table's topic. */
export const defaultTableTopic = ({ prefix }: TopicNaming, connection: string, table: string): string =>
  tableTopic({ prefix }, connection, table);

function templateOf({ prefix, topics }: TopicNaming, connection: string): string {
  check('prefix', prefix, PREFIX);
  check('connection', connection, PART);
  const own = topics?.connections?.[connection];
  const template = own ?? topics?.name ?? DEFAULT_TOPIC_TEMPLATE;
  const scope: TemplateScope = own === undefined ? 'all' : 'connection';
  const fault = templateFault(template, scope);
  if (fault === undefined) return template;
  throw new TributaryError(`The name of topics ${template} ${fault}.`, { kind: 'config', remedy: 'Correct topics.name.' });
}

function check(what: string, name: string, allowed: RegExp): void {
  if (allowed.test(name)) return;
  throw new TributaryError(`"${name}" cannot be used as ${what}: topic names are made of lower-case letters, digits and underscores.`, {
    kind: 'config',
    remedy: `Rename the ${what} in the settings.`,
  });
}
