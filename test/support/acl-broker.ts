import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { formatBroker, smallBroker, startBroker } from './broker-process.ts';
import { freePort, until } from './command.ts';

/** A broker with Kafka's own authorizer, which grants `app` nothing; `admin` may do everything. */
export interface AclBroker {
  readonly address: string;
  readonly login: { readonly username: 'app'; readonly password: string };
  readonly admin: Admin;
  stop(): Promise<void>;
}

export async function startAclBroker(): Promise<AclBroker> {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-acl-'));
  const [port, controller] = [await freePort(), await freePort()];
  const address = `127.0.0.1:${port}`;
  const module = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  await formatBroker(dir, {
    ...smallBroker,
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `SASL_PLAINTEXT://${address},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `SASL_PLAINTEXT://${address}`,
    'inter.broker.listener.name': 'SASL_PLAINTEXT',
    'listener.security.protocol.map': 'SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${module} required username="admin" password="admin-pw" user_admin="admin-pw" user_app="app-pw";`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:admin;User:ANONYMOUS',
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
  });
  const broker = await startBroker(dir);
  const admin = new Kafka({
    brokers: [address],
    clientId: 'acl',
    logLevel: logLevel.NOTHING,
    sasl: { mechanism: 'plain', username: 'admin', password: 'admin-pw' },
  }).admin();
  await until(
    'the broker answers',
    () =>
      admin.connect().then(
        () => true,
        () => false,
      ),
    90_000,
  );
  return {
    address,
    login: { username: 'app', password: 'app-pw' },
    admin,
    async stop() {
      await admin.disconnect();
      broker.signal('SIGKILL');
      await broker.ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
