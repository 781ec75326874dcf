import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LOGGING } from './kafka.ts';
import type { StackMemory } from './memory.ts';
import type { PartCommand } from './part.ts';

export interface ConnectFolders {
  kafka: string;
  plugins: Readonly<Record<string, string>>;
}

export function connectUrl(memory: StackMemory): string {
  return `http://127.0.0.1:${memory.ports.connect}`;
}

/** A distributed worker, alone in its group; its connectors and offsets live in Kafka like everywhere else. */
export async function connectCommand(dir: string, memory: StackMemory, java: string, folders: ConnectFolders): Promise<PartCommand> {
  const folder = join(dir, 'connect');
  const pluginPath = join(folder, 'plugins');
  await rm(pluginPath, { recursive: true, force: true });
  await mkdir(pluginPath, { recursive: true, mode: 0o700 });
  for (const [name, target] of Object.entries(folders.plugins)) await symlink(target, join(pluginPath, name));
  const settings: Record<string, string | number> = {
    'bootstrap.servers': `127.0.0.1:${memory.ports.kafka}`,
    'group.id': 'tributary-connect',
    listeners: `http://127.0.0.1:${memory.ports.connect}`,
    'rest.advertised.host.name': '127.0.0.1',
    'rest.advertised.port': memory.ports.connect,
    'config.storage.topic': '_connect_configs',
    'config.storage.replication.factor': 1,
    'offset.storage.topic': '_connect_offsets',
    'offset.storage.partitions': 5,
    'offset.storage.replication.factor': 1,
    'status.storage.topic': '_connect_status',
    'status.storage.partitions': 2,
    'status.storage.replication.factor': 1,
    'plugin.path': pluginPath,
    // The converter has no service manifest: with `service_load` the worker never comes up.
    'plugin.discovery': 'hybrid_warn',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'offset.flush.interval.ms': 1_000,
    'consumer.isolation.level': 'read_committed',
    'config.providers': 'file,env',
    'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
  };
  const properties = join(folder, 'connect.properties');
  await writeFile(
    properties,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  return {
    name: 'connect',
    command: java,
    args: [
      ...['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Dtributary.stack=${dir}/`, ...LOGGING],
      ...['-cp', join(folders.kafka, '*'), 'org.apache.kafka.connect.cli.ConnectDistributed', properties],
    ],
    // For `${env:TRIBUTARY_WAREHOUSE_PASSWORD}` in a connector's configuration.
    env: { TRIBUTARY_WAREHOUSE_PASSWORD: memory.password },
    readyWithinMs: 120_000,
    // The list of connectors, not the root page: it answers only when the worker has joined its group.
    ready: async (signal) => (await fetch(`${connectUrl(memory)}/connectors`, { signal })).ok,
  };
}
