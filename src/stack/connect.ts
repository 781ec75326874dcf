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
  /** Folders with one folder for each plugin. In the cache: some characters of a user's own folder keep Connect from finding classes below it. */
  plugins: readonly string[];
}

export function connectUrl(memory: StackMemory): string {
  return `http://127.0.0.1:${memory.ports.connect}`;
}

/** Files that a connector of the local stack may name as `file:<path>:<key>`; undefined where a comma in the path keeps Connect from telling it. */
export function secretsFolder(dir: string): string | undefined {
  const folder = join(dir, 'connect', 'secrets');
  return folder.includes(',') ? undefined : folder;
}

const LOGIN_MODULE = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule';

/** A distributed worker, alone in its group; its connectors and offsets live in Kafka like everywhere else. */
export async function connectCommand(dir: string, memory: StackMemory, java: string, folders: ConnectFolders): Promise<PartCommand> {
  const folder = join(dir, 'connect');
  // Earlier releases kept the plugins here.
  await rm(join(folder, 'plugins'), { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const comma = folders.plugins.find((path) => path.includes(','));
  if (comma !== undefined) {
    throw new TributaryError(`Kafka Connect cannot load plugins from ${comma}: a comma divides its list of folders.`, {
      kind: 'config',
      remedy: 'Set TRIBUTARY_CACHE to a folder without a comma in its name.',
    });
  }
  const secrets = secretsFolder(dir);
  // Kafka refuses to start where an allowed folder is not there.
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
    // The converter has no service manifest: with `service_load` the worker never comes up.
    'plugin.discovery': 'hybrid_warn',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'offset.flush.interval.ms': 1_000,
    'consumer.isolation.level': 'read_committed',
    // Whoever may give Connect a configuration reads with it what the providers read: no more than the landings need.
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
    // A limit for what hangs: one that ends is noticed at once, and on a busy machine it takes minutes.
    readyWithinMs: 300_000,
    // The list of connectors, not the root page: it answers only when the worker has joined its group.
    ready: async (signal) => (await fetch(`${connectUrl(memory)}/connectors`, { signal, headers: basicAuth(memory) })).ok,
  };
}

/** What a connector may name as `${env:NAME}`. */
function connectEnvironment({ password }: StackMemory): Record<string, string> {
  return { TRIBUTARY_WAREHOUSE_PASSWORD: password, TRIBUTARY_REGISTRY_PASSWORD: password };
}
