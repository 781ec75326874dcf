import type { TributaryErrorOptions } from '../core/errors.ts';
import { asTributaryError, TributaryError } from '../core/errors.ts';
import type { KafkaSettings } from './types.ts';

interface ClientError extends Error {
  readonly type?: string;
  readonly code?: string | number;
  readonly retriable?: boolean;
}

const TLS = /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_|ERR_TLS|ERR_SSL|EPROTO|WRONG_VERSION_NUMBER|UNKNOWN_CA/;
const UNREACHABLE = /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE/;
const FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'FENCED_INSTANCE_ID', 'TRANSACTION_COORDINATOR_FENCED']);
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const SETTINGS = new Set([
  'INVALID_REPLICATION_FACTOR',
  'INVALID_CONFIG',
  'POLICY_VIOLATION',
  'INVALID_TRANSACTION_TIMEOUT',
  'INVALID_PARTITIONS',
]);

/** kafkajs wraps what happened in "retries exceeded" and the like; this is the error at the bottom. */
export function rootCause(error: unknown): ClientError {
  let found = (error instanceof Error ? error : new Error(String(error))) as ClientError;
  for (let depth = 0; depth < 8; depth += 1) {
    const inner = (found as { cause?: unknown }).cause ?? (found as { errors?: readonly unknown[] }).errors?.[0];
    if (!(inner instanceof Error)) break;
    found = inner as ClientError;
  }
  return found;
}

/** The protocol's name of the error, e.g. `INVALID_PRODUCER_EPOCH`; codes younger than kafkajs included. */
export function protocolType(error: unknown): string | undefined {
  const root = rootCause(error);
  if (root.type === 'KAFKAJS_UNKNOWN_ERROR_CODE') return /\b90\b/.test(root.message) ? 'PRODUCER_FENCED' : root.type;
  return root.type;
}

/** Whether the error says that another producer has taken the transactional id over. */
export function isFenced(error: unknown): boolean {
  return FENCED.has(protocolType(error) ?? '');
}

/** Turns what kafkajs throws while `doing` ("Writing to saas.pendo.visitors") into an error for people. */
export function kafkaError(error: unknown, settings: KafkaSettings, doing: string): TributaryError {
  if (error instanceof TributaryError) return error;
  const root = rootCause(error);
  const type = protocolType(error);
  const brokers = settings.brokers.join(', ');
  const make = (message: string, options: TributaryErrorOptions): TributaryError =>
    new TributaryError(`${doing} failed: ${message}`, {
      ...(type === undefined ? {} : { code: `kafka:${type}` }),
      detail: `${root.name}: ${root.message}`,
      cause: error,
      ...options,
    });

  if (root.name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED') {
    return make(`Kafka at ${brokers} refused the user name or password.`, {
      kind: 'config',
      reach: 'connection',
      code: 'kafka:sasl',
      remedy: 'Check kafka.sasl (mechanism, username, password) in the settings.',
    });
  }
  if (type === 'UNSUPPORTED_SASL_MECHANISM' || type === 'ILLEGAL_SASL_STATE') {
    return make(`Kafka at ${brokers} does not accept the SASL mechanism ${settings.sasl?.mechanism ?? '(none)'}.`, {
      kind: 'config',
      reach: 'connection',
      remedy: 'Set kafka.sasl.mechanism to one the brokers offer.',
    });
  }
  if (type?.endsWith('AUTHORIZATION_FAILED')) {
    return make(`the Kafka user lacks a right (${type}).`, { kind: 'config', reach: 'connection', remedy: remedyForRight(type, settings) });
  }
  const text = `${String(root.code ?? '')} ${root.message}`;
  if (TLS.test(text)) {
    return make(`the TLS connection to Kafka at ${brokers} could not be made (${root.message}).`, {
      kind: 'config',
      reach: 'connection',
      code: 'kafka:tls',
      remedy: "Check kafka.tls: the ca must have signed the brokers' certificate, and the port must be the TLS one.",
    });
  }
  if (isFenced(error)) {
    return make('another instance has taken over this connection.', {
      kind: 'fenced',
      reach: 'connection',
      remedy: 'Nothing, if the other instance is wanted. Otherwise stop one of the two that run this connection.',
    });
  }
  if (TOO_LARGE.has(type ?? '')) {
    return make('a message is larger than its topic allows.', {
      kind: 'data',
      remedy: 'Raise max.message.bytes of the topic, or leave the row out.',
    });
  }
  if (type === 'INVALID_RECORD') {
    return make('Kafka refused a record (on a compacted topic every record needs a key).', { kind: 'internal' });
  }
  if (type === 'UNSUPPORTED_VERSION' || root.name === 'KafkaJSServerDoesNotSupportApiKey') {
    return make(`Kafka at ${brokers} does not speak a protocol version this client knows.`, {
      kind: 'config',
      reach: 'connection',
      remedy: 'Use brokers of version 2.1 to 4.x.',
    });
  }
  if (SETTINGS.has(type ?? '')) {
    return make(`Kafka refused the settings: ${root.message}`, {
      kind: 'config',
      remedy: "Check kafka.replication_factor, kafka.topic_config and the cluster's policy.",
    });
  }
  if (
    UNREACHABLE.test(text) ||
    root.name === 'KafkaJSConnectionError' ||
    root.name === 'KafkaJSConnectionClosedError' ||
    root.name === 'KafkaJSNoBrokerAvailableError' ||
    root.name === 'KafkaJSRequestTimeoutError'
  ) {
    return make(`Kafka at ${brokers} cannot be reached (${root.message.replace(/^Connection error: /, '')}).`, {
      kind: 'transient',
      reach: 'connection',
      code: 'kafka:unreachable',
      remedy: `Check kafka.brokers and that the cluster is up${tlsHint(root, settings)}.`,
    });
  }
  if (type !== undefined || root.name.startsWith('KafkaJS')) {
    return make(root.message, { kind: 'transient', remedy: "If it stays, look at the brokers' log." });
  }
  return asTributaryError(error, doing);
}

/** A port that speaks TLS to one who does not, or the other way round, just closes the connection. */
function tlsHint(root: ClientError, { ssl }: KafkaSettings): string {
  if (root.name !== 'KafkaJSConnectionClosedError' && !/ECONNRESET|socket disconnected/.test(`${root.code} ${root.message}`)) return '';
  return ssl === undefined || ssl === false
    ? '; if the port expects TLS, set kafka.tls'
    : '; if the port does not speak TLS, remove kafka.tls';
}

function remedyForRight(type: string, { prefix }: KafkaSettings): string {
  if (type.startsWith('TRANSACTIONAL_ID')) return `Grant Describe and Write on transactional ids that begin with "${prefix}.".`;
  if (type.startsWith('GROUP')) return `Grant Read and Describe on consumer groups that begin with "${prefix}.".`;
  if (type.startsWith('TOPIC')) return `Grant Read, Write, Create and DescribeConfigs on topics that begin with "${prefix}.".`;
  return 'Grant Create and IdempotentWrite on the cluster.';
}
