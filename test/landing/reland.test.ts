import { expect, test } from 'vitest';
import { isPassing } from '../../src/landing/reland.ts';

const headers = (type: string, message: string, ...causes: readonly string[]) => ({
  '__connect.errors.exception.class.name': type,
  '__connect.errors.exception.message': message,
  '__connect.errors.exception.stacktrace': [
    `${type}: ${message}`,
    '\tat x.Y.z(Y.java:1)',
    ...causes.map((cause) => `Caused by: ${cause}`),
  ].join('\n'),
});

// The first two as Apicurio's converter 2.6.13 gave them while the registry, or its database, was away; seen in outage.it.test.ts.
test.each([
  ['io.apicurio.registry.rest.client.exception.RestClientException', 'org.postgresql.util.PSQLException: FATAL: terminating connection'],
  ['java.lang.RuntimeException', 'x', 'java.net.ConnectException: Connection refused'],
  ['org.apache.kafka.connect.errors.DataException', 'x', 'java.net.SocketTimeoutException: Read timed out'],
  [
    'org.apache.kafka.common.errors.SerializationException',
    'x',
    'io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException: Error while forwarding; error code: 50003',
  ],
])('a row that %s put among the dead letters is not at fault', (type, message, ...causes) => {
  expect(isPassing(headers(type, message, ...causes))).toBe(true);
});

test.each([
  ['java.lang.IllegalStateException', 'artifactId cannot be null'],
  ['io.apicurio.registry.rest.client.exception.ArtifactNotFoundException', 'No content with id 17'],
  [
    'org.apache.kafka.connect.errors.DataException',
    'x',
    'io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException: Schema 17 not found; error code: 40403',
  ],
  ['org.apache.kafka.connect.errors.DataException', 'Failed to deserialize', 'org.apache.avro.AvroTypeException: found long'],
])('a message that %s refuses stays a dead letter', (type, message, ...causes) => {
  expect(isPassing(headers(type, message, ...causes))).toBe(false);
});
