import { inject } from 'vitest';
import { parseObject } from '../../src/core/json/text.ts';
import { commandRecord, type CommandRecord } from '../../src/kafka/meta/audit.ts';
import { readTail } from '../../src/kafka/meta/tail.ts';
import { topicNames } from '../../src/kafka/meta/topic-names.ts';
import { kafkaLogin, stackLogin } from './login.ts';

/** What the commands of a prefix on the shared stack have noted, newest first. */
export async function auditOf(prefix: string): Promise<readonly CommandRecord[]> {
  const { brokers, registryUrl } = inject('stack');
  const access = {
    settings: {
      ...{ brokers, clientId: 'audit-test', prefix, replicationFactor: 1, minInSyncReplicas: 1, compression: 'gzip' as const },
      ...kafkaLogin(),
      registry: { url: registryUrl, ...stackLogin() },
    },
  };
  return readTail(access, topicNames(prefix).runs, 50, ({ value }) => commandRecord(parseObject(value)));
}
