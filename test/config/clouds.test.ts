import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kafkaSettings } from '../../src/config/settings.ts';
import { parseSettings } from '../../src/config/load.ts';
import { sampleSource } from './sample-source.ts';

const page = readFileSync(new URL('../../docs/kafka-in-the-cloud.md', import.meta.url), 'utf8');
const tlsFile = (name: string): string => readFileSync(new URL(`../support/tls/${name}`, import.meta.url), 'utf8');
const everything = new Proxy({}, { get: (_, name) => `value of ${String(name)}`, has: () => true }) as Record<string, string>;

function parse(text: string) {
  const secrets: string[] = [];
  const settings = parseSettings(`${text}connections:\n  sample: { settings: { api_key: sk_1 } }\n`, 'tributary.yaml', {
    sources: [sampleSource],
    variables: everything,
    onSecret: (one) => secrets.push(one),
    readFile: (path) => tlsFile(path.endsWith('.key') ? 'client.key.pem' : path.includes('service') ? 'client.pem' : 'ca.pem'),
  });
  return { kafka: kafkaSettings(settings, undefined), secrets };
}

const examples = [...page.matchAll(/```yaml\n(kafka:[\s\S]*?)```/g)].map(([, text]) => text as string);

describe('settings for the clouds', () => {
  test.each(
    examples.map(
      (text) => [/brokers: \[([^\]]+)/.exec(text)?.[1] ?? '', /mechanism: (\S+?)[,\n ]/.exec(text)?.[1] ?? 'tls', text] as const,
    ),
  )('%s by %s', (_, mechanism, text) => {
    const { kafka, secrets } = parse(text);
    expect(kafka.ssl).toBeTruthy();
    expect(kafka.sasl?.mechanism).toBe(mechanism.replace(',', ''));
    const secret = JSON.stringify(kafka.sasl).match(/value of [A-Z_]*(?:SECRET|PASSWORD|STRING)/)?.[0];
    if (kafka.sasl?.mechanism !== 'aws-iam') expect(secrets).toContain(secret);
  });

  test('there is one for every service', () => {
    expect(examples).toHaveLength(8);
    for (const service of ['Confluent Cloud', 'Amazon MSK', 'Azure Event Hubs', 'Redpanda', 'Aiven'])
      expect(page).toContain(`## ${service}`);
  });
});

describe('wrong ways to log in are refused with their line and what to do', () => {
  const oauth = 'mechanism: oauthbearer, token_url: "https://x.test/t", client_id: a, client_secret: b';
  test.each<[string, string, RegExp]>([
    [
      'an unknown mechanism',
      'mechanism: gssapi',
      /line 3: kafka\.sasl\.mechanism "gssapi" must be one of plain, scram-sha-256, scram-sha-512, oauthbearer, aws-iam/,
    ],
    ['no mechanism', 'username: u, password: p', /line 3: kafka\.sasl\.mechanism is missing; it must be one of plain/],
    ['a user beside a token', `${oauth}, username: u`, /line 3: .*username is not a known setting/],
    ['no endpoint', 'mechanism: oauthbearer, client_id: a, client_secret: b', /line 3: kafka\.sasl\.token_url is missing/],
    [
      'an endpoint that is no address',
      oauth.replace('https://x.test/t', 'x.test'),
      /line 3: .*token_url .*must be an http:\/\/ or https:\/\/ address/,
    ],
    ['a password in the address', oauth.replace('x.test', 'u:p@x.test'), /line 3: .*token_url holds a user name or password/],
    ['another way to tell', `${oauth}, client_auth: header`, /line 3: .*client_auth "header" must be one of basic, body/],
    ['an odd extension', `${oauth}, extensions: { "logical cluster": x }`, /line 3: .*is not a name of a SASL extension/],
    ['no region', 'mechanism: aws-iam', /line 3: kafka\.sasl\.region is missing/],
    ['no TLS', 'mechanism: aws-iam, region: eu-west-1', /line 3: kafka\.sasl\.mechanism aws-iam needs TLS: .*set kafka\.tls: true/],
    ['a zone as region', 'mechanism: aws-iam, region: eu-west-1a', /line 3: .*region "eu-west-1a" is not an AWS region/],
    ['a role by name', 'mechanism: aws-iam, region: eu-west-1, role: tributary', /line 3: .*role "tributary" must be the ARN of a role/],
  ])('%s', (_, sasl, message) => {
    const text = `kafka:\n  brokers: [b:9092]\n  sasl: { ${sasl} }\nregistry: { url: "https://r.test" }\n`;
    expect(() => parse(text)).toThrowError(message);
  });
});
