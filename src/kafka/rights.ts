import { TributaryError } from '../core/errors.ts';
import { anyBroker, type RawBroker } from './any-broker.ts';
import { withAdmin, type KafkaAccess } from './client.ts';
import { askCluster, type Cluster } from './cluster.ts';
import { kafkaError, protocolType } from './errors.ts';
import { groupOf } from './dead-workers.ts';
import { topicNames } from './meta/topic-names.ts';
import { requestConfigs } from './topic-configs.ts';
import type { KafkaSettings } from './types.ts';

/** A permission that the Kafka user lacks, in the terms of Kafka's ACLs. */
export interface MissingRight {
  readonly right: 'Create' | 'Delete' | 'Describe' | 'DescribeConfigs' | 'Read' | 'Write';
  readonly on: 'topic' | 'group' | 'transactional id';
  readonly name: string;
}

export interface NeededRights {
  readonly topics: readonly string[];
  /** Connections that need a writer. */
  readonly connections: readonly string[];
}

const DENIED: Readonly<Record<MissingRight['on'], readonly string[]>> = {
  topic: ['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED'],
  group: ['GROUP_AUTHORIZATION_FAILED'],
  'transactional id': ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
};

const TRANSACTION = 1;
const GROUP = 0;
/** An invalid value for acks: the broker checks the permission first and then refuses the request. */
const NO_SUCH_ACKS = 2;
const BEHIND_ANY_END = '9223372036854775806';

/**
 * Tests every permission needed to read and write these topics, with requests that the broker refuses after checking the
 * permission: nothing is written, created, joined or fenced. The topics need not exist yet.
 */
export async function missingRights(access: KafkaAccess, { topics, connections }: NeededRights): Promise<readonly MissingRight[]> {
  const { prefix } = access.settings;
  const attempt = async (missing: MissingRight, ask: () => Promise<unknown>): Promise<readonly MissingRight[]> => {
    try {
      await ask();
    } catch (error) {
      const type = protocolType(error);
      if (type === undefined) throw error;
      // Only a denial of this very resource counts: a request may touch others, which are tested separately.
      if (DENIED[missing.on].includes(type)) return [missing];
    }
    return [];
  };
  // All at once, because hundreds of requests in sequence would take minutes on a slow network.
  const together = async (attempts: readonly Promise<readonly MissingRight[]>[]): Promise<readonly MissingRight[]> =>
    (await Promise.all(attempts)).flat();
  /** One request about all topics, and one about each only when that was refused: with 200 connections the others add up. */
  const aboutAll = async (
    right: MissingRight['right'],
    names: readonly string[],
    ask: (names: readonly string[]) => Promise<unknown>,
  ): Promise<readonly MissingRight[]> => {
    if (names.length === 0) return [];
    try {
      await ask(names);
      return [];
    } catch (error) {
      if (protocolType(error) === undefined) throw error;
    }
    return together(names.map((name) => attempt({ right, on: 'topic', name }, () => ask([name]))));
  };

  const used = await askCluster(access, 'Trying the rights', async (cluster) => {
    const any = await anyBroker(cluster);
    const group = groupOf(prefix);
    const read = (topic: string): Promise<readonly MissingRight[]> =>
      attempt({ right: 'Read', on: 'topic', name: topic }, () =>
        any.fetch({
          replicaId: -1,
          isolationLevel: 1,
          maxWaitTime: 0,
          minBytes: 0,
          maxBytes: 1,
          topics: [{ topic, partitions: [{ partition: 0, currentLeaderEpoch: -1, fetchOffset: BEHIND_ANY_END, maxBytes: 1 }] }],
        }),
      );
    // kafkajs (2.2.4) has a connection for fetches alone, and opens another for each that finds it closed: so one goes first.
    const [first] = topics;
    const ofFirst = first === undefined ? [] : await read(first);
    const ofOthers = together([
      ...topics.flatMap((topic) => [
        ...(topic === first ? [] : [read(topic)]),
        attempt({ right: 'Write', on: 'topic', name: topic }, () =>
          any.produce({
            acks: NO_SUCH_ACKS,
            timeout: 5_000,
            compression: 0,
            producerId: -1,
            producerEpoch: -1,
            topicData: [
              {
                topic,
                partitions: [
                  { partition: 0, firstSequence: -1, messages: [{ key: Buffer.from('?'), value: null, headers: {}, timestamp: 0 }] },
                ],
              },
            ],
          }),
        ),
      ]),
      aboutAll('DescribeConfigs', topics, (names) => requestConfigs(any, names, ['cleanup.policy'])),
      onCoordinator(
        cluster,
        any,
        group,
        GROUP,
        (right, ask) => attempt({ right, on: 'group', name: group }, ask),
        (broker) => broker.heartbeat({ groupId: group, groupGenerationId: -1, memberId: 'nobody' }),
      ),
      ...connections.map((connection) => {
        const id = `${prefix}.${connection}`;
        return onCoordinator(
          cluster,
          any,
          id,
          TRANSACTION,
          (right, ask) => attempt({ right, on: 'transactional id', name: id }, ask),
          // With the id of no existing producer: requesting a new one for this transactional id would fence the current writer.
          (broker) =>
            broker.addPartitionsToTxn({
              transactionalId: id,
              producerId: -1,
              producerEpoch: -1,
              topics: [{ topic: topicNames(prefix).state, partitions: [0] }],
            }),
        );
      }),
    ]);
    return [...ofFirst, ...(await ofOthers)];
  });

  const creatable = await withAdmin(access, 'Trying the rights', async (admin) => {
    const there = new Set(await admin.listTopics());
    // A topic that exists but is hidden from us is found by its other permissions.
    return aboutAll(
      'Create',
      topics.filter((topic) => !there.has(topic)),
      (names) =>
        admin.createTopics({
          validateOnly: true,
          waitForLeaders: false,
          topics: names.map((topic) => ({ topic, numPartitions: 1, replicationFactor: access.settings.replicationFactor })),
        }),
    );
  });
  return [...used, ...creatable];
}

/** Finding a coordinator needs Describe; the request `then` needs the other permission: Read of a group or Write of a transactional id. */
async function onCoordinator(
  cluster: Cluster,
  any: RawBroker,
  id: string,
  type: typeof GROUP | typeof TRANSACTION,
  attempt: (right: 'Describe' | 'Read' | 'Write', ask: () => Promise<unknown>) => Promise<readonly MissingRight[]>,
  then: (broker: RawBroker) => Promise<unknown>,
): Promise<readonly MissingRight[]> {
  let coordinator: RawBroker = any;
  const describe = await attempt('Describe', async () => {
    const answer = await any.findGroupCoordinator({ groupId: id, coordinatorType: type });
    coordinator = (await cluster.findBroker({ nodeId: String(answer.coordinator.nodeId) })) as unknown as RawBroker;
  });
  return [...describe, ...(await attempt(type === GROUP ? 'Read' : 'Write', () => then(coordinator)))];
}

const shown = 4;

/** The error that lists the missing permissions; undefined when there are none. */
export function rightsRefusal(access: KafkaAccess, missing: readonly MissingRight[]): TributaryError | undefined {
  if (missing.length === 0) return undefined;
  const { prefix, sasl } = access.settings;
  // Only a few are listed: a user without any permission needs one line, not a hundred.
  const texts = missing.map(({ right, on, name }) => `${right} on the ${on} ${name}`);
  const rest = texts.length > shown ? `, and ${texts.length - shown} more` : '';
  const options: Readonly<Record<MissingRight['on'], string>> = {
    topic: topicResource(
      prefix,
      missing.flatMap(({ on, name }) => (on === 'topic' ? [name] : [])),
    ),
    group: `--group ${prefix}. --resource-pattern-type prefixed`,
    'transactional id': `--transactional-id ${prefix}. --resource-pattern-type prefixed`,
  };
  const commands = (['topic', 'group', 'transactional id'] as const).flatMap((on) => {
    const rights = [...new Set(missing.filter((one) => one.on === on).map(({ right }) => right))];
    return rights.length === 0
      ? []
      : [
          `kafka-acls --add --allow-principal User:${userOf(sasl) ?? '<user>'} ${rights.map((right) => `--operation ${right}`).join(' ')} ${options[on]}`,
        ];
  });
  return new TributaryError(
    `The Kafka user${userOf(sasl) === undefined ? '' : ` ${userOf(sasl)}`} lacks ${texts.slice(0, shown).join(', ')}${rest}.`,
    {
      kind: 'config',
      reach: 'connection',
      code: 'kafka:right',
      remedy: `Grant it: ${commands.join('; ')}`,
    },
  );
}

/** The option of `kafka-acls` for these topics: one prefix, or each name if `topics.name` begins with something else. */
function topicResource(prefix: string, names: readonly string[]): string {
  const all = [...new Set(names)];
  if (all.every((name) => name.startsWith(`${prefix}.`))) return `--topic ${prefix}. --resource-pattern-type prefixed`;
  return all.map((name) => `--topic ${name}`).join(' ');
}

/** Deletes a topic if it exists. @throws TributaryError `config` with the permission that the Kafka user lacks. */
export async function deleteTopic(access: KafkaAccess, topic: string): Promise<void> {
  try {
    await withAdmin(access, `Deleting ${topic}`, async (admin) => {
      if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic], timeout: 30_000 });
    });
  } catch (error) {
    const denied = DENIED.topic.includes(protocolType(error) ?? '');
    throw (denied ? rightsRefusal(access, [{ right: 'Delete', on: 'topic', name: topic }]) : undefined) ?? error;
  }
}

/** @throws TributaryError `config` with every permission that the Kafka user lacks. */
export async function requireRights(access: KafkaAccess, needed: NeededRights): Promise<void> {
  const refusal = rightsRefusal(
    access,
    await missingRights(access, needed).catch((error: unknown) => {
      throw kafkaError(error, access.settings, 'Trying the rights');
    }),
  );
  if (refusal !== undefined) throw refusal;
}

/** The user name at the brokers, where the settings contain it. */
function userOf(sasl: KafkaSettings['sasl']): string | undefined {
  return sasl !== undefined && 'username' in sasl ? sasl.username : undefined;
}
