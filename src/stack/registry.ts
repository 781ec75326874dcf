import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { basicAuth, loginOf, type StackMemory } from './memory.ts';
import { javaEnvironment, type PartCommand } from './part.ts';
import { writeProperties } from './properties.ts';

export function registryUrl(memory: StackMemory): string {
  return `http://127.0.0.1:${memory.ports.registry}/apis/ccompat/v7`;
}

/** Its schema ids are part of every key in every topic, so it stores them in PostgreSQL, where they survive any crash. */
export async function registryCommand(dir: string, memory: StackMemory, java: string, app: string): Promise<PartCommand> {
  const { ports } = memory;
  const { username, password } = loginOf(memory);
  const folder = join(dir, 'registry');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // In a file instead of arguments, because every user of the machine can see command lines.
  writeProperties(join(folder, 'registry.properties'), {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': ports.registry,
    // Health and metrics get no port of their own, because that one would not require a password.
    'quarkus.management.host-enabled': false,
    'quarkus.http.auth.basic': true,
    'quarkus.http.auth.proactive': true,
    'quarkus.security.users.embedded.plain-text': true,
    [`quarkus.security.users.embedded.users.${username}`]: password,
    [`quarkus.security.users.embedded.roles.${username}`]: 'sr-admin',
    'quarkus.http.auth.permission.all.paths': '/*',
    'quarkus.http.auth.permission.all.policy': 'authenticated',
    'apicurio.storage.kind': 'sql',
    'apicurio.storage.sql.kind': 'postgresql',
    'apicurio.datasource.url': `jdbc:postgresql://127.0.0.1:${ports.postgres}/registry`,
    'apicurio.datasource.username': username,
    'apicurio.datasource.password': password,
  });
  return {
    name: 'registry',
    command: java,
    cwd: folder,
    args: [
      ...['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Dtributary.stack=${dir}/`],
      // Relative to the working folder, so that special characters in its path do not matter.
      '-Dquarkus.config.locations=registry.properties',
      '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
      ...['-cp', `${join(app, 'apicurio-registry-app-3.0.9-runner.jar')}:${join(app, 'lib', '*')}`, 'io.quarkus.runner.GeneratedMain'],
    ],
    env: javaEnvironment(),
    readyWithinMs: 120_000,
    ready: async (signal) => {
      const answer = await fetch(`${registryUrl(memory)}/subjects`, { signal, headers: basicAuth(memory) });
      return answer.ok && Array.isArray(await answer.json());
    },
  };
}
