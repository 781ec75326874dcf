import { landingSettings } from '../../src/landing/settings.ts';
import type { LandingKind } from '../../src/landing/settings.ts';
import type { Landing } from '../../src/landing/types.ts';
import { orders, reservedNames } from './definitions.ts';

const SETTINGS: Readonly<Record<string, object>> = {
  postgres: {
    kind: 'postgres',
    host: 'db.example.com',
    database: 'warehouse',
    password_ref: 'file:/etc/tributary/sinks.properties:postgres',
  },
  redshift: {
    kind: 'redshift',
    host: 'c.example.eu-west-1.redshift.amazonaws.com',
    database: 'dev',
    password_ref: 'env:REDSHIFT_PASSWORD',
    copy: { bucket: 'landing-bucket', iam_role: 'arn:aws:iam::123456789012:role/copy' },
  },
  s3: {
    kind: 's3',
    bucket: 'landing-bucket',
    region: 'eu-west-1',
    access_key_ref: 'file:/etc/tributary/s3.properties:id',
    secret_key_ref: 'file:/etc/tributary/s3.properties:secret',
  },
  bigquery: {
    kind: 'bigquery',
    project: 'my-project',
    service_account: 'sink@my-project.iam.gserviceaccount.com',
    keyfile: '/etc/tributary/bigquery.json',
  },
  bigquery_append: {
    kind: 'bigquery',
    mode: 'append',
    project: 'my-project',
    service_account: 'sink@my-project.iam.gserviceaccount.com',
    keyfile: '/etc/tributary/bigquery.json',
  },
  synapse: { kind: 'synapse', workspace: 'space', database: 'pool', password_ref: 'env:SYNAPSE_PASSWORD' },
  synapse_copy: {
    kind: 'synapse',
    workspace: 'space',
    database: 'pool',
    copy: { account: 'store', container: 'landing', connection_string_ref: 'file:/etc/tributary/azure.properties:blob' },
  },
  iceberg: {
    kind: 'iceberg',
    catalog: 'rest',
    uri: 'https://catalog.example.com',
    warehouse: 's3://lake/tables',
    credential_ref: 'env:CATALOG',
    region: 'eu-west-1',
  },
  snowflake: { kind: 'snowflake', account: 'org-acc', private_key_ref: 'file:/etc/tributary/snowflake.properties:key' },
};

/** One landing of every kind and mode, as somebody might configure it. */
export const LANDINGS: readonly Landing[] = Object.entries(SETTINGS).map(([name, settings]) => ({
  name,
  prefix: 'saas',
  replicationFactor: 3,
  converter: { kind: 'confluent', registryUrl: 'https://registry.example.com', credentialsRef: 'env:REGISTRY_CREDENTIALS' },
  connections: [{ name: 'shop', tables: [orders, reservedNames] }],
  settings: landingSettings.parse(settings),
}));

export function landingOf(name: LandingKind | 'bigquery_append' | 'synapse_copy'): Landing {
  return LANDINGS.find((landing) => landing.name === name)!;
}
