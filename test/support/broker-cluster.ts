import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { formatBroker, smallBroker, startBroker, type BrokerProcess } from './broker-process.ts';
import { freePort, until } from './command.ts';
import { startFaultyLine, type FaultyLine } from './faulty-line.ts';

/** Three brokers with small heaps; clients reach each of them by a line of its own. */
export interface BrokerCluster {
  /** Addresses of the lines. */
  readonly brokers: readonly string[];
  readonly lines: readonly FaultyLine[];
  /** Ends a broker, by `SIGKILL` or in good order, and starts it again after `downMs`; resolves when it has caught up. */
  restart(at: number, signal: 'SIGKILL' | 'SIGTERM', downMs: number): Promise<void>;
  stop(): Promise<void>;
}

const count = 3;

export async function startBrokerCluster(): Promise<BrokerCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-brokers-'));
  const folders = Array.from({ length: count }, (_, at) => join(dir, String(at)));
  const ports = [];
  for (const _ of folders) ports.push({ client: await freePort(), inner: await freePort(), controller: await freePort() });
  const lines = await Promise.all(ports.map(({ client }) => startFaultyLine(`127.0.0.1:${client}`)));
  const brokers = lines.map(({ port }) => `127.0.0.1:${port}`);
  const running: (BrokerProcess | undefined)[] = [];
  const admin = new Kafka({ brokers, clientId: 'campaign', logLevel: logLevel.NOTHING, retry: { retries: 2 } }).admin();

  async function start(at: number): Promise<void> {
    running[at] = await startBroker(folders[at] ?? '');
  }

  /** Every broker is there, and every partition is on all of them. */
  const healthy = async (): Promise<boolean> => {
    try {
      const cluster = await admin.describeCluster();
      if (cluster.brokers.length < count) return false;
      const { topics } = await admin.fetchTopicMetadata();
      return topics.every(({ partitions }) => partitions.every(({ isr }) => isr.length === count));
    } catch {
      return false;
    }
  };

  async function stop(): Promise<void> {
    await admin.disconnect().catch(() => undefined);
    for (const broker of running) broker?.signal('SIGKILL');
    await Promise.all(running.map((broker) => broker?.ended));
    await Promise.all(lines.map((line) => line.close()));
    rmSync(dir, { recursive: true, force: true });
  }

  for (const [at, folder] of folders.entries()) {
    mkdirSync(folder);
    const own = ports[at];
    await formatBroker(folder, {
      ...smallBroker,
      'node.id': at,
      'controller.quorum.voters': ports.map(({ controller }, id) => `${id}@127.0.0.1:${controller}`).join(','),
      listeners: `CLIENT://127.0.0.1:${own?.client},INNER://127.0.0.1:${own?.inner},CONTROLLER://127.0.0.1:${own?.controller}`,
      'advertised.listeners': `CLIENT://${brokers[at]},INNER://127.0.0.1:${own?.inner}`,
      'inter.broker.listener.name': 'INNER',
      'listener.security.protocol.map': 'CLIENT:PLAINTEXT,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'min.insync.replicas': 2,
      'offsets.topic.replication.factor': count,
      'transaction.state.log.replication.factor': count,
      'transaction.state.log.min.isr': 2,
      // Three of them on a busy machine: the shorter ones of a single broker would take living brokers for dead.
      'broker.session.timeout.ms': 9_000,
      'broker.heartbeat.interval.ms': 1_000,
      'replica.lag.time.max.ms': 15_000,
    });
  }
  const starts = folders.map((_, at) => start(at));
  try {
    await Promise.all(starts);
    await until('three brokers answer', () => admin.connect().then(healthy, () => false), 180_000);
  } catch (error) {
    await Promise.allSettled(starts);
    await stop();
    throw error;
  }

  return {
    brokers,
    lines,
    async restart(at, signal, downMs) {
      running[at]?.signal(signal);
      await running[at]?.ended;
      await new Promise((resolve) => setTimeout(resolve, downMs));
      await start(at);
      await until('the broker has caught up', healthy, 180_000);
    },
    stop,
  };
}
