import { expect, test } from 'vitest';
import type { SinkOffset } from '../../src/landing/connect-client.ts';
import { isPassing, rewind } from '../../src/landing/reland.ts';

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

/** A sink whose consumer has read on from its committed offsets; starting it again takes it back to them (KIP-875 for the rest). */
function sinkAt(committed: Record<string, number>, read: Record<string, number>) {
  let running = true;
  const offsets = (): SinkOffset[] =>
    Object.entries(committed).map(([place, offset]) => ({ topic: 't', partition: Number(place), offset }));
  return {
    read,
    offsets: () => Promise.resolve(offsets()),
    stop: () => Promise.resolve(void (running = false)),
    status: () => Promise.resolve({ connector: { state: running ? ('RUNNING' as const) : ('STOPPED' as const) }, tasks: [] }),
    setOffsets(_: string, to: readonly SinkOffset[]) {
      if (running) return Promise.reject(new Error('Connect answers 400: the connector must be stopped'));
      for (const { partition, offset } of to) committed[partition] = offset;
      return Promise.resolve();
    },
    resume() {
      running = true;
      for (const partition of Object.keys(read)) read[partition] = committed[partition] ?? 0;
      return Promise.resolve();
    },
  };
}

test.each<[string, Record<string, number>, Record<string, number>, number]>([
  ['followed by rows that landed', { 0: 50 }, { 0: 50 }, 30],
  ['that are the last of their partition', { 0: 30 }, { 0: 50 }, 30],
  ['of a partition of which nothing has landed yet', {}, { 0: 5 }, 0],
])('rows that became dead letters without fault are read again: those %s', async (_, committed, read, oldest) => {
  const sink = sinkAt(committed, read);
  await rewind(sink, 'wh-shop', [{ topic: 't', partition: 0, offset: oldest }], () => 0, new AbortController().signal);
  expect(sink.read[0]).toBe(oldest);
});
