import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { billOfMaterials, javaParts } from '../../scripts/sbom.mjs';
import lock from '../../src/stack/artifacts.lock.json' with { type: 'json' };

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
}

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
const { dependencies, devDependencies } = read('package.json') as Record<string, Record<string, string>>;
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> };
const bill = billOfMaterials();
const packageRef = ([path, { version }]: [string, Locked]): string => `${path.split('node_modules/').at(-1)}@${version}`;

test('the bill of materials is one that tools know', () => {
  expect(bill).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: expect.stringMatching(/^1\.\d$/),
    metadata: { component: { name: 'tributary' } },
  });
  const refs = bill.components.map((one) => one['bom-ref']);
  expect(new Set(refs).size).toBe(refs.length);
  // Every reference leads to something.
  const known = new Set([...refs, bill.metadata.component['bom-ref']]);
  expect(bill.dependencies.flatMap(({ ref, dependsOn = [] }) => [ref, ...dependsOn]).filter((ref) => !known.has(ref))).toEqual([]);
});

test('it names every package a release runs, those that development uses too among them', () => {
  const named = new Set(bill.components.map((one) => one['bom-ref']));
  const wanted = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  expect(wanted.length).toBeGreaterThan(Object.keys(dependencies ?? {}).length);
  expect(wanted.map(packageRef).filter((ref) => !named.has(ref))).toEqual([]);
  const own = bill.dependencies.find(({ ref }) => ref === bill.metadata.component['bom-ref'])?.dependsOn ?? [];
  expect(Object.entries(dependencies ?? {}).filter(([name, version]) => !own.includes(`${name}@${version}`))).toEqual([]);
});

test('it names nothing that only development uses', () => {
  const named = new Set(bill.components.map((one) => one['bom-ref']));
  const only = Object.entries(devDependencies ?? {}).filter(([name]) => packages[`node_modules/${name}`]?.dev === true);
  expect(only.length).toBeGreaterThan(5);
  expect(only.filter(([name, version]) => named.has(`${name}@${version}`))).toEqual([]);
});

test('it names every jar of the local stack with its SHA-256', () => {
  const named = new Map(bill.components.map((one) => [one.properties?.find(({ name }) => name === 'tributary:file')?.value, one]));
  const jars = Object.entries(lock).flatMap(([folder, files]) =>
    Object.entries(files)
      .filter(([path]) => path.endsWith('.jar'))
      .map(([path, hash]) => [`${folder}/${path}`, hash] as const),
  );
  expect(jars.length).toBeGreaterThan(500);
  for (const [path, hash] of jars) expect([path, named.get(path)?.hashes]).toEqual([path, [{ alg: 'SHA-256', content: hash }]]);
});

test.each([
  ['kafka-clients-4.3.1.jar', 'kafka-clients', '4.3.1'],
  ['lib/io.quarkus.quarkus-core-3.15.3.1.jar', 'io.quarkus.quarkus-core', '3.15.3.1'],
  ['converter/apicurio-common-rest-client-common-0.1.18.Final.jar', 'apicurio-common-rest-client-common', '0.1.18.Final'],
  ['plain.jar', 'plain', undefined],
])('%s is told apart into name and version', (path, name, version) => {
  const [, jar] = javaParts({ 'part-1.0-r2': { [path]: '00' } }).components;
  expect([jar?.name, jar?.version, jar?.purl?.includes(basename(path))]).toEqual([name, version, true]);
});
