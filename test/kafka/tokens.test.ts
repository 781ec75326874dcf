import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TributaryError } from '../../src/core/errors.ts';
import { tokenProvider } from '../../src/kafka/tokens.ts';
import type { KafkaSettings, SaslAws, SaslOauth } from '../../src/kafka/types.ts';
import { refusedPort } from '../support/refused-port.ts';

interface Asked {
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

async function endpoint(answer: (n: number) => { status?: number; body: unknown }): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      asked.push({ authorization: request.headers.authorization, form: new URLSearchParams(text) });
      const { status = 200, body } = answer(asked.length);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth2/token`, asked };
}

const settingsWith = (sasl: KafkaSettings['sasl']): KafkaSettings => ({ brokers: ['x:1'], sasl }) as unknown as KafkaSettings;
const oauth = (url: string, more: Partial<SaslOauth> = {}): KafkaSettings =>
  settingsWith({
    mechanism: 'oauthbearer',
    token_url: url,
    client_id: 'a client',
    client_secret: 'pa:ss+wörd',
    client_auth: 'basic',
    ...more,
  });

describe('client credentials', () => {
  test('are sent as RFC 6749 wants them, with scope, audience and extensions', async () => {
    const { url, asked } = await endpoint(() => ({ body: { access_token: 't', expires_in: 300 } }));
    const token = await tokenProvider(oauth(url, { scope: 'kafka', audience: 'brokers', extensions: { logicalCluster: 'lkc-1' } }))!();
    expect(token).toEqual({ value: 't', extensions: { logicalCluster: 'lkc-1' } });
    expect(Buffer.from(asked[0]!.authorization!.replace('Basic ', ''), 'base64').toString()).toBe('a%20client:pa%3Ass%2Bw%C3%B6rd');
    expect(Object.fromEntries(asked[0]!.form)).toEqual({ grant_type: 'client_credentials', scope: 'kafka', audience: 'brokers' });
  });

  test('stand in the body where the endpoint wants that', async () => {
    const { url, asked } = await endpoint(() => ({ body: { access_token: 't' } }));
    await tokenProvider(oauth(url, { client_auth: 'body' }))!();
    expect(asked[0]!.authorization).toBeUndefined();
    expect(Object.fromEntries(asked[0]!.form)).toMatchObject({ client_id: 'a client', client_secret: 'pa:ss+wörd' });
  });

  test('bring one token for all clients while most of its life is left', async () => {
    const { url, asked } = await endpoint((n) => ({ body: { access_token: `t${n}`, expires_in: n === 1 ? 1 : 300 } }));
    const provider = tokenProvider(oauth(url))!;
    expect(new Set((await Promise.all([provider(), provider(), provider()])).map(({ value }) => value))).toEqual(new Set(['t1']));
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 2_000);
    onTestFinished(() => clock.mockRestore());
    expect((await provider()).value).toBe('t2');
    clock.mockReturnValue(now + 60_000);
    expect((await provider()).value).toBe('t2');
    expect(asked).toHaveLength(2);
  });

  test.each<[string, { status?: number; body: unknown }, Partial<TributaryError>]>([
    [
      'a wrong secret',
      { status: 401, body: { error: 'invalid_client', error_description: 'pa:ss+wörd is wrong' } },
      { kind: 'config', message: expect.stringMatching(/answered 401 \(invalid_client\)\.$/) as never },
    ],
    ['a proxy in the way', { status: 302, body: {} }, { kind: 'config' }],
    ['an endpoint in trouble', { status: 503, body: 'no' }, { kind: 'transient' }],
    [
      'an answer without a token',
      { body: { token: 't' } },
      { kind: 'config', message: expect.stringMatching(/answered without a token/) as never },
    ],
  ])('%s is told without what is secret, and asked again', async (_, answer, error) => {
    let wrong = true;
    const { url } = await endpoint(() => (wrong ? answer : { body: { access_token: 'good' } }));
    const provider = tokenProvider(oauth(url))!;
    const thrown = await provider().catch((caught: TributaryError) => caught);
    expect(thrown).toMatchObject(error);
    expect(`${(thrown as TributaryError).message} ${JSON.stringify(thrown)}`).not.toContain('pa:ss');
    wrong = false;
    expect((await provider()).value).toBe('good');
  });

  test('nobody at the endpoint', async () => {
    await expect(tokenProvider(oauth(`http://127.0.0.1:${await refusedPort()}/token`))!()).rejects.toMatchObject({
      kind: 'transient',
      code: 'kafka:token_unreachable',
    });
  });
});

describe('Amazon MSK', () => {
  const aws: SaslAws = { mechanism: 'aws-iam', region: 'eu-west-1' };
  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI-example');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  });
  afterEach(() => vi.unstubAllEnvs());

  test('gets a signed request to connect for a token, and no secret', async () => {
    const { value } = await tokenProvider(settingsWith(aws))!();
    const url = new URL(Buffer.from(value, 'base64url').toString());
    expect(url.host).toBe('kafka.eu-west-1.amazonaws.com');
    expect(url.searchParams.get('Action')).toBe('kafka-cluster:Connect');
    expect(url.searchParams.get('X-Amz-Credential')).toMatch(/^AKIDEXAMPLE\/\d{8}\/eu-west-1\/kafka-cluster\/aws4_request$/);
    expect(url.href).not.toContain('wJalr');
  });

  test('without credentials says where they may come from', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nowhere');
    await expect(tokenProvider(settingsWith(aws))!()).rejects.toMatchObject({
      kind: 'config',
      reach: 'connection',
      code: 'kafka:aws_credentials',
      message: expect.stringMatching(/AWS gave no credentials to log in to Kafka with/) as string,
      remedy: expect.stringMatching(/role .*AWS_PROFILE or AWS_ACCESS_KEY_ID/) as string,
    });
  });
});

test('a password needs no token', () => {
  expect(tokenProvider(settingsWith({ mechanism: 'plain', username: 'u', password: 'p' }))).toBeUndefined();
  expect(tokenProvider(settingsWith(undefined))).toBeUndefined();
});
