import { parseAllDocuments } from 'yaml';
import { expect, test } from 'vitest';
import { renderLanding } from '../../src/landing/render.ts';
import { isReference, landingSettings } from '../../src/landing/settings.ts';
import { kubernetesName } from '../../src/landing/strimzi.ts';
import type { Landing } from '../../src/landing/types.ts';
import { customResourceFaults, type Resource } from './custom-resources.ts';
import { landingOf, LANDINGS } from './landings.ts';

interface KafkaConnector extends Resource {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly class: string; readonly tasksMax: number; readonly config: Readonly<Record<string, string>> };
}

const withStrimzi = (landing: Landing, more: object = {}): Landing => ({
  ...landing,
  settings: { ...landing.settings, ...more, strimzi: { cluster: 'connect', namespace: 'kafka' } },
});
const resources = (landing: Landing): KafkaConnector[] =>
  parseAllDocuments(renderLanding(landing).files.find(({ path }) => path === 'kafka-connectors.yaml')!.text).map(
    (document) => document.toJS() as KafkaConnector,
  );

test("the connectors of every kind are read by Strimzi's own class, and say what the JSON files say", async () => {
  const all = LANDINGS.map((landing) => ({ plain: renderLanding(landing), rendered: resources(withStrimzi(landing)) }));
  const each = all.flatMap(({ rendered }) => rendered);
  expect(each.length).toBeGreaterThan(6);
  expect(await customResourceFaults(each)).toEqual(each.map(() => []));
  for (const { plain, rendered } of all)
    expect(rendered.map(({ spec }) => ({ ...spec.config, 'connector.class': spec.class, 'tasks.max': String(spec.tasksMax) }))).toEqual(
      // The name is part of the dead-letter topic, and of nothing else.
      plain.connectors.map(
        ({ name, config }) => JSON.parse(JSON.stringify(config).replaceAll(name, kubernetesName(name))) as Record<string, string>,
      ),
    );
  for (const { metadata, spec } of each) {
    expect(metadata).toMatchObject({ namespace: 'kafka', labels: { 'strimzi.io/cluster': 'connect' } });
    // Strimzi 0.48, AbstractConnectorSpec.FORBIDDEN_PARAMETERS.
    expect(Object.keys(spec.config).filter((name) => name === 'connector.class' || name === 'tasks.max')).toEqual([]);
  }
});

test('what Strimzi does not know is found', async () => {
  const [one] = resources(withStrimzi(landingOf('postgres')));
  const wrong = [
    { ...one!, spec: { ...one!.spec, task: 1 } },
    { ...one!, spec: { ...one!.spec, tasksMax: 'three' } },
  ];
  expect(await customResourceFaults(wrong)).toEqual([['.spec.task'], [expect.stringContaining('three')]]);
});

test('names are those Kubernetes takes, and the connector is known by them everywhere', () => {
  const landing = landingOf('postgres');
  const named = withStrimzi({
    ...landing,
    name: 'Ware_house',
    connections: landing.connections.map((one) => ({ ...one, name: 'customer_io' })),
  });
  const { connectors } = renderLanding(named);
  expect(connectors.map(({ name }) => name)).toEqual(['ware-house-customer-io']);
  expect(resources(named).map(({ metadata }) => metadata.name)).toEqual(['ware-house-customer-io']);
  // `landing status` tells a connector that is ours by this topic.
  expect(connectors[0]!.deadLetterTopic).toMatch(/\._dlq\.ware-house-customer-io$/);
  expect(kubernetesName('__A.b__c--')).toBe('a-b-c');
});

test('two connections that become one name are refused', () => {
  const landing = landingOf('postgres');
  const [one] = landing.connections;
  const two = withStrimzi({
    ...landing,
    connections: [
      { ...one!, name: 'shop' },
      { ...one!, name: 'shop_' },
    ],
  });
  expect(() => renderLanding(two)).toThrow(/shop and shop_ would both be the KafkaConnector/);
});

test('a secret of Kubernetes is a reference like any other, and stays one', () => {
  expect(isReference('secrets:kafka/warehouse:password')).toBe(true);
  expect(isReference('secrets:warehouse:password')).toBe(false);
  const settings = landingSettings.parse({ kind: 'postgres', host: 'db', database: 'd', password_ref: 'secrets:kafka/warehouse:password' });
  const [one] = resources(withStrimzi({ ...landingOf('postgres'), settings }));
  expect(one!.spec.config['connection.password']).toBe('${secrets:kafka/warehouse:password}');
});
