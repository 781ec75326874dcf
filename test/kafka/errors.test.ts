import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import { anyBroker } from '../../src/kafka/any-broker.ts';
import { brokerAway, kafkaError, passes } from '../../src/kafka/errors.ts';
import { PROTOCOL_FAULTS } from '../../src/kafka/protocol-errors.ts';
import { DEFAULT_SESSION_MS } from '../../src/kafka/partitioning.ts';
import { registryError } from '../../src/kafka/registry-errors.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';

// What these tests take from kafkajs is its insides, as they are in 2.2.4.
const require = createRequire(import.meta.url);
const kafkajs = require('kafkajs/src/errors') as Record<string, new (message: unknown, options?: object) => Error>;
const { createErrorFromCode, errorCodes } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode: (code: number) => Error;
  errorCodes: readonly { readonly type: string; readonly code: number; readonly retriable: boolean }[];
};

const settings: KafkaSettings = {
  brokers: ['k1:9092'],
  clientId: 't',
  prefix: 'p',
  replicationFactor: 1,
  minInSyncReplicas: 1,
  registry: { url: 'http://r' },
  compression: 'gzip',
};
const told = (error: unknown): TributaryError => kafkaError(error, settings, 'Writing to p.c.rows');

/** The TypeError that kafkajs 2.2.4 throws when an answer is null: thrown inside it, so that its stack says so. */
async function nullInsideKafkajs(): Promise<unknown> {
  const admin = (require('kafkajs/src/admin') as (options: object) => { listTopics(): Promise<unknown> })({
    logger: { namespace: () => ({ error: () => undefined, warn: () => undefined, debug: () => undefined }) },
    retry: { retries: 0 },
    cluster: { metadata: async () => null, hasConnectedBrokers: () => true },
    instrumentationEmitter: { emit: () => undefined, addListener: () => undefined },
  });
  return admin.listTopics().then(
    () => {
      throw new Error('kafkajs answered');
    },
    (error: unknown) => error,
  );
}

test('a broker that goes away is trouble that passes, in whatever form kafkajs 2.2.4 says it', async () => {
  const inside = await nullInsideKafkajs();
  expect((inside as Error).name).toBe('TypeError');
  const made = (name: string, message: unknown): Error =>
    new (kafkajs[name] as new (message: unknown, options?: object) => Error)(message, {});
  for (const error of [
    inside,
    brokerAway('the topics'),
    new Error('Broker not connected'),
    new Error('this client has been dropped'),
    made('KafkaJSNonRetriableError', new Error('Broker not connected')),
    made('KafkaJSNumberOfRetriesExceeded', made('KafkaJSConnectionClosedError', 'Closed connection')),
    made('KafkaJSBrokerNotFound', 'Broker 3 not found in the cached metadata'),
    made('KafkaJSLockTimeout', 'Timeout while acquiring lock'),
    made('KafkaJSRequestTimeoutError', 'Request Produce timed out'),
    made('KafkaJSPartialMessageError', 'Tried to decode a partial message'),
    Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }),
    Object.assign(new Error('getaddrinfo EAI_FAIL k1'), { code: 'EAI_FAIL' }),
  ]) {
    expect(passes(error), String(error)).toBe(true);
    const { kind, tries, message, remedy } = told(error);
    expect({ kind, tries }, message).toEqual({ kind: 'transient', tries: undefined });
    expect(message).toMatch(/^Writing to p\.c\.rows failed: Kafka at k1:9092 cannot be reached \(.+\)\.$/);
    expect(`${message} ${remedy}`).not.toMatch(/bug in Tributary|destructure|undefined|\[object/);
  }
});

test('what nobody has classified is tried a few times and then told in words, never as a fault of ours', () => {
  for (const error of [
    new Error('a surprise'),
    'a string',
    { some: 'object' },
    null,
    new (kafkajs['KafkaJSNonRetriableError'] as new (m: string) => Error)('Cannot call "send"'),
  ]) {
    const { kind, tries, message, code } = told(error);
    expect({ kind, tries, code }).toEqual({ kind: 'transient', tries: 5, code: 'kafka:unclassified' });
    expect(message).not.toMatch(/\[object|bug in Tributary/);
  }
});

test('a fault in our own code inside a call stays a fault of ours', () => {
  expect(told(new TypeError('x is not a function')).kind).toBe('internal');
});

test('an error of ours is not wrapped again, however deep kafkajs has put it', () => {
  const own = new TributaryError('mine', { kind: 'stopped' });
  expect(told(own)).toBe(own);
  expect(told(new Error('around', { cause: own }))).toBe(own);
});

test('every protocol error kafkajs knows, and every younger one, has words, and only those Kafka calls retriable are tried without an end', () => {
  const young = Array.from({ length: 45 }, (_, index) => 89 + index).map((code) => ({ type: `code ${code}`, code, retriable: false }));
  for (const { type, code, retriable } of [...errorCodes, ...young]) {
    const error = told(createErrorFromCode(code));
    expect(error.message, type).toMatch(/^Writing to p\.c\.rows failed: .{15,}\.$/);
    expect(error.remedy, type).toBeTruthy();
    if (error.kind !== 'transient') continue;
    const endless = error.tries === undefined;
    if (endless && !retriable) expect(PROTOCOL_FAULTS, type).toHaveProperty(error.code?.slice('kafka:'.length) ?? '');
    if (retriable && PROTOCOL_FAULTS[type]?.tries === undefined) expect(endless, type).toBe(true);
  }
});

test('a coordinator that no broker can name is not available, though kafkajs gives no code', () => {
  const { KafkaJSGroupCoordinatorNotFound } = createRequire(import.meta.url)('kafkajs/src/errors') as {
    KafkaJSGroupCoordinatorNotFound: new (message: string) => Error;
  };
  const told = kafkaError(new KafkaJSGroupCoordinatorNotFound('Failed to find group coordinator'), settings, 'Looking for workers');
  expect(told).toMatchObject({ kind: 'transient', code: 'kafka:GROUP_COORDINATOR_NOT_AVAILABLE', tries: undefined });
  expect(told.message).toBe('Looking for workers failed: the coordinator is not available.');
  expect(told.remedy).toContain('__consumer_offsets');
});

test('a line that breaks during the login is no refusal; a broker that refuses is one', () => {
  const sasl = (text: string): Error => new (kafkajs['KafkaJSSASLAuthenticationError'] as new (message: unknown) => Error)(text);
  // The texts of kafkajs 2.2.4 (network/connection.js, socketRequest.js), behind each of its authenticators' own beginnings.
  for (const begin of [
    'SASL PLAIN authentication failed: ',
    'SASL SCRAM SHA512 authentication failed: ',
    'SASL OAUTHBEARER authentication failed: ',
  ]) {
    for (const line of [
      'Closed connection',
      'Connection error: read ECONNRESET',
      'Connection timeout',
      'Not connected',
      'Request SaslAuthenticate(key: 36, version: 1) timed out',
    ]) {
      expect(passes(sasl(begin + line)), begin + line).toBe(true);
      expect(told(sasl(begin + line)), begin + line).toMatchObject({ kind: 'transient', code: 'kafka:unreachable' });
    }
    for (const refusal of [
      'Authentication failed: Invalid username or password',
      'Authentication failed during authentication due to invalid credentials',
    ]) {
      expect(passes(sasl(begin + refusal))).toBe(false);
      expect(told(sasl(begin + refusal))).toMatchObject({ kind: 'config', code: 'kafka:sasl' });
    }
  }
  expect(told(sasl('SASL SCRAM-SHA-256 mechanism is not supported by the server'))).toMatchObject({ kind: 'config' });
});

test('what kafkajs says of a group without its code has the code, words and a remedy', () => {
  const group = ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP'];
  for (const type of group) {
    const { code = 0 } = errorCodes.find((one) => one.type === type) ?? {};
    // As consumerGroup.js throws it, and as its retries end.
    const bare = new (kafkajs['KafkaJSError'] as new (e: Error) => Error)(createErrorFromCode(code));
    const exhausted = new (kafkajs['KafkaJSNumberOfRetriesExceeded'] as new (e: Error, options: object) => Error)(bare, {
      retryCount: 7,
      retryTime: 1,
    });
    for (const error of [bare, exhausted]) {
      const { kind, tries, code: told_, message } = told(error);
      expect({ kind, tries, code: told_ }, type).toEqual({ kind: 'transient', tries: undefined, code: `kafka:${type}` });
      expect(message).not.toMatch(/not expected here/);
    }
  }
});

test('a full group, and one that another program uses, are waited for', () => {
  for (const type of ['GROUP_MAX_SIZE_REACHED', 'INCONSISTENT_GROUP_PROTOCOL']) {
    const { code = 0 } = errorCodes.find((one) => one.type === type) ?? {};
    expect(told(createErrorFromCode(code)), type).toMatchObject({ kind: 'transient', tries: undefined });
    expect(told(createErrorFromCode(code)).message).not.toMatch(/not expected here/);
  }
});

test('the session time-out that is told is the one workers ask for', () => {
  const { code = 0 } = errorCodes.find(({ type }) => type === 'INVALID_SESSION_TIMEOUT') ?? {};
  const { message, remedy } = told(createErrorFromCode(code));
  expect(message).toContain(`(${DEFAULT_SESSION_MS / 1_000} s)`);
  expect(remedy).toContain(String(DEFAULT_SESSION_MS));
});

test('a process without sockets, and a TLS connection that cannot be made, are told as such', () => {
  const open = told(Object.assign(new Error('connect EMFILE 10.0.0.1:9092'), { code: 'EMFILE' }));
  expect(open).toMatchObject({
    kind: 'transient',
    reach: 'connection',
    code: 'kafka:exhausted',
    message: expect.stringContaining('open files'),
  });
  const tls = told(Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }));
  expect(tls).toMatchObject({ kind: 'config', reach: 'connection', code: 'kafka:tls', message: expect.stringContaining('k1:9092') });
});

test('a broker is any that can be reached, and a cluster without one is told as such', async () => {
  const cluster = (nodes: readonly number[], answers: (nodeId: string) => unknown) =>
    ({
      refreshMetadataIfNecessary: async () => undefined,
      getNodeIds: () => nodes,
      findBroker: async ({ nodeId }: { nodeId: string }) => {
        const answer = answers(nodeId);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    }) as unknown as Parameters<typeof anyBroker>[0];
  const away = brokerAway('x');
  expect(await anyBroker(cluster([1, 2], (nodeId) => (nodeId === '1' ? away : `broker ${nodeId}`)))).toBe('broker 2');
  await expect(anyBroker(cluster([1, 2], () => away))).rejects.toBe(away);
  const broken = new RangeError('no network trouble');
  await expect(anyBroker(cluster([1, 2], (nodeId) => (nodeId === '1' ? broken : 'broker')))).rejects.toBe(broken);
  await expect(anyBroker(cluster([], () => away))).rejects.toMatchObject({ kind: 'transient', code: 'kafka:no-broker' });
});

test('a registry that is read-only is told from one that refuses a schema', () => {
  const refused = (data: unknown): TributaryError => registryError('Registering x', 'http://r', settings.registry, { status: 422, data });
  expect(refused({ error_code: 42205, message: 'Operation not permitted' })).toMatchObject({
    kind: 'config',
    code: 'registry:readonly',
    message: 'Registering x failed: the schema registry at http://r is read-only, or the subject is. It says: Operation not permitted',
  });
  expect(refused({ error_code: 42201 }).code).toBe('registry:422');
});
