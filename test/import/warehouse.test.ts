import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { redshiftLanding } from '../../src/landing/settings.ts';
import { warehouseOf } from '../../src/import/warehouse.ts';
import { folder } from './check.ts';

const redshift = (reference: string) =>
  redshiftLanding.parse({ kind: 'redshift', host: 'wg.example.com', database: 'dev', user: 'loader', password_ref: reference });

test('Redshift is asked with TLS and its certificate checked, at its own port', () => {
  const { client, where } = warehouseOf({ dwh: redshift('env:SECRET') }, 'dwh', { SECRET: 'open' });
  expect(client).toMatchObject({
    host: 'wg.example.com',
    port: 5_439,
    user: 'loader',
    password: 'open',
    database: 'dev',
    ssl: { rejectUnauthorized: true },
  });
  expect(where).toBe('wg.example.com:5439/dev');
});

test('a password is found as Kafka Connect would find it, in a file of properties or a folder of secrets', () => {
  const dir = folder();
  const file = join(dir, 'sinks.properties');
  writeFileSync(file, '# passwords\n! of the sinks\nother=1\n dwh = p=a ss\\:word\nlast: x\n');
  mkdirSync(join(dir, 'secrets'));
  writeFileSync(join(dir, 'secrets', 'dwh'), 'from a folder\n');
  const password = (reference: string): unknown => warehouseOf({ dwh: redshift(reference) }, 'dwh', {}).client.password;
  expect(password(`file:${file}:dwh`)).toBe('p=a ss:word');
  expect(password(`file:${file}:last`)).toBe('x');
  expect(password(`dir:${join(dir, 'secrets')}:dwh`)).toBe('from a folder');
  for (const nowhere of [`file:${file}:absent`, `file:${dir}/absent:dwh`, `file:${dir}:dwh`, `dir:${dir}:absent`, 'env:ABSENT'])
    expect(() => password(nowhere)).toThrow(/No password of loader is known.*cannot be read on this machine/);
});
