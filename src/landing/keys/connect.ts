/** Settings that Kafka Connect itself supports for every sink. */
export const SINK_KEYS: readonly string[] = [
  'name',
  'connector.class',
  'connector.plugin.version',
  'tasks.max',
  'tasks.max.enforce',
  'topics',
  'topics.regex',
  'key.converter',
  'value.converter',
  'header.converter',
  'transforms',
  'predicates',
  'config.action.reload',
  'errors.tolerance',
  'errors.retry.timeout',
  'errors.retry.delay.max.ms',
  'errors.log.enable',
  'errors.log.include.messages',
  'errors.deadletterqueue.topic.name',
  'errors.deadletterqueue.topic.replication.factor',
  'errors.deadletterqueue.context.headers.enable',
];

/** Prefixes of settings that are passed to the converter, transform or consumer they configure. */
export const SINK_PREFIXES: readonly string[] = [
  'key.converter.',
  'value.converter.',
  'header.converter.',
  'consumer.override.',
  'producer.override.',
  'admin.override.',
];

/** Consumer settings that may be overridden; Connect ignores a misspelt one silently. */
export const CONSUMER_KEYS: readonly string[] = [
  'isolation.level',
  'allow.auto.create.topics',
  'auto.offset.reset',
  'metadata.max.age.ms',
  'max.poll.records',
  'max.poll.interval.ms',
  'max.partition.fetch.bytes',
  'fetch.max.bytes',
  'fetch.max.wait.ms',
  'fetch.min.bytes',
  'session.timeout.ms',
  'heartbeat.interval.ms',
  'request.timeout.ms',
  'group.id',
  'client.id',
  'client.rack',
];

/** Options of the transforms that ship with Kafka, by the simple name of their class. */
export const TRANSFORM_KEYS: Readonly<Record<string, readonly string[]>> = {
  RegexRouter: ['regex', 'replacement'],
  Filter: [],
  InsertField$Value: [
    'offset.field',
    'partition.field',
    'timestamp.field',
    'topic.field',
    'static.field',
    'static.value',
    'replace.null.with.default',
  ],
  TimestampConverter$Value: ['field', 'target.type', 'format', 'unix.precision', 'replace.null.with.default'],
  ReplaceField$Value: ['include', 'exclude', 'renames', 'replace.null.with.default'],
  Cast$Value: ['spec', 'replace.null.with.default'],
  SetSchemaMetadata$Value: ['schema.name', 'schema.version', 'replace.null.with.default'],
};
