import { spawn } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, javaCommand } from '../../src/config/env.ts';
import { kafkaJars } from '../../src/stack/artifacts.ts';
import { fetchArtifact } from '../../src/stack/fetch.ts';
import { javaProperties } from '../../src/stack/properties.ts';
import { runTool } from '../../src/stack/tools.ts';

/** One broker in a process of its own. */
export interface BrokerProcess {
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
}

/** Settings small brokers of tests have in common. */
export const smallBroker = {
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  'log.dirs': 'data',
  'auto.create.topics.enable': false,
  'group.initial.rebalance.delay.ms': 0,
  'broker.session.timeout.ms': 3_000,
  'broker.heartbeat.interval.ms': 500,
  'num.network.threads': 2,
  'num.io.threads': 4,
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.num.partitions': 1,
  'log.cleaner.dedupe.buffer.size': 33_554_432,
} as const;

const java = ['-Xmx256m', '-Xms64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

async function classPath(): Promise<string> {
  const jars = await fetchArtifact(kafkaJars, { cache: cacheFolder(), log: () => undefined, signal: new AbortController().signal });
  return join(jars, '*');
}

/** Writes the settings of a broker into its folder and makes its data there. */
export async function formatBroker(dir: string, properties: Readonly<Record<string, string | number | boolean>>): Promise<void> {
  writeFileSync(join(dir, 'server.properties'), javaProperties(properties));
  const formatted = await runTool(
    javaCommand(),
    [...java, '-cp', await classPath(), 'kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAA', '-c', 'server.properties'],
    { cwd: dir },
  );
  if (formatted.failed) throw new Error(formatted.output);
}

/** Starts the broker of a folder that {@link formatBroker} has made. It may not answer yet. */
export async function startBroker(dir: string): Promise<BrokerProcess> {
  const log = openSync(join(dir, 'log'), 'a');
  const broker = spawn(javaCommand(), [...java, '-cp', await classPath(), 'kafka.Kafka', 'server.properties'], {
    cwd: dir,
    stdio: ['ignore', log, log],
  });
  // Nothing of a test stays when its process ends before it could clean up.
  const kill = (): void => void broker.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => broker.on('close', () => resolve())).finally(() => process.off('exit', kill));
  return { signal: (signal) => void broker.kill(signal), ended };
}
