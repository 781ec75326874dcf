import type { LandingSettings } from './settings.ts';

/** Where a landing puts its tables, or their files: two landings of one place write the same. And the setting that tells them apart. */
export function landingPlace(settings: LandingSettings): { readonly place: string; readonly apart: string } {
  switch (settings.kind) {
    case 'postgres':
      return {
        place: joined(settings.kind, settings.host.toLowerCase(), settings.port, settings.database, settings.schema),
        apart: 'schema',
      };
    case 'redshift':
      return {
        place: joined(settings.kind, settings.host, settings.port, settings.database, settings.schema).toLowerCase(),
        apart: 'schema',
      };
    case 'synapse':
      return { place: joined(settings.kind, settings.workspace, settings.database, settings.schema).toLowerCase(), apart: 'schema' };
    case 'snowflake':
      return { place: joined(settings.kind, settings.account, settings.database, settings.schema).toUpperCase(), apart: 'schema' };
    case 'bigquery':
      return { place: joined(settings.kind, settings.project, settings.dataset), apart: 'dataset' };
    case 's3':
      return { place: joined(settings.kind, settings.endpoint ?? '', settings.bucket, settings.prefix), apart: 'prefix' };
    case 'iceberg':
      return {
        place: joined(settings.kind, settings.catalog, settings.uri ?? settings.region ?? '', settings.warehouse, settings.namespace),
        apart: 'namespace',
      };
  }
}

const joined = (...parts: readonly (string | number)[]): string => JSON.stringify(parts);
