import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { cacheFolder, javaCommand } from '../../src/config/env.ts';
import { kafkaJars } from '../../src/stack/artifacts.ts';
import { fetchArtifact } from '../../src/stack/fetch.ts';
import { javaProperties } from '../../src/stack/properties.ts';
import { runTool } from '../../src/stack/tools.ts';
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
  const jars = join(
    await fetchArtifact(kafkaJars, { cache: cacheFolder(), log: () => undefined, signal: new AbortController().signal }),
    '*',
  );
  const [port, controller] = [await freePort(), await freePort()];
  const address = `127.0.0.1:${port}`;
  const module = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  writeFileSync(
    join(dir, 'server.properties'),
    javaProperties({
      'process.roles': 'broker,controller',
      'node.id': 1,
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      listeners: `SASL_PLAINTEXT://${address},CONTROLLER://127.0.0.1:${controller}`,
      'advertised.listeners': `SASL_PLAINTEXT://${address}`,
      'controller.listener.names': 'CONTROLLER',
      'inter.broker.listener.name': 'SASL_PLAINTEXT',
      'listener.security.protocol.map': 'SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN',
      'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${module} required username="admin" password="admin-pw" user_admin="admin-pw" user_app="app-pw";`,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:admin;User:ANONYMOUS',
      'log.dirs': 'data',
      'auto.create.topics.enable': false,
      'group.initial.rebalance.delay.ms': 0,
      'offsets.topic.num.partitions': 1,
      'offsets.topic.replication.factor': 1,
      'transaction.state.log.num.partitions': 1,
      'transaction.state.log.replication.factor': 1,
      'transaction.state.log.min.isr': 1,
      'log.cleaner.dedupe.buffer.size': 33_554_432,
    }),
  );
  const java = ['-Xmx300m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', jars];
  const formatted = await runTool(
    javaCommand(),
    [...java, 'kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAA', '-c', 'server.properties'],
    { cwd: dir },
  );
  if (formatted.failed) throw new Error(formatted.output);
  const log = openSync(join(dir, 'log'), 'a');
  const broker = spawn(javaCommand(), [...java, 'kafka.Kafka', 'server.properties'], { cwd: dir, stdio: ['ignore', log, log] });
  const ended = new Promise<void>((resolve) => broker.on('close', () => resolve()));
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
      broker.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
