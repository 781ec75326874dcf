import type { ErrorKind } from '../core/errors.ts';
import { DEFAULT_SESSION_MS } from './partitioning.ts';

/** The meaning of one of Kafka's error codes for the person who has to act. */
export interface ProtocolFault {
  readonly kind: ErrorKind;
  /** Completes "Writing to x failed: ...". */
  readonly says: string;
  readonly remedy: string;
  /** As in {@link TributaryErrorOptions.tries}. */
  readonly tries?: number;
}

/** How often in a row an error is retried that Kafka calls not retriable. */
export const FEW_TRIES = 5;

/** Codes that are newer than kafkajs 2.2.4, whose list ends at 88. It throws one error type for all of them, with the number in the message. */
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

/** kafkajs 2.2.4 keeps only the text of these while it joins a group (consumerGroup.js), and throws that once it has tried a few times. */
const TEXTS: Readonly<Record<string, string>> = {
  'Specified group generation id is not valid': 'ILLEGAL_GENERATION',
  'The coordinator is not aware of this member': 'UNKNOWN_MEMBER_ID',
  'The group is rebalancing, so a rejoin is needed': 'REBALANCE_IN_PROGRESS',
  'This is not the correct coordinator for this group': 'NOT_COORDINATOR_FOR_GROUP',
};

/** The protocol's name of an error of which kafkajs has kept only the text. */
export const typeOfText = (message: string): string | undefined => TEXTS[message];

export const brokersLog = "If this persists, check the brokers' log.";
const passes = (says: string, remedy = brokersLog): ProtocolFault => ({ kind: 'transient', says, remedy });
const rarelyPasses = (says: string, remedy = brokersLog): ProtocolFault => ({ kind: 'transient', says, remedy, tries: FEW_TRIES });
const settled = (says: string, remedy: string): ProtocolFault => ({ kind: 'config', says, remedy });

const GROUP_UNSTEADY = 'If this persists, look for a worker that is restarted again and again, or for an overloaded machine.';

/**
 * Kafka's error codes by the protocol's names (page "Protocol Guide", section "Error codes", of the Kafka documentation). A
 * code that is missing here is judged by whether Kafka calls it retriable. {@link kafkaError} handles refused log-ins, missing
 * permissions and fencing, because their remedies depend on the settings.
 */
export const PROTOCOL_FAULTS: Readonly<Record<string, ProtocolFault>> = {
  UNKNOWN: rarelyPasses('the broker met an error without a name.'),
  CORRUPT_MESSAGE: rarelyPasses(
    'the broker says that the data it received or stores are damaged.',
    "Check the brokers' log and disks, and the network between here and them.",
  ),
  UNKNOWN_TOPIC_OR_PARTITION: passes(
    'the broker does not know the topic (yet, or any more).',
    'If this persists, check whether somebody has deleted the topic.',
  ),
  LEADER_NOT_AVAILABLE: passes('a partition has no leader at the moment.', 'If this persists, restart the brokers that hold its replicas.'),
  NOT_LEADER_FOR_PARTITION: passes('the leader of a partition has just moved.'),
  REQUEST_TIMED_OUT: passes(
    'the replicas did not confirm in time.',
    'If this persists, check the load of the brokers and the replicas that are out of sync.',
  ),
  BROKER_NOT_AVAILABLE: passes('the broker is not available.', 'If this persists, check which brokers are up.'),
  REPLICA_NOT_AVAILABLE: passes('a replica is not available.', 'If this persists, check which brokers are up.'),
  // Batches are split by the topic's limit, which is read again before the next attempt.
  MESSAGE_TOO_LARGE: rarelyPasses(
    'the batch is larger than the topic allows.',
    'Nothing, if max.message.bytes of the topic was just lowered; if this persists, raise it.',
  ),
  RECORD_LIST_TOO_LARGE: rarelyPasses(
    'the batch is larger than a segment of the topic.',
    'Nothing, if segment.bytes of the topic was just lowered; if this persists, raise it.',
  ),
  GROUP_LOAD_IN_PROGRESS: passes("the group's coordinator is still starting."),
  GROUP_COORDINATOR_NOT_AVAILABLE: passes(
    'the coordinator is not available.',
    'If this persists, check whether __consumer_offsets and __transaction_state have leaders: on a small cluster their replication factor may be higher than its number of brokers.',
  ),
  NOT_COORDINATOR_FOR_GROUP: passes('the coordinator has just moved.'),
  INVALID_TOPIC_EXCEPTION: settled(
    "Kafka does not accept the topic's name.",
    "Change the prefix or the connection's name: Kafka treats dots and underscores as equal, so names that differ only by them collide.",
  ),
  NOT_ENOUGH_REPLICAS: passes(
    'fewer replicas are in sync than min.insync.replicas requires, so Kafka accepts no rows.',
    'Restart the missing brokers.',
  ),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: passes('fewer replicas are in sync than min.insync.replicas requires.', 'Restart the missing brokers.'),
  ILLEGAL_GENERATION: passes('the group of the workers has changed meanwhile.'),
  REBALANCE_IN_PROGRESS: passes('the workers are being assigned their connections anew.', GROUP_UNSTEADY),
  UNKNOWN_MEMBER_ID: passes('the group has removed this worker, because it did not hear from it in time.', GROUP_UNSTEADY),
  INCONSISTENT_GROUP_PROTOCOL: passes(
    'other programs are in the group of the workers.',
    'Find them with `kafka-consumer-groups --describe --members` and stop them, or change the prefix in the settings.',
  ),
  INVALID_GROUP_ID: settled("Kafka does not accept the group's name.", 'Change the prefix in the settings.'),
  INVALID_SESSION_TIMEOUT: settled(
    `the session time-out of the workers (${DEFAULT_SESSION_MS / 1_000} s) is outside the range that the brokers allow.`,
    `Set group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers so that ${DEFAULT_SESSION_MS} is between them.`,
  ),
  INVALID_TIMESTAMP: rarelyPasses(
    'the broker does not accept the timestamps of the rows.',
    'Set the clock of this machine correctly: Kafka compares it with its own (message.timestamp.after.max.ms of the topic).',
  ),
  TOPIC_ALREADY_EXISTS: passes('another process has just created the topic.'),
  INVALID_PARTITIONS: settled('Kafka does not accept the number of partitions.', "Check the table's partitions and the cluster's policy."),
  INVALID_REPLICATION_FACTOR: settled(
    'the cluster has fewer brokers than replicas are requested.',
    'Set kafka.replication_factor to the number of brokers or less.',
  ),
  INVALID_REPLICA_ASSIGNMENT: settled(
    "Kafka cannot place the topic's replicas.",
    'Set kafka.replication_factor to the number of brokers or less.',
  ),
  INVALID_CONFIG: settled('Kafka refused a topic setting.', 'Check kafka.topic_config.'),
  INVALID_REQUEST: rarelyPasses('Kafka does not accept the request.'),
  POLICY_VIOLATION: settled(
    "the cluster's policy forbids it.",
    "Check kafka.replication_factor and kafka.topic_config against the cluster's policy.",
  ),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: settled(
    'the topic has an old message format.',
    'Remove log.message.format.version from the brokers and message.format.version from the topic.',
  ),
  OUT_OF_ORDER_SEQUENCE_NUMBER: passes('the broker no longer knows the earlier writes of this writer.'),
  DUPLICATE_SEQUENCE_NUMBER: passes('the broker no longer knows the earlier writes of this writer.'),
  INVALID_TXN_STATE: rarelyPasses('the transaction is not in the expected state.'),
  INVALID_PRODUCER_ID_MAPPING: passes("Kafka has forgotten the writer's id."),
  UNKNOWN_PRODUCER_ID: passes("Kafka has forgotten the writer's id."),
  INVALID_TRANSACTION_TIMEOUT: settled(
    'the brokers do not allow transactions of one minute.',
    'Set transaction.max.timeout.ms of the brokers to 60000 or more.',
  ),
  CONCURRENT_TRANSACTIONS: passes('the previous transaction is still being ended.'),
  TRANSACTION_ABORTABLE: passes('Kafka asks to begin the transaction again.'),
  SECURITY_DISABLED: settled(
    'security is switched off in the cluster.',
    'Remove kafka.sasl from the settings, or enable security in the brokers.',
  ),
  KAFKA_STORAGE_ERROR: passes('a broker cannot use its disk.', 'Check the disks of the brokers.'),
  LOG_DIR_NOT_FOUND: rarelyPasses('a broker cannot use its disk.', 'Check the disks of the brokers.'),
  UNSUPPORTED_COMPRESSION_TYPE: settled('the broker does not support the compression.', 'Set kafka.compression to gzip.'),
  // Workers that were killed count until their sessions end.
  GROUP_MAX_SIZE_REACHED: passes(
    'the group of the workers is full.',
    'If this persists, raise group.max.size of the brokers, or run fewer workers.',
  ),
  INVALID_RECORD: {
    kind: 'internal',
    says: 'Kafka refused a record (on a compacted topic every record needs a key).',
    remedy: 'This is a bug in Tributary. Please report it with the log lines around this time.',
  },
  THROTTLING_QUOTA_EXCEEDED: passes(
    'the quota of the Kafka user is used up at the moment.',
    'If it happens often, raise controller_mutation_rate of the user.',
  ),
  UNKNOWN_TOPIC_ID: passes('the topic was recreated a moment ago.'),
  INCONSISTENT_TOPIC_ID: passes('the topic was recreated a moment ago.'),
  UNSUPPORTED_VERSION: settled('the brokers support none of the protocol versions of this client.', 'Use brokers of version 2.1 to 4.x.'),
};
