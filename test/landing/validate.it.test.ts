import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../../src/config/env.ts';
import { CONSUMER_KEYS, SINK_KEYS } from '../../src/landing/keys/connect.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { kafkaJars } from '../../src/stack/artifacts.ts';
import { jarsIn, jarsOf, runJava } from './java.ts';
import { landingOf } from './landings.ts';

type Config = Readonly<Record<string, string>>;
interface Answer {
  readonly unknown: readonly string[];
  readonly errors: Readonly<Record<string, readonly string[]>>;
}

/** The connector's jars in the cache, fetched by Maven once. */
function connectorJars(name: string, version: string): string[] {
  const folder = join(cacheFolder(), `check-${name}-${version}`);
  if (!existsSync(folder)) {
    const draft = `${folder}.new-${process.pid}`;
    mkdirSync(draft, { recursive: true });
    execFileSync(
      'mvn',
      [
        '-q',
        '-B',
        '--strict-checksums',
        '-f',
        fileURLToPath(new URL(`connectors/${name}.xml`, import.meta.url)),
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${draft}`,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    // Another process may have been quicker.
    if (existsSync(folder)) rmSync(draft, { recursive: true, force: true });
    else renameSync(draft, folder);
  }
  return jarsIn(folder);
}

async function validate(type: string, jars: readonly string[], configs: readonly Config[]): Promise<Answer[]> {
  const out = await runJava('Validate', [...(await jarsOf(kafkaJars)), ...jars], { type, configs });
  return JSON.parse(
    out
      .split('\n')
      .find((line) => line.startsWith('ANSWER '))!
      .slice('ANSWER '.length),
  ) as Answer[];
}

const configOf = (name: Parameters<typeof landingOf>[0]): Config => renderLanding(landingOf(name)).connectors[0]!.config;
/** What is not Kafka Connect's own. */
const own = (keys: readonly string[]): string[] =>
  keys.filter(
    (key) =>
      !SINK_KEYS.includes(key) &&
      !CONSUMER_KEYS.some((one) => key === `consumer.override.${one}`) &&
      !/^((key|value)\.converter|transforms|predicates)\./.test(key),
  );

describe('the templates, validated by connector classes of Maven Central, which are older than those they are for', () => {
  it('Snowflake 2.5.0 has no fault to find but a private key that is none, and knows every key but those of 4.x', async () => {
    // Not a key, so that it never calls home.
    const config = { ...configOf('snowflake'), 'snowflake.private.key': 'none' };
    const [good, bad] = await validate('com.snowflake.kafka.connector.SnowflakeSinkConnector', connectorJars('snowflake', '2.5.0'), [
      config,
      { ...config, 'snowflake.topic2table.map': 'no map', 'snowflake.schema.name': '' },
    ]);
    expect(Object.keys(good!.errors)).toEqual(['snowflake.private.key']);
    expect(own(good!.unknown)).toEqual([
      'snowflake.autocreate.table.type',
      'snowflake.compatibility.enable.column.identifier.normalization',
      'snowflake.enable.schematization',
      'snowflake.streaming.validate.compatibility.with.classic',
      'snowflake.validation',
    ]);
    expect(Object.keys(bad!.errors)).toEqual(expect.arrayContaining(['snowflake.schema.name', 'snowflake.topic2table.map']));
  }, 600_000);

  it('BigQuery 2.0.0-alpha has no fault to find, and knows every key but those of later releases', async () => {
    const jars = connectorJars('bigquery', '2.0.0-alpha');
    const [upsert, append, bad] = await validate('com.wepay.kafka.connect.bigquery.BigQuerySinkConnector', jars, [
      configOf('bigquery'),
      configOf('bigquery_append'),
      { ...configOf('bigquery'), autoCreateTables: 'perhaps' },
    ]);
    expect([upsert!.errors, append!.errors]).toEqual([{}, {}]);
    const later = [
      'bigQueryPartitionDecorator',
      'bigQueryRetry',
      'bigQueryRetryWait',
      'deleteEnabled',
      'intermediateTableSuffix',
      'mergeIntervalMs',
      'topic2TableMap',
      'upsertEnabled',
    ];
    expect(own(upsert!.unknown)).toEqual(later);
    expect(own(append!.unknown)).toEqual(later.filter((key) => !['intermediateTableSuffix', 'mergeIntervalMs'].includes(key)));
    expect(Object.keys(bad!.errors)).toEqual(expect.arrayContaining(['autoCreateTables']));
  }, 600_000);
});
