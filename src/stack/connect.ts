import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { privateFile } from '../core/local-folder.ts';
import { LOGGING, saslJaas } from './kafka.ts';
import { basicAuth, loginOf, type StackMemory } from './memory.ts';
import { javaEnvironment, type PartCommand } from './part.ts';
import { javaProperties, writeProperties } from './properties.ts';

export interface ConnectFolders {
  kafka: string;
  /** Folders with one subfolder for each plugin. They are in the cache, because Connect finds no classes below a path with certain characters, which a user's own folder may have. */
  plugins: readonly string[];
}

export function connectUrl(memory: StackMemory): string {
  return `http://127.0.0.1:${memory.ports.connect}`;
}

/** Folder of files that a connector of the local stack may refer to as `file:<path>:<key>`; undefined when the path has a comma, which Connect's setting cannot express. */
export function secretsFolder(dir: string): string | undefined {
  const folder = join(dir, 'connect', 'secrets');
  return folder.includes(',') ? undefined : folder;
}

const LOGIN_MODULE = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule';

/** A distributed worker, alone in its group; its connectors and offsets are stored in Kafka as usual. */
export async function connectCommand(dir: string, memory: StackMemory, java: string, folders: ConnectFolders): Promise<PartCommand> {
  const folder = join(dir, 'connect');
  // Earlier releases kept the plugins here.
  await rm(join(folder, 'plugins'), { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const comma = folders.plugins.find((path) => path.includes(','));
  if (comma !== undefined) {
    throw new TributaryError(`Kafka Connect cannot load plugins from ${comma}: a comma separates the folders of its list.`, {
      kind: 'config',
      remedy: 'Set TRIBUTARY_CACHE to a folder without a comma in its name.',
    });
  }
  const secrets = secretsFolder(dir);
  // Kafka does not start when an allowed folder does not exist.
  if (secrets !== undefined) await mkdir(secrets, { recursive: true, mode: 0o700 });
  const { username, password } = loginOf(memory);
  const kafkaLogin = { 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': saslJaas(memory) };
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
    'plugin.path': folders.plugins.join(','),
    // Looking into every class of every plugin instead took 10 s of CPU at each start, and kept 380 MB of memory.
    'plugin.discovery': 'service_load',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'offset.flush.interval.ms': 1_000,
    'consumer.isolation.level': 'read_committed',
    // Anybody who can configure Connect can read what the providers can read, so they read only what the landings need.
    'config.providers': secrets === undefined ? 'env' : 'file,env',
    'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
    'config.providers.env.param.allowlist.pattern': Object.keys(connectEnvironment(memory)).join('|'),
    ...(secrets === undefined
      ? {}
      : {
          'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
          'config.providers.file.param.allowed.paths': secrets,
        }),
    'rest.extension.classes': 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension',
  };
  for (const whose of ['', 'consumer.', 'producer.', 'admin.']) {
    for (const [name, value] of Object.entries(kafkaLogin)) settings[`${whose}${name}`] = value;
  }
  writeProperties(join(folder, 'connect.properties'), settings);
  privateFile(join(folder, 'users.properties'), javaProperties({ [username]: password }));
  privateFile(join(folder, 'jaas.conf'), `KafkaConnect { ${LOGIN_MODULE} required file="users.properties"; };\n`);
  return {
    name: 'connect',
    command: java,
    cwd: folder,
    args: [
      ...[
        '-Xmx384m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        `-Dtributary.stack=${dir}/`,
        ...LOGGING,
        '-Djava.security.auth.login.config=jaas.conf',
      ],
      ...['-cp', join(folders.kafka, '*'), 'org.apache.kafka.connect.cli.ConnectDistributed', 'connect.properties'],
    ],
    env: { ...javaEnvironment(), ...connectEnvironment(memory) },
    // A limit for a worker that hangs. One that ends is noticed at once, and on a busy machine the start takes minutes.
    readyWithinMs: 300_000,
    // The list of connectors instead of the root page, because it answers only after the worker has joined its group.
    ready: async (signal) => (await fetch(`${connectUrl(memory)}/connectors`, { signal, headers: basicAuth(memory) })).ok,
  };
}

/** Values that a connector may refer to as `${env:NAME}`. */
function connectEnvironment({ password }: StackMemory): Record<string, string> {
  return { TRIBUTARY_WAREHOUSE_PASSWORD: password, TRIBUTARY_REGISTRY_PASSWORD: password };
}
