import type { KeyTable } from './types.ts';

/** Confluent's Redshift sink. It inherits from the JDBC sink; only the settings known to work are listed. */
export const confluentRedshift: KeyTable = {
  required: ['aws.redshift.domain', 'aws.redshift.database', 'aws.redshift.user', 'aws.redshift.password'],
  allowed: [
    ...['aws.redshift.domain', 'aws.redshift.port', 'aws.redshift.database', 'aws.redshift.user', 'aws.redshift.password'],
    ...[
      'auto.create',
      'auto.evolve',
      'insert.mode',
      'pk.mode',
      'pk.fields',
      'delete.enabled',
      'batch.size',
      'table.name.format',
      'max.retries',
      'retry.backoff.ms',
    ],
  ],
  prefixes: ['confluent.'],
  fixed: [
    { key: 'insert.mode', value: 'insert', why: 'Redshift has no upsert, the view shows the current rows' },
    { key: 'auto.create', value: 'false', why: 'the tables and their types are made by setup.sql' },
  ],
};

/** Confluent's sink for Synapse dedicated pools. */
export const confluentSynapse: KeyTable = {
  required: ['azure.sql.dw.url', 'azure.sql.dw.user', 'azure.sql.dw.password', 'azure.sql.dw.database.name'],
  allowed: [
    ...['azure.sql.dw.url', 'azure.sql.dw.user', 'azure.sql.dw.password', 'azure.sql.dw.database.name'],
    ...['auto.create', 'auto.evolve', 'batch.size', 'table.name.format', 'max.retries', 'retry.backoff.ms'],
  ],
  prefixes: ['confluent.'],
  fixed: [{ key: 'auto.create', value: 'false', why: 'the tables and their types are made by setup.sql' }],
};

/** Settings common to Aiven's file sinks, 3.4. */
const aivenFiles: KeyTable = {
  required: ['file.name.template', 'format.output.type', 'format.output.fields'],
  allowed: [
    ...['file.name.template', 'file.name.timestamp.timezone', 'file.name.timestamp.source', 'file.compression.type', 'file.max.records'],
    ...[
      'format.output.type',
      'format.output.fields',
      'format.output.fields.value.encoding',
      'format.output.envelope',
      'kafka.retry.backoff.ms',
    ],
  ],
  fixed: [
    { key: 'format.output.type', value: 'jsonl', why: 'the COPY statements read JSON lines' },
    { key: 'format.output.fields', value: 'value', why: 'the COPY statements read one flat object per line' },
    { key: 'format.output.envelope', value: 'false', why: 'the COPY statements read one flat object per line' },
    { key: 'file.compression.type', value: 'gzip', why: 'the COPY statements read gzip' },
  ],
};

/** Aiven's S3 sink 3.4. */
export const aivenS3: KeyTable = {
  ...aivenFiles,
  required: ['aws.s3.bucket.name', 'aws.s3.region', ...aivenFiles.required],
  allowed: [
    ...[
      'aws.access.key.id',
      'aws.secret.access.key',
      'aws.s3.bucket.name',
      'aws.s3.region',
      'aws.s3.endpoint',
      'aws.s3.prefix',
      'aws.sts.role.arn',
    ],
    ...aivenFiles.allowed,
  ],
};

/** Aiven's Azure Blob sink 3.4. Its prefix setting differs between releases, so the prefix is part of the template. */
export const aivenBlob: KeyTable = {
  ...aivenFiles,
  required: ['azure.storage.connection.string', 'azure.storage.container.name', ...aivenFiles.required],
  allowed: [
    ...['azure.storage.connection.string', 'azure.storage.container.name', 'azure.user.agent'],
    ...['azure.retry.backoff.initial.delay.ms', 'azure.retry.backoff.max.delay.ms', 'azure.retry.backoff.max.attempts'],
    ...aivenFiles.allowed,
  ],
};

/** BigQuery sink maintained by Aiven, 2.14. */
export const bigquerySink: KeyTable = {
  required: ['project', 'defaultDataset', 'keyfile', 'topic2TableMap'],
  allowed: [
    ...[
      'project',
      'defaultDataset',
      'keyfile',
      'keySource',
      'upsertEnabled',
      'deleteEnabled',
      'kafkaKeyFieldName',
      'mergeIntervalMs',
      'mergeRecordsThreshold',
    ],
    ...[
      'intermediateTableSuffix',
      'autoCreateTables',
      'allowNewBigQueryFields',
      'allowBigQueryRequiredFieldRelaxation',
      'allowSchemaUnionization',
    ],
    ...[
      'allBQFieldsNullable',
      'sanitizeTopics',
      'sanitizeFieldNames',
      'topic2TableMap',
      'bigQueryPartitionDecorator',
      'bigQueryRetry',
      'bigQueryRetryWait',
    ],
    ...['max.retries', 'useStorageWriteApi', 'timePartitioningType'],
  ],
  fixed: [
    { key: 'autoCreateTables', value: 'false', why: 'the tables and their types are made by setup.sql' },
    { key: 'bigQueryPartitionDecorator', value: 'false', why: 'rows would be written to partitions of a table that has none' },
  ],
};

/** Snowflake's sink v4. */
export const snowflakeStreaming: KeyTable = {
  required: [
    'snowflake.url.name',
    'snowflake.user.name',
    'snowflake.private.key',
    'snowflake.role.name',
    'snowflake.database.name',
    'snowflake.schema.name',
    'snowflake.topic2table.map',
  ],
  allowed: [
    ...['snowflake.url.name', 'snowflake.user.name', 'snowflake.private.key', 'snowflake.private.key.passphrase', 'snowflake.role.name'],
    ...[
      'snowflake.database.name',
      'snowflake.schema.name',
      'snowflake.authenticator',
      'snowflake.topic2table.map',
      'snowflake.enable.schematization',
    ],
    ...['snowflake.validation', 'snowflake.autocreate.table.type', 'snowflake.metadata.all', 'snowflake.metadata.offset.and.partition'],
    ...[
      'snowflake.metadata.createtime',
      'snowflake.metadata.topic',
      'behavior.on.null.values',
      'enable.task.fail.on.authorization.errors',
      'jmx',
    ],
    ...[
      'snowflake.compatibility.enable.column.identifier.normalization',
      'snowflake.compatibility.enable.autogenerated.table.name.sanitization',
    ],
    ...[
      'snowflake.streaming.validate.compatibility.with.classic',
      'snowflake.streaming.classic.offset.migration',
      'snowflake.streaming.metrics.prometheus.enable',
    ],
    ...['snowflake.oauth.client.id', 'snowflake.oauth.client.secret', 'snowflake.oauth.refresh.token', 'snowflake.oauth.token.endpoint'],
  ],
  fixed: [
    { key: 'snowflake.enable.schematization', value: 'true', why: 'the rows would land as one VARIANT' },
    {
      key: 'snowflake.compatibility.enable.column.identifier.normalization',
      value: 'true',
      why: 'the names of the fields are lower case, those of the columns upper case, and would not meet',
    },
    {
      key: 'snowflake.validation',
      value: 'client_side',
      why: 'the server drops rows that do not fit; checked by the connector they become dead letters',
    },
    { key: 'snowflake.autocreate.table.type', value: 'none', why: 'the tables and their types are made by setup.sql' },
  ],
};
