import { z } from 'zod';

const identifier = z.string().regex(/^[a-z_][a-z0-9_]*$/i, 'letters, digits and underscores, not starting with a digit');

/**
 * A secret the Connect worker reads itself, written without the braces: `env:NAME`, `file:/path:key` or
 * `dir:/path:file`. Connect stores configurations in a topic, so a secret never enters one.
 */
const secretRef = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|(file|dir):\/[^:]+:[^:]+)$/, 'a reference for Connect: env:NAME, file:/path:key or dir:/path:file');

const common = {
  /** Connect's REST address. The embedded stack fills it in. */
  connect_url: z.url().optional(),
  /** Which connections are landed; all when absent. */
  connections: z.array(z.string()).min(1).optional(),
  /** Whose Avro converter the Connect worker has. The embedded stack's own is Apicurio's. */
  converter: z.enum(['confluent', 'apicurio']).optional(),
  /** The registry as the Connect worker reaches it, where that differs from registry.url. */
  registry_url: z.url().optional(),
  /** `user:password` for the registry, where it asks for one. */
  registry_credentials_ref: secretRef.optional(),
};

export const postgresLanding = z.strictObject({
  kind: z.literal('postgres'),
  ...common,
  host: z.string(),
  port: z.int().default(5432),
  database: identifier,
  schema: identifier.default('tributary'),
  user: identifier.default('tributary_sink'),
  password_ref: secretRef,
  /** Role that may read the landed tables. */
  reader: identifier.default('tributary_reader'),
  sslmode: z.enum(['disable', 'require', 'verify-full']).default('verify-full'),
});

export const redshiftLanding = z.strictObject({
  kind: z.literal('redshift'),
  ...common,
  host: z.string(),
  port: z.int().default(5439),
  database: identifier,
  schema: identifier.default('tributary'),
  user: identifier.default('tributary_sink'),
  password_ref: secretRef,
  /** Group that may read the views. */
  reader: identifier.default('tributary_readers'),
  /** Where an S3 landing puts its files and the role that may read them, for copy.sql. */
  copy: z.strictObject({ bucket: z.string(), prefix: z.string().default('tributary'), iam_role: z.string() }).optional(),
});

export const s3Landing = z.strictObject({
  kind: z.literal('s3'),
  ...common,
  bucket: z.string(),
  region: z.string(),
  prefix: z.string().default('tributary'),
  access_key_ref: secretRef,
  secret_key_ref: secretRef,
  /** For stores that speak S3 but are not Amazon's. */
  endpoint: z.url().optional(),
});

export const bigqueryLanding = z.strictObject({
  kind: z.literal('bigquery'),
  ...common,
  project: z.string(),
  dataset: identifier.default('tributary'),
  service_account: z.email(),
  /** Path of the key file on the Connect workers. */
  keyfile: z.string(),
  /** `upsert`: one row per key, merged every minute. `append`: every version, the current rows by view. */
  mode: z.enum(['upsert', 'append']).default('upsert'),
});

export const synapseLanding = z
  .strictObject({
    kind: z.literal('synapse'),
    ...common,
    workspace: z.string(),
    database: identifier,
    schema: identifier.default('tributary'),
    user: identifier.default('tributary_sink'),
    /** Needed unless `copy` is set: then the connector writes files and nobody logs in for it. */
    password_ref: secretRef.optional(),
    reader: identifier.default('tributary_reader'),
    /** Lands files in Blob storage, which copy.sql loads, instead of rows. */
    copy: z
      .strictObject({
        account: z.string(),
        container: z.string().regex(/^[a-z0-9](-?[a-z0-9]){2,62}$/, 'three to 63 lower-case letters, digits and single hyphens'),
        prefix: z.string().default('tributary'),
        /** The storage account's connection string. */
        connection_string_ref: secretRef,
      })
      .optional(),
  })
  .refine((landing) => landing.copy !== undefined || landing.password_ref !== undefined, {
    path: ['password_ref'],
    error: 'is needed unless copy is set',
  });

export const snowflakeLanding = z.strictObject({
  kind: z.literal('snowflake'),
  ...common,
  /** Account identifier, as in `<account>.snowflakecomputing.com`. */
  account: z.string(),
  database: identifier.default('TRIBUTARY'),
  schema: identifier.default('LANDING'),
  user: identifier.default('TRIBUTARY_SINK'),
  role: identifier.default('TRIBUTARY_SINK'),
  reader: identifier.default('TRIBUTARY_READER'),
  warehouse: identifier.default('TRIBUTARY_WH'),
  private_key_ref: secretRef,
});

export const landingSettings = z.discriminatedUnion('kind', [
  postgresLanding,
  redshiftLanding,
  s3Landing,
  bigqueryLanding,
  synapseLanding,
  snowflakeLanding,
]);

export type PostgresLanding = z.infer<typeof postgresLanding>;
export type RedshiftLanding = z.infer<typeof redshiftLanding>;
export type S3Landing = z.infer<typeof s3Landing>;
export type BigqueryLanding = z.infer<typeof bigqueryLanding>;
export type SynapseLanding = z.infer<typeof synapseLanding>;
export type SnowflakeLanding = z.infer<typeof snowflakeLanding>;
export type LandingSettings = z.infer<typeof landingSettings>;
export type LandingKind = LandingSettings['kind'];
