import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import type { TributaryError } from '../../src/core/errors.ts';
import { brokerAway, isFenced, kafkaError, passes, protocolType, rootCause } from '../../src/kafka/errors.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';

// As kafkajs 2.2.4 makes the errors of a broker.
const { createErrorFromCode } = createRequire(import.meta.url)('kafkajs/src/protocol/error') as {
  createErrorFromCode: (code: number) => Error;
};

const settings: KafkaSettings = {
  brokers: ['k1:9092', 'k2:9092'],
  clientId: 't',
  prefix: 'p',
  replicationFactor: 1,
  minInSyncReplicas: 1,
  registry: { url: 'http://r' },
  compression: 'gzip',
};
const told = (error: unknown, more: Partial<KafkaSettings> = {}): TributaryError => kafkaError(error, { ...settings, ...more }, 'Writing');
const named = (name: string, message: string, more: object = {}): Error => Object.assign(new Error(message), { name, ...more });
const refusedLogin = named('KafkaJSSASLAuthenticationError', 'SASL PLAIN authentication failed: Authentication failed');
const sasl = (mechanism: string, more: object = {}) => ({ sasl: { mechanism, ...more } as unknown as NonNullable<KafkaSettings['sasl']> });
const config = { kind: 'config', reach: 'connection' };
const away = { kind: 'transient', reach: 'connection', code: 'kafka:unreachable', tries: undefined };
const brokersLog = "If this persists, check the brokers' log.";
const reachable = 'Check kafka.brokers and that the cluster is up';

test.each<[string, TributaryError, object]>([
  [
    'a password that is refused',
    told(refusedLogin, sasl('plain', { username: 'u', password: 's3cret' })),
    {
      ...config,
      code: 'kafka:sasl',
      message: 'Writing failed: Kafka at k1:9092, k2:9092 refused the user name or password.',
      remedy: 'Check kafka.sasl (mechanism, username, password) in the settings.',
    },
  ],
  [
    'a log-in that the settings do not have',
    told(refusedLogin),
    { ...config, code: 'kafka:sasl', remedy: 'Check kafka.sasl (mechanism, username, password) in the settings.' },
  ],
  [
    'a token that is refused',
    told(createErrorFromCode(58), sasl('oauthbearer', { client_secret: 's3cret' })),
    {
      ...config,
      code: 'kafka:sasl',
      message: 'Writing failed: Kafka at k1:9092, k2:9092 refused the token.',
      remedy: 'Check scope, audience and extensions of kafka.sasl: the brokers must accept what the endpoint gives for them.',
    },
  ],
  [
    'a role of AWS that is refused',
    told(refusedLogin, sasl('aws-iam')),
    {
      ...config,
      message: 'Writing failed: Kafka at k1:9092, k2:9092 refused the token.',
      remedy: 'Check the region, and that the role or user has kafka-cluster:Connect on this cluster.',
    },
  ],
  [
    'a mechanism that the brokers lack',
    told(createErrorFromCode(33), sasl('scram-sha-512', { password: 's3cret' })),
    {
      ...config,
      code: 'kafka:UNSUPPORTED_SASL_MECHANISM',
      message: 'Writing failed: Kafka at k1:9092, k2:9092 does not accept the SASL mechanism scram-sha-512.',
      remedy: 'Set kafka.sasl.mechanism to one the brokers offer.',
    },
  ],
  [
    'a log-in at a wrong moment',
    told(createErrorFromCode(34)),
    { ...config, code: 'kafka:ILLEGAL_SASL_STATE', message: expect.stringMatching(/the SASL mechanism \(none\)\.$/) },
  ],
  [
    'a missing right on topics',
    told(createErrorFromCode(29)),
    {
      ...config,
      code: 'kafka:TOPIC_AUTHORIZATION_FAILED',
      message: 'Writing failed: the Kafka user lacks a right (TOPIC_AUTHORIZATION_FAILED).',
      remedy: 'Grant Read, Write, Create and DescribeConfigs on topics that begin with "p.".',
    },
  ],
  [
    'a missing right on topics with names of their own',
    told(createErrorFromCode(29), { topics: { name: '{prefix}.{table}' } }),
    {
      ...config,
      remedy:
        'Grant Read, Write, Create and DescribeConfigs on topics that begin with "p." and on those that topics.name gives the tables.',
    },
  ],
  [
    'a missing right on groups',
    told(createErrorFromCode(30)),
    { ...config, remedy: 'Grant Read and Describe on consumer groups that begin with "p.".' },
  ],
  [
    'a missing right on the cluster',
    told(createErrorFromCode(31)),
    { ...config, remedy: 'Grant Create and IdempotentWrite on the cluster.' },
  ],
  [
    'a missing right on transactions',
    told(createErrorFromCode(53)),
    { ...config, remedy: 'Grant Describe and Write on transactional ids that begin with "p.".' },
  ],
  [
    'a certificate that nobody here trusts',
    told(named('Error', 'unable to verify the first certificate')),
    {
      ...config,
      code: 'kafka:tls',
      message:
        'Writing failed: the TLS connection to Kafka at k1:9092, k2:9092 could not be made (unable to verify the first certificate).',
      remedy: "Check kafka.tls: the ca must have signed the brokers' certificate, and the port must be the TLS one.",
      detail: 'Error: unable to verify the first certificate',
    },
  ],
  [
    'another instance',
    told(createErrorFromCode(47)),
    {
      kind: 'fenced',
      reach: 'connection',
      code: 'kafka:INVALID_PRODUCER_EPOCH',
      message: 'Writing failed: another instance has taken over this connection.',
      remedy: 'Nothing, if the other instance is intended. Otherwise stop one of the two that run this connection.',
    },
  ],
  [
    'a setting of a topic that is refused',
    told(named('KafkaJSProtocolError', 'Unknown topic config name: x.y', { type: 'INVALID_CONFIG' })),
    {
      kind: 'config',
      reach: 'table',
      tries: undefined,
      code: 'kafka:INVALID_CONFIG',
      message: 'Writing failed: Kafka refused a topic setting (Unknown topic config name: x.y).',
      remedy: 'Check kafka.topic_config.',
    },
  ],
  [
    'an error that a retry rarely cures',
    told(createErrorFromCode(42)),
    {
      ...{ kind: 'transient', reach: 'connection', tries: 5 },
      ...{ code: 'kafka:INVALID_REQUEST', message: 'Writing failed: Kafka does not accept the request.', remedy: brokersLog },
    },
  ],
  [
    'an error that passes',
    told(createErrorFromCode(5)),
    {
      ...{ kind: 'transient', reach: 'connection', tries: undefined, code: 'kafka:LEADER_NOT_AVAILABLE' },
      message: 'Writing failed: a partition has no leader at the moment.',
      remedy: 'If this persists, restart the brokers that hold its replicas.',
    },
  ],
  [
    'an error of a later Kafka',
    told(createErrorFromCode(120)),
    {
      ...{ kind: 'transient', tries: undefined, code: 'kafka:TRANSACTION_ABORTABLE' },
      message: 'Writing failed: Kafka asks to begin the transaction again.',
    },
  ],
  [
    'brokers of another age',
    told(named('KafkaJSServerDoesNotSupportApiKey', 'The Kafka server does not support the requested API version')),
    {
      ...{ ...config, tries: undefined, code: undefined },
      message: 'Writing failed: Kafka at k1:9092, k2:9092 supports none of the protocol versions of this client.',
      remedy: 'Use brokers of version 2.1 to 4.x.',
    },
  ],
  [
    'a process without sockets',
    told(named('Error', 'accept', { code: 'ENFILE' })),
    {
      ...{ kind: 'transient', reach: 'connection', code: 'kafka:exhausted', tries: 5 },
      remedy: 'Raise the limit of open files (ulimit -n) of the process.',
    },
  ],
  [
    'a port where nobody listens',
    told(named('KafkaJSConnectionError', 'Connection error: connect ECONNREFUSED 127.0.0.1:9092')),
    {
      ...away,
      message: 'Writing failed: Kafka at k1:9092, k2:9092 cannot be reached (connect ECONNREFUSED 127.0.0.1:9092).',
      remedy: `${reachable}.`,
    },
  ],
  [
    'a name that is not known, told by its code alone',
    told(named('Error', '', { code: 'ENOTFOUND' })),
    { ...away, message: expect.stringMatching(/cannot be reached \(Error\)\.$/) },
  ],
  [
    'an error whose text ends in a colon',
    told(named('KafkaJSConnectionError', 'Connection error: k1: read ECONNRESET:  ')),
    { ...away, message: expect.stringMatching(/cannot be reached \(k1: read ECONNRESET\)\.$/) },
  ],
  [
    'a line that is closed, without TLS',
    told(named('KafkaJSConnectionClosedError', 'Closed connection')),
    { ...away, remedy: `${reachable}; if the port expects TLS, set kafka.tls.` },
  ],
  [
    'a line that is closed, with TLS off',
    told(named('KafkaJSConnectionClosedError', 'Closed connection'), { ssl: false }),
    { ...away, remedy: `${reachable}; if the port expects TLS, set kafka.tls.` },
  ],
  [
    'a line that is reset, with TLS',
    told(named('Error', 'read', { code: 'ECONNRESET' }), { ssl: {} }),
    { ...away, remedy: `${reachable}; if the port does not speak TLS, remove kafka.tls.` },
  ],
  [
    'an error that Kafka calls retriable and nobody knows',
    told(named('KafkaJSProtocolError', 'It is odd', { type: 'ODD_ONE', retriable: true })),
    {
      ...{ kind: 'transient', reach: 'connection', tries: undefined, code: 'kafka:ODD_ONE' },
      ...{ message: 'Writing failed: It is odd.', remedy: brokersLog, detail: 'KafkaJSProtocolError: It is odd' },
    },
  ],
  [
    'an error that nobody knows',
    told(named('KafkaJSProtocolError', 'Version 1.2 is odd.', { type: 'ODD_ONE' })),
    {
      ...{ kind: 'transient', reach: 'connection', tries: 5, code: 'kafka:ODD_ONE' },
      message: 'Writing failed: Version 1.2 is odd. It was not expected here.',
      remedy: `${brokersLog} If it shows nothing about this, report it with the log lines around this time.`,
    },
  ],
  [
    'an error without a type that calls itself retriable',
    told(named('KafkaJSError', 'odd', { retriable: true })),
    { code: 'kafka:unclassified', tries: 5, message: 'Writing failed: odd. It was not expected here.' },
  ],
  ['an error without words', told(named('KafkaJSError', '')), { message: 'Writing failed: KafkaJSError. It was not expected here.' }],
  ['a text', told('no broker'), { message: 'Writing failed: no broker. It was not expected here.' }],
  ['an object', told({ some: 'object' }), { message: 'Writing failed: {"some":"object"}. It was not expected here.' }],
  ['nothing', told(undefined), { message: 'Writing failed: undefined. It was not expected here.' }],
  ['a stop', told(AbortSignal.abort().reason), { kind: 'stopped', message: 'Writing was stopped.' }],
])('%s is told in words', (_, error, expected) => {
  expect(error).toMatchObject(expected);
  expect(`${error.message} ${error.remedy} ${error.detail}`).not.toContain('s3cret');
});

test('the error of kafkajs is kept as the cause, below its wrappers too', () => {
  const inner = createErrorFromCode(5);
  const outer = named('KafkaJSNumberOfRetriesExceeded', 'retries', { cause: named('KafkaJSError', 'x', { errors: [inner] }) });
  expect(rootCause(outer)).toBe(inner);
  expect(told(outer)).toMatchObject({ cause: outer, code: 'kafka:LEADER_NOT_AVAILABLE' });
  expect(protocolType(named('KafkaJSError', 'x'))).toBeUndefined();
  // A cause that is its own must not hold anybody up.
  const circle = named('Error', 'circle');
  (circle as { cause?: unknown }).cause = circle;
  expect(rootCause(circle)).toBe(circle);
});

test.each([TypeError, RangeError, ReferenceError, SyntaxError])('%o of our own code is a fault of ours', (kind) => {
  expect(told(new kind('x'))).toMatchObject({ kind: 'internal', message: 'Writing failed: x' });
  expect(passes(new kind('x'))).toBe(false);
});

describe('a retry', () => {
  test.each([
    ['KafkaJSConnectionError', 'x'],
    ['KafkaJSConnectionClosedError', 'x'],
    ['KafkaJSNoBrokerAvailableError', 'x'],
    ['KafkaJSRequestTimeoutError', 'x'],
    ['KafkaJSBrokerNotFound', 'x'],
    ['KafkaJSLockTimeout', 'x'],
    ['KafkaJSTimeout', 'x'],
    ['KafkaJSMetadataNotLoaded', 'x'],
    ['KafkaJSTopicMetadataNotLoaded', 'x'],
    ['KafkaJSStaleTopicMetadataAssignment', 'x'],
    ['KafkaJSPartialMessageError', 'x'],
    ['KafkaJSError', 'Broker not connected'],
    ['KafkaJSError', 'this client has been dropped'],
    ['KafkaJSSASLAuthenticationError', 'SASL PLAIN authentication failed: Not connected'],
  ])('may help after %s: %s', (name, message) => {
    expect(passes(named(name, message))).toBe(true);
    expect(told(named(name, message))).toMatchObject(away);
  });

  test.each<[string, Error, boolean]>([
    ['what Kafka calls settled', createErrorFromCode(40), false],
    ['what a retry rarely cures', createErrorFromCode(42), false],
    ['what passes', createErrorFromCode(5), true],
    ['what kafkajs calls retriable', named('KafkaJSError', 'x', { retriable: true }), true],
    ['a code of the system without words', named('Error', '', { code: 'ECONNREFUSED' }), true],
    ['a text of the system without a code', named('Error', 'connect EHOSTUNREACH'), true],
    ['what nobody knows', named('KafkaJSError', 'x'), false],
    ['a longer text', named('KafkaJSError', 'Broker not connected to this cluster'), false],
    ['a text within another', named('KafkaJSError', 'Error: Broker not connected'), false],
    ['a longer text about a client', named('KafkaJSError', 'this client has been dropped by the quota'), false],
    ['a text about a client within another', named('KafkaJSError', 'so this client has been dropped'), false],
    ['a broken line outside a log-in', named('KafkaJSError', 'x failed: Closed connection'), false],
    ['a refused log-in', refusedLogin, false],
  ])('after %s', (_, error, may) => {
    expect(passes(error)).toBe(may);
  });
});

test('who is fenced is told from who is not', () => {
  for (const code of [47, 52, 82, 90]) {
    expect([code, isFenced(createErrorFromCode(code)), told(createErrorFromCode(code)).kind]).toEqual([code, true, 'fenced']);
  }
  for (const error of [createErrorFromCode(5), new Error('x'), undefined]) expect(isFenced(error)).toBe(false);
});

test('a broker that went away during a call is one that any other may stand in for', () => {
  expect(brokerAway('the topics')).toMatchObject({
    message: 'No broker answered when asked for the topics',
    name: 'KafkaJSNoBrokerAvailableError',
    retriable: true,
  });
});

test('an exception inside kafkajs counts as a broker that went away, one without a stack does not', () => {
  const inside = new TypeError('null');
  inside.stack = 'TypeError: null\n    at x (/app/node_modules/kafkajs/src/broker.js:1:1)';
  expect(told(inside)).toMatchObject({ ...away, message: expect.stringMatching(/\(a broker went away while it answered\)\.$/) as string });
  const elsewhere = new TypeError('null');
  elsewhere.stack = 'TypeError: null\n    at x (/app/src/a.ts:1:1)\n    at y (/app/node_modules/kafkajs/src/broker.js:1:1)';
  expect(passes(elsewhere)).toBe(false);
  const bare = new TypeError('null');
  delete bare.stack;
  expect(passes(bare)).toBe(false);
});
