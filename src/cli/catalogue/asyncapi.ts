import { stringify } from 'yaml';
import type { TableFacts } from './facts.ts';

/** Addresses of Kafka and the registry, without log-in data. */
export interface TopicServers {
  readonly brokers: readonly string[];
  readonly tls: boolean;
  readonly registryUrl: string | undefined;
}

const AVRO = 'application/vnd.apache.avro+json;version=1.9.0';

/** The tables' topics as an AsyncAPI 3 document: for consumers, with keys, values and their encoding. */
export function asyncapi(tables: readonly TableFacts[], { brokers, tls, registryUrl }: TopicServers, version: string): string {
  const id = (table: TableFacts): string => `${table.connection}_${table.table}`;
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Tables kept by Tributary',
      version,
      description:
        'One compacted topic per table, keyed by the primary key. A deleted row is a message with _deleted true, then a tombstone. Read with isolation.level=read_committed.',
    },
    defaultContentType: 'application/vnd.confluent.avro',
    servers: Object.fromEntries(
      brokers.map((host, index) => [
        `broker${index + 1}`,
        {
          host,
          protocol: tls ? 'kafka-secure' : 'kafka',
          ...(registryUrl === undefined
            ? {}
            : { bindings: { kafka: { schemaRegistryUrl: registryUrl, schemaRegistryVendor: 'confluent' } } }),
        },
      ]),
    ),
    channels: Object.fromEntries(
      tables.map((table) => [
        id(table),
        {
          address: table.topic,
          title: table.name,
          description: `${table.docs}. ${table.read} ${table.deletes} ${table.lag}`,
          messages: { row: { $ref: `#/components/messages/${id(table)}` } },
          bindings: { kafka: { topic: table.topic, partitions: table.partitions, topicConfiguration: { 'cleanup.policy': ['compact'] } } },
        },
      ]),
    ),
    operations: Object.fromEntries(
      tables.map((table) => [
        `publish_${id(table)}`,
        { action: 'send', channel: { $ref: `#/channels/${id(table)}` }, summary: `Rows of ${table.name} that are new, changed or gone.` },
      ]),
    ),
    components: {
      messages: Object.fromEntries(
        tables.map((table) => [
          id(table),
          {
            name: id(table),
            title: table.name,
            contentType: 'application/vnd.confluent.avro',
            payload: { schemaFormat: AVRO, schema: table.codec.valueSchema },
            bindings: {
              kafka: { key: keyOf(table), schemaIdLocation: 'payload', schemaIdPayloadEncoding: 'confluent', bindingVersion: '0.4.0' },
            },
          },
        ]),
      ),
    },
  };
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

const TYPES = {
  text: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  timestamp: 'integer',
  date: 'integer',
  json: 'string',
} as const;

function keyOf({ key, columns }: TableFacts) {
  const keys = key.flatMap((name) => columns.filter((column) => column.name === name));
  return {
    type: 'object',
    required: keys.map(({ name }) => name),
    properties: Object.fromEntries(keys.map(({ name, type, doc }) => [name, { type: TYPES[type], description: doc }])),
  };
}
