import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { serverEnvironment } from '../config/env.ts';
import { TributaryError } from '../core/errors.ts';
import { loginOf, type StackMemory } from './memory.ts';
import { javaEnvironment, type PartCommand } from './part.ts';
import { writeProperties } from './properties.ts';
import { runTool } from './tools.ts';

export type TopicDefaults = 'fast' | 'normal';

export const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];

const PROPERTIES = 'server.properties';

/** The log-in setting (`sasl.jaas.config`) of the broker's clients. */
export function saslJaas(memory: StackMemory): string {
  const { username, password } = loginOf(memory);
  return `org.apache.kafka.common.security.plain.PlainLoginModule required username="${username}" password="${password}";`;
}

export async function kafkaCommand(
  dir: string,
  memory: StackMemory,
  java: string,
  jars: string,
  topicDefaults: TopicDefaults,
): Promise<PartCommand> {
  const folder = join(dir, 'kafka');
  const properties = join(folder, PROPERTIES);
  const classPath = join(jars, '*');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  writeProperties(properties, serverProperties(memory, topicDefaults));
  if ((await stat(join(folder, 'data', 'meta.properties')).catch(() => undefined)) === undefined) {
    await format(java, classPath, memory.clusterId, folder);
  }
  // The optimising compiler pays off for a broker that stays up; in a short test it only slows the start.
  const compiler = topicDefaults === 'fast' ? ['-XX:TieredStopAtLevel=1'] : [];
  const broker = `127.0.0.1:${memory.ports.kafka}`;
  return {
    name: 'kafka',
    command: java,
    cwd: folder,
    args: [
      '-Xmx512m',
      '-XX:+UseSerialGC',
      ...compiler,
      `-Dtributary.stack=${dir}/`,
      ...LOGGING,
      '-cp',
      classPath,
      'kafka.Kafka',
      PROPERTIES,
    ],
    env: javaEnvironment(),
    readyWithinMs: 90_000,
    ready: () => answers(broker, memory),
  };
}

/** Every listener requires the log-in, the controller's too, because its clients can change everything. */
function serverProperties(memory: StackMemory, topicDefaults: TopicDefaults): Record<string, string | number | boolean> {
  const { ports } = memory;
  const { username, password } = loginOf(memory);
  const jaas = `${saslJaas(memory).slice(0, -1)} user_${username}="${password}";`;
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: `SASL_PLAINTEXT://127.0.0.1:${ports.kafka},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `SASL_PLAINTEXT://127.0.0.1:${ports.kafka}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'SASL_PLAINTEXT',
    'listener.security.protocol.map': 'SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.mechanism.controller.protocol': 'PLAIN',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': jaas,
    'listener.name.controller.plain.sasl.jaas.config': jaas,
    // Relative to the working folder: the setting is a list, and a comma in the folder's path would split it.
    'log.dirs': 'data',
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    // After a kill the broker waits until its earlier session has expired: 9 s by default.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.dedupe.buffer.size': 33_554_432,
    'offsets.topic.num.partitions': 5,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 5,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
  };
  // Tests wait for compaction, so the log cleaner runs twice a second instead of every 15 s.
  if (topicDefaults === 'fast') Object.assign(settings, { 'log.cleaner.backoff.ms': 500, 'log.segment.delete.delay.ms': 200 });
  return settings;
}

async function format(java: string, classPath: string, clusterId: string, folder: string): Promise<void> {
  const args = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    classPath,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    clusterId,
    '-c',
    PROPERTIES,
  ];
  const result = await runTool(java, [...args, '--ignore-formatted'], {
    cwd: folder,
    env: serverEnvironment(javaEnvironment()),
    privately: true,
  });
  if (!result.failed) return;
  throw new TributaryError(`Kafka's data folder could not be formatted: ${result.output.trim().split('\n').at(-1)}`, {
    kind: 'config',
    remedy: 'Check the free space and the permissions of the folder.',
    detail: result.output,
  });
}

async function answers(broker: string, memory: StackMemory): Promise<boolean> {
  const admin = new Kafka({
    brokers: [broker],
    clientId: 'tributary-stack',
    logLevel: logLevel.NOTHING,
    sasl: { mechanism: 'plain', ...loginOf(memory) },
    retry: { retries: 0 },
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
  }).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    return brokers.length === 1 && `${brokers[0]?.host}:${brokers[0]?.port}` === broker;
  } finally {
    await admin.disconnect();
  }
}
