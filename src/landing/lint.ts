import { CONSUMER_KEYS, SINK_KEYS, SINK_PREFIXES, TRANSFORM_KEYS } from './keys/connect.ts';
import { KEY_TABLES } from './keys/index.ts';
import { holdsSecret } from './diff.ts';

export interface LintFinding {
  readonly connector: string;
  readonly key?: string;
  readonly problem: string;
  readonly remedy: string;
}

type Config = Readonly<Record<string, string>>;
type Fault = Omit<LintFinding, 'connector'>;

/** Faults in a connector's configuration that Connect accepts without a word. */
export function lintConnector(connector: string, config: Config): LintFinding[] {
  const rules = [unknownKeys, requiredKeys, fixedValues, leastValues, deadLetters, secrets, consumer, routing];
  return rules.flatMap((rule) => rule(config)).map((fault) => ({ connector, ...fault }));
}

function unknownKeys(config: Config): Fault[] {
  const known = KEY_TABLES[config['connector.class'] ?? ''];
  if (known === undefined) {
    return [
      {
        key: 'connector.class',
        problem: `nothing is known about the class ${config['connector.class'] ?? '(none)'}`,
        remedy: 'Use one of the connectors of sink-configs, or add a table of its keys.',
      },
    ];
  }
  const allowed = new Set([
    ...SINK_KEYS,
    ...known.allowed,
    ...transformKeys(config),
    ...CONSUMER_KEYS.map((key) => `consumer.override.${key}`),
  ]);
  const prefixes = [...SINK_PREFIXES.filter((prefix) => prefix !== 'consumer.override.'), ...(known.prefixes ?? [])];
  return Object.keys(config)
    .filter((key) => !allowed.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)))
    .map((key) => ({
      key,
      problem: 'the connector does not know this key and would ignore it',
      remedy: 'Correct its spelling or remove it.',
    }));
}

function transformKeys(config: Config): string[] {
  const list = (key: string): string[] =>
    (config[key] ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  const transforms = list('transforms').flatMap((name) => {
    const type = (config[`transforms.${name}.type`] ?? '').split('.').at(-1) ?? '';
    return ['type', 'predicate', 'negate', ...(TRANSFORM_KEYS[type] ?? [])].map((option) => `transforms.${name}.${option}`);
  });
  return [...transforms, ...list('predicates').flatMap((name) => [`predicates.${name}.type`, `predicates.${name}.pattern`])];
}

function requiredKeys(config: Config): Fault[] {
  const required = KEY_TABLES[config['connector.class'] ?? '']?.required ?? [];
  return required.filter((key) => (config[key] ?? '') === '').map((key) => ({ key, problem: 'is missing', remedy: 'Add it.' }));
}

function fixedValues(config: Config): Fault[] {
  const fixed = KEY_TABLES[config['connector.class'] ?? '']?.fixed ?? [];
  return fixed
    .filter(({ key, value }) => config[key] !== value)
    .map(({ key, value, why }) => ({ key, problem: `is ${config[key] ?? 'not set'}: ${why}`, remedy: `Set it to ${value}.` }));
}

function leastValues(config: Config): Fault[] {
  const least = KEY_TABLES[config['connector.class'] ?? '']?.least ?? [];
  return least
    .filter(({ key, value }) => !(Number(config[key]) >= value))
    .map(({ key, value, why }) => ({ key, problem: `is ${config[key] ?? 'not set'}: ${why}`, remedy: `Set it to ${value} or more.` }));
}

function deadLetters(config: Config): Fault[] {
  const topic = config['errors.deadletterqueue.topic.name'] ?? '';
  const faults: Fault[] = [];
  if (config['errors.tolerance'] === 'all' && topic === '') {
    faults.push({
      key: 'errors.tolerance',
      problem: 'is all without a dead-letter topic: rows that fail would be lost',
      remedy: 'Set errors.deadletterqueue.topic.name.',
    });
  }
  if (topic !== '' && !/^[1-9]\d*$/.test(config['errors.deadletterqueue.topic.replication.factor'] ?? '')) {
    faults.push({
      key: 'errors.deadletterqueue.topic.replication.factor',
      problem: 'is not set: Connect takes 3, which fails on fewer brokers',
      remedy: 'Set it to the replication factor of the other topics.',
    });
  }
  if (config['errors.log.include.messages'] === 'true') {
    faults.push({
      key: 'errors.log.include.messages',
      problem: 'writes personal data into the log of the worker',
      remedy: 'Set it to false.',
    });
  }
  return faults;
}

function secrets(config: Config): Fault[] {
  return Object.keys(config)
    .filter((key) => holdsSecret(key, config[key] ?? ''))
    .map((key) => ({
      key,
      problem: 'holds a secret in plain text; Connect stores configurations in a topic and shows them to anybody who asks',
      remedy: 'Use ${file:...}, ${env:...} or ${dir:...}, resolved by the worker.',
    }));
}

function consumer(config: Config): Fault[] {
  const faults: Fault[] = [];
  if (config['consumer.override.isolation.level'] !== 'read_committed') {
    faults.push({
      key: 'consumer.override.isolation.level',
      problem: 'is not read_committed: rows of aborted transactions would land',
      remedy: 'Set it to read_committed.',
    });
  }
  if (config['consumer.override.allow.auto.create.topics'] !== 'false') {
    faults.push({
      key: 'consumer.override.allow.auto.create.topics',
      problem: 'is not false: the sink could create a topic that is not compacted before its producer does',
      remedy: 'Set it to false.',
    });
  }
  const reset = config['consumer.override.auto.offset.reset'];
  if (reset !== undefined && reset !== 'earliest') {
    faults.push({
      key: 'consumer.override.auto.offset.reset',
      problem: `is ${reset}: rows that are already in the topic would not land`,
      remedy: 'Set it to earliest.',
    });
  }
  if ((config['topics'] === undefined) === (config['topics.regex'] === undefined)) {
    faults.push({ key: 'topics', problem: 'either topics or topics.regex has to be set, not both', remedy: 'List the topics.' });
  }
  return faults;
}

function routing(config: Config): Fault[] {
  const router = Object.keys(config).some((key) => /^transforms\..*\.type$/.test(key) && config[key]?.endsWith('.RegexRouter'));
  const map = ['topic2TableMap', 'snowflake.topic2table.map'].find((key) => (config[key] ?? '') !== '');
  if (router && config['connector.class'] === 'org.apache.iceberg.connect.IcebergSinkConnector') {
    return [
      {
        key: 'transforms',
        problem: 'hold a RegexRouter: the sink commits offsets under the new name and waits for ever',
        remedy: 'Remove it; the route-regex of each table names its topic.',
      },
    ];
  }
  return router && map !== undefined
    ? [
        {
          key: map,
          problem: 'cannot be combined with a RegexRouter: the map is looked up by the renamed topics, which it does not contain',
          remedy: 'Use one of the two.',
        },
      ]
    : [];
}
