import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { TributaryError } from '../core/errors.ts';
import type { StackMemory } from './memory.ts';
import type { PartCommand } from './part.ts';
import { runTool } from './tools.ts';

export type TopicDefaults = 'fast' | 'normal';

export const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];

export async function kafkaCommand(
  dir: string,
  memory: StackMemory,
  java: string,
  jars: string,
  topicDefaults: TopicDefaults,
): Promise<PartCommand> {
  const folder = join(dir, 'kafka');
  const properties = join(folder, 'server.properties');
  const classPath = join(jars, '*');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(properties, serverProperties(folder, memory, topicDefaults));
  if ((await stat(join(folder, 'data', 'meta.properties')).catch(() => undefined)) === undefined) {
    await format(java, classPath, memory.clusterId, properties);
  }
  // The optimising compiler pays off for a broker that stays up, and only delays one that lives for a test.
  const compiler = topicDefaults === 'fast' ? ['-XX:TieredStopAtLevel=1'] : [];
  const broker = `127.0.0.1:${memory.ports.kafka}`;
  return {
    name: 'kafka',
    command: java,
    args: [
      '-Xmx512m',
      '-XX:+UseSerialGC',
      ...compiler,
      `-Dtributary.stack=${dir}/`,
      ...LOGGING,
      '-cp',
      classPath,
      'kafka.Kafka',
      properties,
    ],
    readyWithinMs: 90_000,
    ready: () => answers(broker),
  };
}

function serverProperties(folder: string, { ports }: StackMemory, topicDefaults: TopicDefaults): string {
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${ports.kafka},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.kafka}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    // After a kill the broker waits until its own former session has run out: 9 s by default.
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
  // Tests wait for compaction to have happened: the cleaner looks twice a second, not every 15 s.
  if (topicDefaults === 'fast') Object.assign(settings, { 'log.cleaner.backoff.ms': 500, 'log.segment.delete.delay.ms': 200 });
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\')}\n`)
    .join('');
}

async function format(java: string, classPath: string, clusterId: string, properties: string): Promise<void> {
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
    properties,
  ];
  const result = await runTool(java, [...args, '--ignore-formatted']);
  if (!result.failed) return;
  throw new TributaryError(`Kafka's data folder could not be formatted: ${result.output.trim().split('\n').at(-1)}`, {
    kind: 'config',
    remedy: 'Check the free space and the rights of the folder.',
    detail: result.output,
  });
}

async function answers(broker: string): Promise<boolean> {
  const admin = new Kafka({
    brokers: [broker],
    clientId: 'tributary-stack',
    logLevel: logLevel.NOTHING,
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
