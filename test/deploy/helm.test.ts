import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { rootCertificates } from 'node:tls';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { sources } from '../../producers/index.ts';
import { loadSettings } from '../../src/config/load.ts';
import { customResourceFaults, isCustom, type Resource } from '../landing/custom-resources.ts';
import { runTool } from '../monitoring/prometheus.ts';
import { deployTools } from '../setup/deploy-tools.mjs';
import { pythonWithPackages } from '../setup/python.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const chart = join(root, 'deploy/helm/tributary');
const work = mkdtempSync(join(tmpdir(), 'tributary-helm-'));
/** Helm without a cluster takes the oldest it knows. */
const KUBERNETES = ['--kube-version', '1.37.0'];
// Fetches the tools where they are not in the cache, which takes a minute.
beforeAll(() => void deployTools(), 1_800_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Container {
  readonly args: readonly string[];
  readonly envFrom?: readonly unknown[];
  readonly securityContext: object;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly mountPath: string; readonly readOnly?: boolean; readonly subPath?: string }[];
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
}
interface Deployment extends Resource {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly Container[];
        readonly securityContext: object;
        readonly automountServiceAccountToken: boolean;
      };
    };
  };
}

/** Helm's own code over the chart, without a cluster. */
function helm(...args: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(join(deployTools(), 'helm'), args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: work },
  });
  return { code: status, out: stdout, err: stderr };
}

function render(values: object | string, release = 'tributary'): Resource[] {
  const file = typeof values === 'string' ? values : join(work, 'values.yaml');
  if (typeof values !== 'string') writeFileSync(file, stringify(values));
  const { code, out, err } = helm('template', release, chart, ...KUBERNETES, '--namespace', 'data', '-f', file);
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  return parseAllDocuments(out)
    .map((document) => document.toJS() as Resource | null)
    .filter((one) => one !== null);
}

const of = <T extends Resource>(resources: readonly Resource[], kind: string): T => resources.find((one) => one.kind === kind) as T;

/** The JSON Schemas of the Kubernetes API, which come with the Python package kubernetes-validate. */
function kubernetesSchemas(): string {
  const script = 'import kubernetes_validate, os; print(os.path.dirname(kubernetes_validate.__file__))';
  return join(execFileSync(pythonWithPackages(), ['-c', script], { encoding: 'utf8' }).trim(), 'kubernetes-json-schema');
}

/** What an API server would refuse: unknown fields, wrong types, missing ones. By the oldest Kubernetes the chart is for, and a new one. */
function kubeconform(resources: readonly Resource[], version = '1.37.0'): { readonly code: number | null; readonly out: string } {
  const file = join(work, 'resources.yaml');
  writeFileSync(file, resources.map((one) => stringify(one)).join('---\n'));
  const schemas = join(kubernetesSchemas(), `v${version}-local-strict`);
  const own = join(work, version);
  mkdirSync(own, { recursive: true });
  // kubeconform follows no reference to another file (and then says that there is no schema): what is referred to comes along.
  const alone = (name: string): Record<string, unknown> => {
    const text = readFileSync(join(schemas, name), 'utf8').replaceAll(/"[^"]*_definitions\.json#/g, '"#');
    const { $id: _, ...schema } = JSON.parse(text) as Record<string, unknown>;
    return schema;
  };
  // By their older or newer name.
  const all = alone('_definitions.json') as Readonly<Record<'definitions' | '$defs', Readonly<Record<string, unknown>>>>;
  const within = '$defs' in all ? '$defs' : 'definitions';
  for (const { kind, apiVersion } of resources) {
    const name = `${kind.toLowerCase()}-${apiVersion.replace(/\..*\//, '/').replace('/', '-')}.json`;
    if (existsSync(join(own, name))) continue;
    const schema = alone(name);
    writeFileSync(join(own, name), JSON.stringify({ ...schema, [within]: referredTo(schema, all[within]) }));
  }
  const location = `${own}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;
  const { status, stdout, stderr } = spawnSync(
    join(deployTools(), 'kubeconform'),
    ['-strict', '-summary', '-schema-location', location, file],
    {
      encoding: 'utf8',
    },
  );
  return { code: status, out: stdout + stderr };
}

/** The definitions that a schema refers to, and those that these refer to: all of them would take kubeconform seconds for each file. */
function referredTo(schema: unknown, definitions: Readonly<Record<string, unknown>>, found: Record<string, unknown> = {}): object {
  for (const [, name = ''] of JSON.stringify(schema).matchAll(/"#\/(?:definitions|\$defs)\/([^"]+)"/g)) {
    if (name in found) continue;
    found[name] = definitions[name];
    referredTo(definitions[name], definitions, found);
  }
  return found;
}

const example = join(chart, 'example-values.yaml');
const small = { settings: { connections: { klaviyo: { settings: { api_key: '${KEY}' } } }, kafka: { brokers: ['kafka:9092'] } } };

test('the ports of docs/kafka-in-the-cloud.md are open from the start, or the chart says that they have to be added', () => {
  const pages = readFileSync(join(root, 'docs/kafka-in-the-cloud.md'), 'utf8');
  const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as { networkPolicy: { egressPorts: number[] } };
  const ports = [...pages.matchAll(/[a-z]:(\d{4,5})\b/g)].map(([, port]) => Number(port));
  expect(ports.length).toBeGreaterThan(6);
  // Aiven draws them for each service.
  const said = [30081, 12835, 12838];
  expect(ports.filter((port) => !values.networkPolicy.egressPorts.includes(port) && !said.includes(port))).toEqual([]);
});

describe('the chart', () => {
  test('passes helm lint without a warning', () => {
    const { code, out } = helm('lint', '--strict', chart, '-f', example);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('0 chart(s) failed') as string });
  });

  test.each([
    ['with everything on', example],
    ['with the least there can be', small],
    [
      'with every option of a pod',
      {
        ...small,
        image: { repository: 'r/t', digest: `sha256:${'a'.repeat(64)}` },
        imagePullSecrets: [{ name: 'pull' }],
        extraEnv: [{ name: 'TZ', value: 'UTC' }],
        podLabels: { team: 'data' },
        podAnnotations: { note: 'x' },
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ key: 'data', operator: 'Exists' }],
        affinity: { nodeAffinity: {} },
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
        serviceAccount: { annotations: { role: 'x' } },
        secrets: { files: [{ secret: 'ca', path: '/ca' }] },
      },
    ],
    ['without guards', { ...small, networkPolicy: { enabled: false }, podDisruptionBudget: { enabled: false } }],
    [
      'with percentages and no ports',
      { ...small, podDisruptionBudget: { maxUnavailable: '50%' }, networkPolicy: { egressPorts: [], from: [] } },
    ],
  ])('renders what Kubernetes and the operators take, %s', async (_, values) => {
    const resources = render(values, 'the-longest-release-name-of-a-data-team-in-the-west-x');
    for (const version of ['1.25.0', '1.37.0']) {
      const { code, out } = kubeconform(
        resources.filter((one) => !isCustom(one)),
        version,
      );
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/Invalid: 0, Errors: 0, Skipped: 0/) as string });
    }
    const custom = resources.filter(isCustom);
    expect(await customResourceFaults(custom)).toEqual(custom.map(() => []));
  });

  test('is checked by something that finds faults', async () => {
    const resources = render(example);
    const deployment = structuredClone(of<Deployment>(resources, 'Deployment')) as unknown as { spec: Record<string, unknown> };
    deployment.spec['replicaz'] = 3;
    expect(kubeconform([deployment as unknown as Resource])).toMatchObject({ code: 1, out: expect.stringContaining('replicaz') as string });
    const monitor = structuredClone(of(resources, 'PodMonitor')) as Resource & { spec: { podMetricsEndpoints: Record<string, unknown>[] } };
    monitor.spec.podMetricsEndpoints[0]!['intervall'] = '15s';
    expect(await customResourceFaults([monitor])).toEqual([['.spec.podMetricsEndpoints[0].intervall']]);
  });

  test('gives the workers settings they accept, with no secret in them', () => {
    const resources = render(example);
    const { data } = of<Resource & { data: Record<string, string> }>(resources, 'ConfigMap');
    const text = data['tributary.yaml']!;
    expect(text).toContain('api_key: ${KLAVIYO_API_KEY}');
    const file = join(work, 'tributary.yaml');
    writeFileSync(file, text.replace('${file:/etc/tributary-secrets/kafka/ca.crt}', JSON.stringify(rootCertificates[0])));
    const variables = Object.fromEntries(
      ['KLAVIYO_API_KEY', 'SEGMENT_API_TOKEN', 'KAFKA_PASSWORD', 'TRIBUTARY_WEB_TOKEN'].map((name) => [name, 'x'.repeat(40)]),
    );
    const settings = loadSettings(file, { sources, variables, onSecret: () => undefined });
    expect(settings.connections.map(({ name }) => name)).toEqual(['klaviyo', 'segment']);
    const [container] = of<Deployment>(resources, 'Deployment').spec.template.spec.containers;
    const mounts = container!.volumeMounts.map(({ mountPath }) => mountPath);
    expect(mounts).toContain(settings.dataDir);
    expect(settings.metrics).toMatchObject({ host: '0.0.0.0', port: container!.ports[0]!.containerPort });
    // A subPath is not followed when the ConfigMap changes.
    expect(container!.volumeMounts.find(({ mountPath }) => mountPath === '/etc/tributary')).toMatchObject({ readOnly: true });
    expect(JSON.stringify(container!.volumeMounts)).not.toContain('subPath');
    expect(container!.envFrom).toEqual([{ secretRef: { name: 'tributary' } }]);
  });

  test('starts the image as the image starts itself, on a read-only file system, as nobody in particular', () => {
    const { replicas, template, selector } = of<Deployment>(render(example), 'Deployment').spec;
    const [container] = template.spec.containers;
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
    expect(container!.args).toEqual(JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)![1]!));
    const [, volume = ''] = /^VOLUME (\S+)$/m.exec(dockerfile) ?? [];
    expect(container!.volumeMounts.map(({ mountPath }) => mountPath)).toContain(volume);
    expect(replicas).toBe(3);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(template.spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    expect(container!.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('brings the alert rules and the dashboard as they are, under the job the rules look for', () => {
    const resources = render(example);
    const rules = of<Resource & { spec: object }>(resources, 'PrometheusRule').spec;
    expect(rules).toEqual(parse(readFileSync(join(root, 'grafana/alerts.yml'), 'utf8')));
    const linked = { ...small, prometheusRule: { enabled: true, runbook: 'https://wiki.example.com/runbook' } };
    expect(JSON.stringify(of(render(linked), 'PrometheusRule'))).toContain('https://wiki.example.com/runbook#tributarynoworker');
    writeFileSync(join(work, 'rules.yml'), stringify(rules));
    expect(runTool('promtool', ['check', 'rules', join(work, 'rules.yml')])).toMatchObject({ code: 0 });
    const dashboard = resources.find(
      (one) => one.kind === 'ConfigMap' && 'tributary.json' in (one as { data?: object }).data!,
    ) as unknown as {
      data: Record<string, string>;
    };
    expect(JSON.parse(dashboard.data['tributary.json']!)).toEqual(
      JSON.parse(readFileSync(join(root, 'grafana/dashboards/tributary.json'), 'utf8')),
    );
    const { spec } = of<Resource & { spec: { jobLabel: string } }>(resources, 'PodMonitor');
    expect(of<Deployment>(resources, 'Deployment').spec.template.metadata.labels[spec.jobLabel]).toBe('tributary');
  });

  test.each([
    ['a value it does not know', { ...small, replica: 3 }, /replica/],
    ['a wrong type', { ...small, replicas: 'three' }, /replicas/],
    ['no connections', { settings: { kafka: small.settings.kafka } }, /settings\.connections is empty/],
    ['no brokers', { settings: { connections: small.settings.connections } }, /settings\.kafka is missing/],
    ['two sources of settings', { ...small, existingConfigMap: 'mine' }, /either settings or existingConfigMap/],
  ])('refuses %s', (_, values, said) => {
    writeFileSync(join(work, 'bad.yaml'), stringify(values));
    const { code, err } = helm('template', 'tributary', chart, ...KUBERNETES, '-f', join(work, 'bad.yaml'));
    expect(code).not.toBe(0);
    expect(err).toMatch(said);
  });

  test('describes every value, and is packed whole', () => {
    const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Node;
    const readme = readFileSync(join(chart, 'README.md'), 'utf8');
    expect(
      leaves(schema)
        .filter(([path, doc]) => !readme.includes(`| \`${path}\` |`) || !readme.includes(doc))
        .map(([path]) => path),
    ).toEqual([]);
    expect(helm('package', chart, '--destination', work)).toMatchObject({ code: 0 });
    const { version } = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as { version: string };
    const files = execFileSync('tar', ['-tzf', join(work, `tributary-${version}.tgz`)], { encoding: 'utf8' });
    expect(files).toContain('tributary/files/alerts.yml');
  });
});

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
}
function leaves(node: Node, path: readonly string[] = []): [string, string][] {
  if (node.properties === undefined) return path[0] === 'global' ? [] : [[path.join('.'), node.description ?? 'no description']];
  return Object.entries(node.properties).flatMap(([name, one]) => leaves(one, [...path, name]));
}
