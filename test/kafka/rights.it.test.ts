import { connect } from 'node:net';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { deleteTopic, missingRights, requireRights } from '../../src/kafka/rights.ts';
import { ownTopicNames, ownTopics } from '../../src/kafka/meta/own-topics.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { createWriter } from '../../src/kafka/writer.ts';
import { startAclBroker, type AclBroker } from '../support/acl-broker.ts';
import { stackLogin } from '../support/login.ts';
import { batchOf, until } from './support.ts';

const { AclOperationTypes: operation, AclPermissionTypes: permission, AclResourceTypes: resource, ResourcePatternTypes: pattern } = kafkajs;

let broker: AclBroker;
let access: KafkaAccess;
const topic = 'acl.c.rows';
const topics = [...ownTopicNames('acl'), topic];

beforeAll(async () => {
  broker = await startAclBroker();
  access = {
    settings: {
      brokers: [broker.address],
      clientId: 'tests',
      prefix: 'acl',
      replicationFactor: 1,
      minInSyncReplicas: 1,
      compression: 'gzip',
      registry: { url: inject('stack').registryUrl, ...stackLogin() },
      sasl: { mechanism: 'plain', ...broker.login },
    },
  };
});
afterAll(() => broker?.stop());

const acl = (type: number, name: string, right: number) => ({
  resourceType: type,
  resourceName: name,
  resourcePatternType: pattern.PREFIXED,
  principal: 'User:app',
  host: '*',
  operation: right,
  permissionType: permission.ALLOW,
});
const all = [
  ...['CREATE', 'DESCRIBE_CONFIGS', 'READ', 'WRITE'].map((right) => ({
    right,
    on: 'topic',
    type: resource.TOPIC,
    acl: acl(resource.TOPIC, 'acl.', operation[right as 'READ']),
  })),
  { right: 'READ', on: 'group', type: resource.GROUP, acl: acl(resource.GROUP, 'acl.', operation.READ) },
  { right: 'WRITE', on: 'transactional id', type: resource.TRANSACTIONAL_ID, acl: acl(resource.TRANSACTIONAL_ID, 'acl.', operation.WRITE) },
];

async function grant(rights: typeof all): Promise<void> {
  await broker.admin.deleteAcls({
    filters: [
      {
        resourceType: resource.ANY,
        resourcePatternType: pattern.ANY,
        principal: 'User:app',
        host: '*',
        operation: operation.ANY,
        permissionType: permission.ANY,
      } as never,
    ],
  });
  if (rights.length > 0) await broker.admin.createAcls({ acl: rights.map((one) => one.acl) });
}

const missed = async (): Promise<string[]> =>
  [...new Set((await missingRights(access, { topics, connections: ['c'] })).map(({ right, on }) => `${right.toUpperCase()} ${on}`))].sort();
/** The broker's authorizer follows a log of its own, so what was granted counts a moment later. */
const taken = { timeout: 60_000 };

describe('before any topic is there', () => {
  test('a user who may do nothing is told every right', async () => {
    await grant([]);
    await expect
      .poll(missed, taken)
      .toEqual([
        'CREATE topic',
        'DESCRIBE group',
        'DESCRIBE transactional id',
        'DESCRIBECONFIGS topic',
        'READ group',
        'READ topic',
        'WRITE topic',
        'WRITE transactional id',
      ]);
    await expect(requireRights(access, { topics: [topic], connections: ['c'] })).rejects.toMatchObject({
      kind: 'config',
      code: 'kafka:right',
      message: expect.stringContaining('The Kafka user app lacks Read on the topic acl.c.rows'),
      remedy: expect.stringContaining('kafka-acls --add --allow-principal User:app --operation Read --operation Write'),
    });
  });

  test('with every right nothing is missing, and nothing was made by trying', async () => {
    await grant(all);
    await expect.poll(missed, taken).toEqual([]);
    expect((await broker.admin.listTopics()).filter((name) => name.startsWith('acl.'))).toEqual([]);
  });

  test('however many topics are tried, they share their connections', async () => {
    let sockets = 0;
    const socketFactory: KafkaAccess['socketFactory'] = ({ host, port, onConnect }) => {
      sockets += 1;
      return connect({ host, port }, onConnect);
    };
    const many = Array.from({ length: 40 }, (_, n) => `acl.c.rows${n}`);
    await missingRights({ ...access, socketFactory }, { topics: many, connections: ['c'] });
    // One for metadata, one for the broker, one for its fetches, and the admin's two.
    expect(sockets).toBeLessThanOrEqual(5);
  });

  test('the right to create alone is missed', async () => {
    await grant(all.filter(({ right }) => right !== 'CREATE'));
    await expect.poll(missed, taken).toEqual(['CREATE topic']);
  });
});

describe('with the topics', () => {
  beforeAll(async () => {
    await grant(all);
    await until('the rights are there', async () => (await missed()).length === 0);
    await ensureTopics(access, [...ownTopics({ prefix: 'acl' }), { name: topic, partitions: 1, kind: 'table' }]);
  });
  beforeEach(() => grant(all));

  test.each([
    ['READ', 'topic', ['READ topic']],
    ['WRITE', 'topic', ['WRITE topic']],
    ['DESCRIBE_CONFIGS', 'topic', ['DESCRIBECONFIGS topic']],
    // Who may not read the group may not see it either, and the same for a transactional id.
    ['READ', 'group', ['DESCRIBE group', 'READ group']],
    ['WRITE', 'transactional id', ['DESCRIBE transactional id', 'WRITE transactional id']],
  ])('%s of the %s alone is missed by its name', async (right, on, missing) => {
    await grant(all.filter((one) => !(one.right === right && one.on === on)));
    await expect.poll(missed, taken).toEqual(missing);
  });

  test('trying writes nothing and fences nobody', async () => {
    await expect.poll(missed, taken).toEqual([]);
    const writer = createWriter({ access, connection: 'c' });
    await writer.reopen();
    await writer.write(batchOf(topic, ['a'], 1));
    // The row and the mark of its transaction.
    const end = async () => (await broker.admin.fetchTopicOffsets(topic))[0]?.high;
    await expect.poll(end, taken).toBe('2');
    expect(await missed()).toEqual([]);
    expect(await end()).toBe('2');
    await writer.write(batchOf(topic, ['b'], 2));
    await writer.close();
  });

  test('deleting a topic takes a right of its own, which is named', async () => {
    await expect.poll(missed, taken).toEqual([]);
    await expect(deleteTopic(access, topic)).rejects.toMatchObject({
      kind: 'config',
      message: `The Kafka user app lacks Delete on the topic ${topic}.`,
      remedy: expect.stringContaining('--operation Delete --topic acl.'),
    });
    await grant([...all, { right: 'DELETE', on: 'topic', type: resource.TOPIC, acl: acl(resource.TOPIC, 'acl.', operation.DELETE) }]);
    await until('it is deleted', () =>
      deleteTopic(access, topic).then(
        () => true,
        () => false,
      ),
    );
    expect(await broker.admin.listTopics()).not.toContain(topic);
  });
});
