import { describe, expect, it } from 'vitest';
import { describeDiff, diffConnector } from '../../src/landing/diff.ts';
import { lintConnector } from '../../src/landing/lint.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { landingOf } from './landings.ts';

const good = (name: Parameters<typeof landingOf>[0]): Record<string, string> => ({
  ...renderLanding(landingOf(name)).connectors[0]!.config,
});
const without = (config: Record<string, string>, key: string): Record<string, string> =>
  Object.fromEntries(Object.entries(config).filter(([name]) => name !== key));
const keys = (config: Record<string, string>): (string | undefined)[] => lintConnector('c', config).map((finding) => finding.key);

describe('the check of a connector', () => {
  it.each([
    ['a misspelt key', { ...good('postgres'), 'insert.mod': 'upsert' }, 'insert.mod'],
    ['a misspelt consumer key', { ...good('postgres'), 'consumer.override.isolation.lvl': 'x' }, 'consumer.override.isolation.lvl'],
    ['an option its transform does not know', { ...good('postgres'), 'transforms.name.regexp': 'x' }, 'transforms.name.regexp'],
    ['an unknown class', { ...good('postgres'), 'connector.class': 'com.example.Sink' }, 'connector.class'],
    ['a missing key', without(good('s3'), 'aws.s3.region'), 'aws.s3.region'],
    ['tolerance without a dead-letter topic', without(good('postgres'), 'errors.deadletterqueue.topic.name'), 'errors.tolerance'],
    [
      'no replication factor',
      without(good('postgres'), 'errors.deadletterqueue.topic.replication.factor'),
      'errors.deadletterqueue.topic.replication.factor',
    ],
    ['a secret in clear', { ...good('postgres'), 'connection.password': 'hunter2' }, 'connection.password'],
    ['a secret in an address', { ...good('postgres'), 'connection.url': 'jdbc:postgresql://h/d?password=x' }, 'connection.url'],
    [
      'the key of a storage account in clear',
      { ...good('synapse_copy'), 'azure.storage.connection.string': 'AccountName=a;AccountKey=k' },
      'azure.storage.connection.string',
    ],
    ['files that COPY INTO would not unpack', { ...good('synapse_copy'), 'file.compression.type': 'snappy' }, 'file.compression.type'],
    ['a missing container', without(good('synapse_copy'), 'azure.storage.container.name'), 'azure.storage.container.name'],
    ['an envelope around the rows', { ...good('s3'), 'format.output.envelope': 'true' }, 'format.output.envelope'],
    ['reading uncommitted rows', without(good('redshift'), 'consumer.override.isolation.level'), 'consumer.override.isolation.level'],
    [
      'making topics',
      { ...good('snowflake'), 'consumer.override.allow.auto.create.topics': 'true' },
      'consumer.override.allow.auto.create.topics',
    ],
    ['rows in the log of the worker', { ...good('bigquery'), 'errors.log.include.messages': 'true' }, 'errors.log.include.messages'],
    [
      'a password for the brokers in clear',
      { ...good('postgres'), 'producer.override.sasl.jaas.config': 'org.x.Login required password="x";' },
      'producer.override.sasl.jaas.config',
    ],
    ['a key file given as its content', { ...good('bigquery'), keyfile: '{"private_key":"x"}' }, 'keyfile'],
    [
      'Snowflake columns that no field would meet',
      without(good('snowflake'), 'snowflake.compatibility.enable.column.identifier.normalization'),
      'snowflake.compatibility.enable.column.identifier.normalization',
    ],
    ['rows that Snowflake would drop in silence', { ...good('snowflake'), 'snowflake.validation': 'server_side' }, 'snowflake.validation'],
    ['plain inserts into PostgreSQL', { ...good('postgres'), 'insert.mode': 'insert' }, 'insert.mode'],
    [
      'the way of writing that damages times',
      { ...good('postgres'), 'dialect.postgres.unnest.insert.enabled': 'true' },
      'dialect.postgres.unnest.insert.enabled',
    ],
    [
      'a router beside a map',
      {
        ...good('bigquery'),
        transforms: 'r',
        'transforms.r.type': 'org.apache.kafka.connect.transforms.RegexRouter',
        'transforms.r.regex': 'a',
        'transforms.r.replacement': 'b',
      },
      'topic2TableMap',
    ],
  ])('finds %s', (_, config, key) => {
    expect(keys(config)).toEqual([key]);
  });

  it.each(['env:SINK', 'file:/etc/sink.properties:password', 'dir:/run/secrets:password', 'secrets:kafka/sink:password'])(
    'takes %s for no secret, but what stands beside a reference for one',
    (reference) => {
      const config = (password: string) => ({ ...good('postgres'), 'connection.password': password });
      expect(keys(config(`\${${reference}}`))).toEqual([]);
      expect(keys(config(`hunter2\${${reference}}`))).toEqual(['connection.password']);
      expect(keys(config(reference))).toEqual(['connection.password']);
    },
  );
});

describe('the diff of a connector', () => {
  const connector = renderLanding(landingOf('postgres')).connectors[0]!;

  it('names what changes and masks what is secret', () => {
    const current = {
      ...connector.config,
      name: connector.name,
      'batch.size': '1',
      'connection.password': 'hunter2',
      'connection.url': 'jdbc:postgresql://h/d?user=u&password=hunter2',
    };
    const diff = diffConnector(connector, current);
    expect(diff.kind).toBe('change');
    expect(diff.changes.map((change) => change.key)).toEqual(['batch.size', 'connection.password', 'connection.url']);
    expect(describeDiff(diff).join('\n')).not.toContain('hunter2');
  });

  it('is empty when nothing changes', () => {
    expect(diffConnector(connector, { ...connector.config, name: connector.name })).toMatchObject({ kind: 'same', changes: [] });
  });
});
