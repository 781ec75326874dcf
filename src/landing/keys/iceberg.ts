import type { KeyTable } from './types.ts';

/** Apache Iceberg's sink 1.9; settings from its configuration class. */
export const icebergSink: KeyTable = {
  required: ['iceberg.tables', 'iceberg.tables.route-field', 'iceberg.control.topic', 'iceberg.catalog', 'iceberg.catalog.warehouse'],
  allowed: [
    ...['iceberg.tables', 'iceberg.tables.dynamic-enabled', 'iceberg.tables.route-field', 'iceberg.tables.default-commit-branch'],
    ...['iceberg.tables.default-id-columns', 'iceberg.tables.default-partition-by', 'iceberg.tables.auto-create-enabled'],
    ...['iceberg.tables.evolve-schema-enabled', 'iceberg.tables.schema-force-optional', 'iceberg.tables.schema-case-insensitive'],
    ...[
      'iceberg.control.topic',
      'iceberg.control.group-id-prefix',
      'iceberg.control.commit.interval-ms',
      'iceberg.control.commit.timeout-ms',
    ],
    ...['iceberg.control.commit.threads', 'iceberg.connect.group-id', 'iceberg.hadoop-conf-dir', 'iceberg.catalog'],
  ],
  prefixes: [
    'iceberg.catalog.',
    'iceberg.table.',
    'iceberg.kafka.',
    'iceberg.hadoop.',
    'iceberg.tables.auto-create-props.',
    'iceberg.tables.write-props.',
  ],
  fixed: [
    { key: 'iceberg.tables.auto-create-enabled', value: 'true', why: 'rows of a table that is not there are dropped in silence' },
    { key: 'iceberg.tables.evolve-schema-enabled', value: 'true', why: 'columns of a later release would be dropped in silence' },
    { key: 'iceberg.tables.route-field', value: '_kafka_topic', why: 'a record that no table asks for is dropped in silence' },
  ],
};
