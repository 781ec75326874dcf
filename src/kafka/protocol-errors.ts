import type { ErrorKind } from '../core/errors.ts';

/** What one of Kafka's error codes means to the person who has to act. */
export interface ProtocolFault {
  readonly kind: ErrorKind;
  /** Completes "Writing to x failed: ...". */
  readonly says: string;
  readonly remedy: string;
  /** As of {@link TributaryErrorOptions.tries}. */
  readonly tries?: number;
}

/** How often in a row something that Kafka calls not retriable is tried before it ends the work. */
export const FEW_TRIES = 5;

/** Codes younger than kafkajs 2.2.4, whose list ends at 88: it throws them all as one type, with the number in the message. */
const YOUNGER: Readonly<Record<number, string>> = {
  89: 'THROTTLING_QUOTA_EXCEEDED',
  90: 'PRODUCER_FENCED',
  91: 'RESOURCE_NOT_FOUND',
  94: 'INCONSISTENT_VOTER_SET',
  95: 'INVALID_UPDATE_VERSION',
  97: 'UNACCEPTABLE_CREDENTIAL',
  100: 'UNKNOWN_TOPIC_ID',
  102: 'BROKER_ID_NOT_REGISTERED',
  103: 'INCONSISTENT_TOPIC_ID',
  104: 'INCONSISTENT_CLUSTER_ID',
  105: 'TRANSACTIONAL_ID_NOT_FOUND',
  106: 'FETCH_SESSION_TOPIC_ID_ERROR',
  110: 'FENCED_MEMBER_EPOCH',
  112: 'UNSUPPORTED_ASSIGNOR',
  120: 'TRANSACTION_ABORTABLE',
};

/** The protocol's name of a code that kafkajs does not know. */
export const youngerType = (message: string): string | undefined => YOUNGER[Number(/\d+/.exec(message)?.[0])];

const brokersLog = "If it stays, look at the brokers' log.";
const passes = (says: string, remedy = brokersLog): ProtocolFault => ({ kind: 'transient', says, remedy });
const rarelyPasses = (says: string, remedy = brokersLog): ProtocolFault => ({ kind: 'transient', says, remedy, tries: FEW_TRIES });
const settled = (says: string, remedy: string): ProtocolFault => ({ kind: 'config', says, remedy });

/**
 * Kafka's error codes by the protocol's names (the page "Protocol Guide", section "Error codes", of the Kafka documentation).
 * A code that is missing here is judged by whether Kafka calls it retriable. Refused logins, missing rights and fencing
 * are told by {@link kafkaError}, which knows the settings.
 */
export const PROTOCOL_FAULTS: Readonly<Record<string, ProtocolFault>> = {
  UNKNOWN: rarelyPasses('the broker met an error it does not name.'),
  CORRUPT_MESSAGE: rarelyPasses(
    'the broker says that what it got or keeps is damaged.',
    "Look at the brokers' log and disks, and at what stands between here and them.",
  ),
  UNKNOWN_TOPIC_OR_PARTITION: passes(
    'the broker does not know the topic (yet, or any more).',
    'If it stays, see whether somebody has deleted the topic.',
  ),
  LEADER_NOT_AVAILABLE: passes('a partition has no leader at the moment.', 'If it stays, bring back the brokers that hold its replicas.'),
  NOT_LEADER_FOR_PARTITION: passes('the leader of a partition has just moved.'),
  REQUEST_TIMED_OUT: passes(
    'the replicas did not confirm in time.',
    'If it stays, look at the load of the brokers and at the replicas that are out of sync.',
  ),
  BROKER_NOT_AVAILABLE: passes('the broker is not available.', 'If it stays, see which brokers are up.'),
  REPLICA_NOT_AVAILABLE: passes('a replica is not available.', 'If it stays, see which brokers are up.'),
  // Rows are cut by what the topic takes, which is read again before the next try.
  MESSAGE_TOO_LARGE: rarelyPasses(
    'what was sent is larger than the topic takes.',
    'Nothing, if max.message.bytes of the topic was lowered a moment ago; if it stays, raise it.',
  ),
  RECORD_LIST_TOO_LARGE: rarelyPasses(
    'what was sent is larger than a segment of the topic.',
    'Nothing, if segment.bytes of the topic was lowered a moment ago; if it stays, raise it.',
  ),
  GROUP_LOAD_IN_PROGRESS: passes("the group's coordinator is still starting."),
  GROUP_COORDINATOR_NOT_AVAILABLE: passes(
    'the coordinator is not available.',
    'If it stays, see whether __consumer_offsets and __transaction_state have leaders: on a small cluster their replication factor may be higher than its brokers.',
  ),
  NOT_COORDINATOR_FOR_GROUP: passes('the coordinator has just moved.'),
  INVALID_TOPIC_EXCEPTION: settled(
    "Kafka does not accept the topic's name.",
    "Change prefix or the connection's name: dots and underscores count as the same letter, so two topics may differ by more than these only.",
  ),
  NOT_ENOUGH_REPLICAS: passes(
    'fewer replicas are in sync than min.insync.replicas asks for, so Kafka takes nothing.',
    'Bring the missing brokers back.',
  ),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: passes(
    'fewer replicas are in sync than min.insync.replicas asks for.',
    'Bring the missing brokers back.',
  ),
  INVALID_GROUP_ID: settled("Kafka does not accept the group's name.", 'Change the prefix in the settings.'),
  INVALID_SESSION_TIMEOUT: settled(
    'the session time-out of the workers (30 s) lies outside what the brokers allow.',
    'Let group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers span 30000.',
  ),
  INVALID_TIMESTAMP: rarelyPasses(
    'the broker does not accept the time of the rows.',
    'Set the clock of this machine right: Kafka compares it with its own (message.timestamp.after.max.ms of the topic).',
  ),
  TOPIC_ALREADY_EXISTS: passes('somebody else has just made the topic.'),
  INVALID_PARTITIONS: settled('Kafka does not accept the number of partitions.', "Check the table's partitions and the cluster's policy."),
  INVALID_REPLICATION_FACTOR: settled(
    'Kafka cannot give topics that many replicas.',
    'Set kafka.replication_factor to the number of brokers or less.',
  ),
  INVALID_REPLICA_ASSIGNMENT: settled(
    "Kafka cannot place the topic's replicas.",
    'Set kafka.replication_factor to the number of brokers or less.',
  ),
  INVALID_CONFIG: settled('Kafka refused a topic setting.', 'Check kafka.topic_config.'),
  INVALID_REQUEST: rarelyPasses('Kafka does not accept what was asked of it.'),
  POLICY_VIOLATION: settled(
    "the cluster's policy forbids it.",
    "Check kafka.replication_factor and kafka.topic_config against the cluster's policy.",
  ),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: settled(
    'the topic keeps an old message format.',
    'Remove log.message.format.version from the brokers and message.format.version from the topic.',
  ),
  OUT_OF_ORDER_SEQUENCE_NUMBER: passes('the broker has lost sight of what was written before.'),
  DUPLICATE_SEQUENCE_NUMBER: passes('the broker has lost sight of what was written before.'),
  INVALID_TXN_STATE: rarelyPasses('the transaction is not in the state it was thought to be in.'),
  INVALID_PRODUCER_ID_MAPPING: passes("Kafka has forgotten the writer's id."),
  UNKNOWN_PRODUCER_ID: passes("Kafka has forgotten the writer's id."),
  INVALID_TRANSACTION_TIMEOUT: settled(
    'the brokers do not allow transactions of a minute.',
    'Set transaction.max.timeout.ms of the brokers to 60000 or more.',
  ),
  CONCURRENT_TRANSACTIONS: passes('the transaction before is still being ended.'),
  TRANSACTION_ABORTABLE: passes('Kafka asks to begin the transaction again.'),
  SECURITY_DISABLED: settled(
    'security is switched off in the cluster.',
    'Remove kafka.sasl from the settings, or switch it on in the brokers.',
  ),
  KAFKA_STORAGE_ERROR: passes('a broker cannot use its disk.', 'Look at the disks of the brokers.'),
  LOG_DIR_NOT_FOUND: rarelyPasses('a broker cannot use its disk.', 'Look at the disks of the brokers.'),
  UNSUPPORTED_COMPRESSION_TYPE: settled('the broker does not know the compression.', 'Set kafka.compression to gzip.'),
  GROUP_MAX_SIZE_REACHED: settled('the group of the workers is full.', 'Raise group.max.size of the brokers, or run fewer workers.'),
  INVALID_RECORD: {
    kind: 'internal',
    says: 'Kafka refused a record (on a compacted topic every record needs a key).',
    remedy: 'This is a fault of Tributary. Please report it with the log of this moment.',
  },
  THROTTLING_QUOTA_EXCEEDED: passes(
    'the quota of the Kafka user is used up for the moment.',
    'If it happens often, raise controller_mutation_rate of the user.',
  ),
  UNKNOWN_TOPIC_ID: passes('the topic was made anew a moment ago.'),
  INCONSISTENT_TOPIC_ID: passes('the topic was made anew a moment ago.'),
  UNSUPPORTED_VERSION: settled('the brokers do not speak a protocol version this client knows.', 'Use brokers of version 2.1 to 4.x.'),
};
