import { join } from 'node:path';
import type { StackMemory } from './memory.ts';
import type { PartCommand } from './part.ts';
import { USER } from './postgres.ts';

export function registryUrl(memory: StackMemory): string {
  return `http://127.0.0.1:${memory.ports.registry}/apis/ccompat/v7`;
}

/** Its schema ids are part of every key in every topic, so they live in PostgreSQL, which keeps them through any crash. */
export function registryCommand(dir: string, memory: StackMemory, java: string, app: string): PartCommand {
  const { ports } = memory;
  return {
    name: 'registry',
    command: java,
    cwd: app,
    args: [
      ...['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Dtributary.stack=${dir}/`],
      ...['-Dquarkus.http.host=127.0.0.1', `-Dquarkus.http.port=${ports.registry}`],
      ...['-Dquarkus.management.host=127.0.0.1', `-Dquarkus.management.port=${ports.registryManagement}`],
      '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
      ...['-Dapicurio.storage.kind=sql', '-Dapicurio.storage.sql.kind=postgresql'],
      `-Dapicurio.datasource.url=jdbc:postgresql://127.0.0.1:${ports.postgres}/registry`,
      `-Dapicurio.datasource.username=${USER}`,
      ...['-cp', `apicurio-registry-app-3.0.9-runner.jar:${join('lib', '*')}`, 'io.quarkus.runner.GeneratedMain'],
    ],
    // Not as an argument: every user of the machine sees command lines.
    env: { APICURIO_DATASOURCE_PASSWORD: memory.password },
    readyWithinMs: 120_000,
    ready: async (signal) => {
      const answer = await fetch(`${registryUrl(memory)}/subjects`, { signal });
      return answer.ok && Array.isArray(await answer.json());
    },
  };
}
