import type { TributaryErrorOptions } from '../core/errors.ts';
import { asTributaryError, TributaryError } from '../core/errors.ts';
import { brokersLog, FEW_TRIES, PROTOCOL_FAULTS, typeOfText, youngerType } from './protocol-errors.ts';
import type { KafkaSettings } from './types.ts';

interface ClientError extends Error {
  readonly type?: string;
  readonly code?: string | number;
  readonly retriable?: boolean;
}

const TLS =
  /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_|ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|WRONG_VERSION_NUMBER|UNKNOWN_CA|self-signed certificate|unable to verify/;
const UNREACHABLE =
  /ECONNREFUSED|ECONNRESET|ECONNABORTED|ENOTFOUND|EAI_|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ETIMEDOUT|EPIPE|EADDRNOTAVAIL/;
const EXHAUSTED = /EMFILE|ENFILE/;
const FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'FENCED_INSTANCE_ID', 'TRANSACTION_COORDINATOR_FENCED']);
/** kafkajs's own errors for a broker that went away or is not known yet; it marks some of them as not retriable. */
const AWAY = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSTimeout',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSStaleTopicMetadataAssignment',
  'KafkaJSPartialMessageError',
]);
/**
 * kafkajs 2.2.4 reports everything that fails during the log-in as an authentication error and keeps only the text of the
 * cause. These are the texts of a broken connection. A broker that refuses a log-in answers before it closes the connection
 * (KIP-152, Kafka 1.0).
 */
const LINE_BROKE =
  / failed: (?:Closed connection|Connection (?:error|timeout)\b|Failed to connect|Not connected|Broker not connected|this client has been dropped|Request .* timed out)/;
const PROGRAMMING = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/**
 * kafkajs 2.2.4 has no error of its own for some cases in which a broker goes away during a call: it throws a plain `Error`
 * of a broker object that is not connected, or returns `null` instead of an answer.
 */
export const brokerAway = (what: string): Error =>
  Object.assign(new Error(`No broker answered when asked for ${what}`), { name: 'KafkaJSNoBrokerAvailableError', retriable: true });
const NOT_CONNECTED = /^Broker not connected$|^this client has been dropped$/;

/** The error at the bottom of kafkajs's wrappers, such as "retries exceeded". */
export function rootCause(error: unknown): ClientError {
  let found = (error instanceof Error ? error : new Error(textOf(error))) as ClientError;
  for (let depth = 0; depth < 8; depth += 1) {
    const inner = (found as { cause?: unknown }).cause ?? (found as { errors?: readonly unknown[] }).errors?.[0];
    if (!(inner instanceof Error)) break;
    found = inner as ClientError;
  }
  return found;
}

/** The protocol's name of the error, e.g. `INVALID_PRODUCER_EPOCH`; also for codes that are newer than kafkajs. */
export function protocolType(error: unknown): string | undefined {
  const root = rootCause(error);
  // kafkajs 2.2.4 throws it without the code when no broker could name the coordinator.
  if (root.name === 'KafkaJSGroupCoordinatorNotFound') return 'GROUP_COORDINATOR_NOT_AVAILABLE';
  if (root.type === 'KAFKAJS_UNKNOWN_ERROR_CODE') return youngerType(root.message) ?? root.type;
  return root.type ?? typeOfText(root.message);
}

/** Whether another producer has taken over the transactional id. */
export function isFenced(error: unknown): boolean {
  return FENCED.has(protocolType(error) ?? '');
}

/** Whether the connection broke during the log-in, so that nobody has refused it. */
function brokeAtLogin(root: ClientError): boolean {
  return root.name === 'KafkaJSSASLAuthenticationError' && LINE_BROKE.test(root.message);
}

/** Whether it is one of the forms in which kafkajs reports a broker that went away. */
function wentAway(root: ClientError): boolean {
  return AWAY.has(root.name) || NOT_CONNECTED.test(root.message) || isInside(root) || brokeAtLogin(root);
}

/** Whether a retry, perhaps with another broker, may help: what kafkajs calls retriable, and every form of a broker that went away. */
export function passes(error: unknown): boolean {
  const root = rootCause(error);
  if (wentAway(root)) return true;
  const fault = PROTOCOL_FAULTS[protocolType(error) ?? ''];
  if (fault !== undefined) return fault.kind === 'transient' && fault.tries === undefined;
  return root.retriable === true || UNREACHABLE.test(`${String(root.code ?? '')} ${root.message}`);
}

/** Turns an error that kafkajs throws while `doing` ("Writing to saas.pendo.visitors") into one for people. */
export function kafkaError(error: unknown, settings: KafkaSettings, doing: string): TributaryError {
  const root = rootCause(error);
  if (root instanceof TributaryError) return root;
  const type = protocolType(error);
  const brokers = settings.brokers.join(', ');
  const make = (message: string, options: TributaryErrorOptions): TributaryError =>
    new TributaryError(`${doing} failed: ${message}`, {
      ...(type === undefined ? {} : { code: `kafka:${type}` }),
      detail: `${root.name}: ${root.message}`,
      cause: error,
      ...options,
    });

  if (root.name === 'AbortError') return asTributaryError(root, doing);
  if ((root.name === 'KafkaJSSASLAuthenticationError' && !brokeAtLogin(root)) || type === 'SASL_AUTHENTICATION_FAILED') {
    const byPassword = settings.sasl === undefined || 'password' in settings.sasl;
    return make(`Kafka at ${brokers} refused the ${byPassword ? 'user name or password' : 'token'}.`, {
      kind: 'config',
      reach: 'connection',
      code: 'kafka:sasl',
      remedy: byPassword
        ? 'Check kafka.sasl (mechanism, username, password) in the settings.'
        : settings.sasl.mechanism === 'aws-iam'
          ? 'Check the region, and that the role or user has kafka-cluster:Connect on this cluster.'
          : 'Check scope, audience and extensions of kafka.sasl: the brokers must accept what the endpoint gives for them.',
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
  if (type === undefined && TLS.test(text)) {
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
      remedy: 'Nothing, if the other instance is intended. Otherwise stop one of the two that run this connection.',
    });
  }
  const fault = PROTOCOL_FAULTS[type ?? ''];
  if (fault !== undefined) {
    const { kind, says, remedy, tries } = fault;
    return make(kind === 'config' ? `${says.replace(/\.$/, '')} (${root.message}).` : says, {
      kind,
      remedy,
      ...(tries === undefined ? {} : { tries }),
      ...(kind === 'transient' ? { reach: 'connection' as const } : {}),
    });
  }
  if (root.name === 'KafkaJSServerDoesNotSupportApiKey') {
    return make(`Kafka at ${brokers} supports none of the protocol versions of this client.`, {
      kind: 'config',
      reach: 'connection',
      remedy: 'Use brokers of version 2.1 to 4.x.',
    });
  }
  if (EXHAUSTED.test(text)) {
    return make('this process has reached its limit of open files and sockets.', {
      kind: 'transient',
      reach: 'connection',
      code: 'kafka:exhausted',
      tries: FEW_TRIES,
      remedy: 'Raise the limit of open files (ulimit -n) of the process.',
    });
  }
  if (UNREACHABLE.test(text) || wentAway(root)) {
    return make(`Kafka at ${brokers} cannot be reached (${reasonOf(root)}).`, {
      kind: 'transient',
      reach: 'connection',
      code: 'kafka:unreachable',
      remedy: `Check kafka.brokers and that the cluster is up${tlsHint(root, settings)}.`,
    });
  }
  // A bug in our own code that ran inside a call.
  if (PROGRAMMING.has(root.name)) return asTributaryError(root, doing);
  if (type !== undefined && root.retriable === true)
    return make(`${root.message}.`, { kind: 'transient', reach: 'connection', remedy: brokersLog });
  return make(`${textOf(root).replace(/\.$/, '')}. It was not expected here.`, {
    kind: 'transient',
    reach: 'connection',
    tries: FEW_TRIES,
    ...(type === undefined ? { code: 'kafka:unclassified' } : {}),
    remedy: `${brokersLog} If it shows nothing about this, report it with the log lines around this time.`,
  });
}

/** An exception inside kafkajs, for example because an answer is null: it occurs when a broker goes away during a call. */
function isInside(root: Error): boolean {
  return PROGRAMMING.has(root.name) && /[\\/]node_modules[\\/]kafkajs[\\/]/.test(root.stack?.split('\n')[1] ?? '');
}

function reasonOf(root: Error): string {
  if (isInside(root)) return 'a broker went away while it answered';
  return root.message.replace(/^Connection error: /, '').replace(/: *$/, '') || root.name;
}

function textOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown));
}

/** A TLS port closes the connection of a client without TLS, and a plain port that of a client with TLS. */
function tlsHint(root: ClientError, { ssl }: KafkaSettings): string {
  if (root.name !== 'KafkaJSConnectionClosedError' && !/ECONNRESET|socket disconnected/.test(`${root.code} ${root.message}`)) return '';
  return ssl === undefined || ssl === false
    ? '; if the port expects TLS, set kafka.tls'
    : '; if the port does not speak TLS, remove kafka.tls';
}

function remedyForRight(type: string, { prefix, topics }: KafkaSettings): string {
  if (type.startsWith('TRANSACTIONAL_ID')) return `Grant Describe and Write on transactional ids that begin with "${prefix}.".`;
  if (type.startsWith('GROUP')) return `Grant Read and Describe on consumer groups that begin with "${prefix}.".`;
  if (type.startsWith('TOPIC'))
    return `Grant Read, Write, Create and DescribeConfigs on topics that begin with "${prefix}."${topics === undefined ? '' : ' and on those that topics.name gives the tables'}.`;
  return 'Grant Create and IdempotentWrite on the cluster.';
}
