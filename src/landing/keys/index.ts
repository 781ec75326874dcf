import { icebergSink } from './iceberg.ts';
import { debeziumJdbc } from './postgres.ts';
import type { KeyTable } from './types.ts';
import { aivenBlob, aivenS3, bigquerySink, confluentRedshift, confluentSynapse, snowflakeStreaming } from './warehouses.ts';

/** The known settings of each connector class that a landing may use. */
export const KEY_TABLES: Readonly<Record<string, KeyTable>> = {
  'io.debezium.connector.jdbc.JdbcSinkConnector': debeziumJdbc,
  'io.confluent.connect.aws.redshift.RedshiftSinkConnector': confluentRedshift,
  'io.confluent.connect.azuresqldw.AzureSqlDwSinkConnector': confluentSynapse,
  'io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector': aivenS3,
  'io.aiven.kafka.connect.azure.sink.AzureBlobSinkConnector': aivenBlob,
  'com.wepay.kafka.connect.bigquery.BigQuerySinkConnector': bigquerySink,
  'org.apache.iceberg.connect.IcebergSinkConnector': icebergSink,
  'com.snowflake.kafka.connector.SnowflakeStreamingSinkConnector': snowflakeStreaming,
};
