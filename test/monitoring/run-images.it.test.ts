import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { javaCommand } from '../../src/config/env.ts';
import { avroConverter, jdbcSink, kafkaJars } from '../../src/stack/artifacts.ts';
import { folderOf } from '../landing/java.ts';
import { runTool } from './prometheus.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
/** A network and a file tree of one's own take root and a kernel that allows it. */
const possible = process.getuid?.() === 0 && spawnSync('unshare', ['-n', '-m', '-p', '-f', '--mount-proc', 'true']).status === 0;

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'tributary-images-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The services as Compose understands them, with the example's passwords. */
function environments(): Readonly<
  Record<string, { readonly environment?: Readonly<Record<string, string>>; readonly command?: readonly string[] }>
> {
  for (const path of ['docker-compose.yml', 'docker', 'grafana']) cpSync(join(root, path), join(work, path), { recursive: true });
  cpSync(join(root, 'docker/example.env'), join(work, '.env'));
  const { code, text: out } = runTool('docker-compose', ['config'], work);
  expect({ code, out }).toMatchObject({ code: 0 });
  return (parse(out) as { services: ReturnType<typeof environments> }).services;
}

/** What the last stage of the Dockerfile copies, beside the plugins: from where it stands here, to where it is in the image. */
function copies(): string {
  const dockerfile = text('docker/connect/Dockerfile');
  const [made, image] = [dockerfile.slice(0, dockerfile.lastIndexOf('\nFROM ')), dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))];
  return [...image.matchAll(/^COPY (--from=plugins )?(\S+) (\S+)$/gm)]
    .filter(([, , from]) => from !== '/plugins')
    .map(([, stage, from = '', to = '']) => {
      if (stage === undefined) return `${join(root, 'docker/connect', from)} ${to}`;
      // A folder the stage before has made.
      expect(made).toContain(`RUN mkdir ${from}\n`);
      mkdirSync(join(work, from), { recursive: true });
      return `${join(work, from)} ${to}`;
    })
    .join('\n');
}

test.runIf(possible)(
  'the broker and the Connect worker of docker-compose.yml start from their own files and environment, and the worker has its plugins',
  async () => {
    const services = environments();
    const file = (service: string): string => {
      const path = join(work, `${service}.env`);
      writeFileSync(
        path,
        Object.entries(services[service]?.environment ?? {})
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
      return path;
    };
    expect(text('docker/connect/Dockerfile')).toMatch(
      /^CMD \["\/opt\/kafka\/bin\/connect-distributed\.sh", "\/opt\/connect\/connect\.properties"\]$/m,
    );
    const out = execFileSync(
      'unshare',
      ['-n', '-m', '-p', '-f', '--mount-proc', 'bash', fileURLToPath(new URL('run-images.sh', import.meta.url))],
      {
        encoding: 'utf8',
        timeout: 240_000,
        env: {
          ...{ PATH: process.env['PATH'], WORK: work, JAVA: execFileSync('which', [javaCommand()], { encoding: 'utf8' }).trim() },
          ...{
            JARS: await folderOf(kafkaJars),
            PLUGINS: [join(await folderOf(avroConverter), 'converter'), await folderOf(jdbcSink)].join(' '),
          },
          ...{ COPIES: copies(), KAFKA_ENV: file('kafka'), CONNECT_ENV: file('connect') },
        },
      },
    );
    expect(out.trim().split('\n')).toEqual([
      'connect answers: []',
      '"class":"io.apicurio.registry.utils.converter.AvroConverter"',
      '"class":"io.debezium.connector.jdbc.JdbcSinkConnector"',
    ]);
  },
  300_000,
);
