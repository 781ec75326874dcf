import { z } from 'zod';
import { tlsSettings } from '../core/tls.ts';

/**
 * A name in a warehouse. Every statement quotes it for its dialect; characters that no connector supports in a name, or that
 * would break a file or an address, are refused here.
 */
const name = (doc: string) =>
  z
    .string()
    .regex(
      /^[^\s"'`;.,/\\[\]{}()$<>\u0000-\u001f\u007f-\u009f]([^"'`;.,/\\[\]{}()$<>\u0000-\u001f\u007f-\u009f]{0,125}[^\s"'`;.,/\\[\]{}()$<>\u0000-\u001f\u007f-\u009f])?$/,
      {
        error: 'must be a plain name: no quotes, dots, commas, brackets, slashes, semicolons, $, control characters, or spaces at its ends',
      },
    )
    .meta({ description: doc, shown: true });

const text = (doc: string, pattern: RegExp, error: string) => z.string().regex(pattern, { error }).meta({ description: doc, shown: true });

const host = (doc: string) =>
  text(
    doc,
    /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)$/,
    'must be a host name or an IP address alone, without scheme, port or path',
  );
const port = (of: number) => z.int().min(1).max(65_535).default(of).meta({ description: 'Port of the server.' });
const httpUrl = (doc: string) =>
  z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' }).meta({ description: doc, shown: true });
const bucketName = (doc: string) =>
  text(
    doc,
    // Amazon S3: General purpose bucket naming rules.
    /^(?!.*\.\.)(?!\d+(\.\d+){3}$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    "must be a bucket's name: 3 to 63 lower-case letters, digits, hyphens and single dots, and no IP address",
  );
const folder = z
  .string()
  .regex(/^[A-Za-z0-9_=-]([A-Za-z0-9!_.=-]|\/(?!\/|\.\.?(\/|$)|$))*$/, {
    error: 'must be a folder such as tributary or raw/tributary: letters, digits, _ - = . !, without a slash at its ends',
  })
  .meta({
    description: 'Folder in the bucket or container that the files are put into. The files of a topic are in <prefix>/<topic>/.',
    shown: true,
  });

const reference =
  /^(env:[A-Za-z_][A-Za-z0-9_]*|(file|dir):\/[^:{}\s]+:[^:{}\s]+|secrets:[a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9.-]*:[A-Za-z0-9._-]+)$/;

/** Whether a text is a reference to a secret. Where a reference is required, any other text is treated as the secret itself. */
export const isReference = (text: string): boolean => reference.test(text);

/**
 * A reference to a secret that the Connect worker resolves, written without braces: `env:NAME`, `file:/path:key`,
 * `dir:/path:file` or, with Strimzi's provider, `secrets:namespace/name:key`. The secret itself is never part of a
 * connector's configuration, because Connect stores configurations in a topic.
 */
const secretRef = (doc: string) =>
  z
    .string()
    .regex(reference, 'must be a reference for Connect: env:NAME, file:/path:key, dir:/path:file or secrets:namespace/name:key')
    .meta({
      description: `${doc} A reference the Connect worker resolves: env:NAME, file:/path/to.properties:key, dir:/path:file, or, with Strimzi's KubernetesSecretConfigProvider, secrets:namespace/name:key.`,
      shown: true,
      reference: true,
    });

const kubernetesLabel = (doc: string) =>
  text(doc, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens, 63 at most');

const common = {
  connect_url: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
    .optional()
    .meta({ description: "Address of Kafka Connect's REST interface. The local stack fills it in.", shown: true }),
  connect_username: z.string().min(1).optional().meta({ description: "User, where Connect's REST interface asks for one.", shown: true }),
  connect_password: z.string().min(1).optional().meta({ description: 'Password of that user.', secret: true }),
  connect_tls: tlsSettings.optional().meta({
    description: 'For a Connect worker behind a private certificate authority, or one that asks for a client certificate.',
  }),
  connections: z
    .array(z.string().meta({ shown: true }))
    .min(1)
    .optional()
    .meta({ description: 'Connections that are landed. Default: all.' }),
  connectors: z.enum(['per_connection', 'per_table']).default('per_connection').meta({
    description:
      'One connector for all tables of a connection, or one for each table: then a table whose rows are refused stops no other, at the price of a consumer and a task per table.',
    shown: true,
  }),
  tasks: z
    .int()
    .min(1)
    .max(32)
    .default(1)
    .meta({ description: 'Tasks of each connector (tasks.max). More than the partitions of its topics do nothing.' }),
  converter: z.enum(['confluent', 'apicurio']).optional().meta({
    description: "Whose Avro converter the Connect worker has. Default: Apicurio's on the local stack, else Confluent's.",
    shown: true,
  }),
  strimzi: z
    .strictObject({
      cluster: kubernetesLabel('Name of the KafkaConnect resource.'),
      namespace: kubernetesLabel('Namespace it is in. Default: the one kubectl applies to.').optional(),
    })
    .optional()
    .meta({
      description:
        'For a Connect cluster of the Strimzi operator: the connectors are rendered as KafkaConnector resources, with names that Kubernetes accepts, and are applied by kubectl.',
    }),
  registry_url: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
    .optional()
    .meta({ description: 'The schema registry as the Connect worker reaches it, where that differs from registry.url.', shown: true }),
  registry_credentials_ref: secretRef(
    "user:password for the registry, where it asks for one; for Apicurio's converter the password of registry.username.",
  ).optional(),
};

export const postgresLanding = z.strictObject({
  kind: z.literal('postgres').meta({ description: 'PostgreSQL 15 or later: one row per key, updated and deleted in place.' }),
  ...common,
  host: host('Server, as the Connect worker reaches it.'),
  port: port(5432),
  database: name('Database the tables are in. It has to exist.'),
  schema: name('Schema of the tables; setup.sql makes it.').default('tributary'),
  user: name('Role the connector logs in as; setup.sql makes it, and it owns the tables.').default('tributary_sink'),
  password_ref: secretRef('Password of that role.'),
  reader: name('Role that may read the landed tables; setup.sql makes it.').default('tributary_reader'),
  look: z
    .strictObject({
      user: name('A role of yours that is a member of reader.'),
      password: z.string().min(1).meta({ description: 'Its password.', secret: true }),
      host: host('Server as Tributary reaches it. Default: host.').optional(),
      port: z.int().min(1).max(65_535).optional().meta({ description: 'Its port. Default: port.' }),
    })
    .optional()
    .meta({
      description:
        'How Tributary itself looks into the tables for their newest _synced_at, which `landing status`, the page and the metrics then show. Without it they go by what the sink has committed.',
    }),
  sslmode: z
    .enum(['disable', 'require', 'verify-full'])
    .default('verify-full')
    .meta({ description: 'TLS to the server: verify-full checks certificate and name, require encrypts only.', shown: true }),
});

export const redshiftLanding = z.strictObject({
  kind: z.literal('redshift').meta({ description: 'Amazon Redshift: every version appended to a log, the current rows by view.' }),
  ...common,
  host: host("Endpoint of the cluster or work group (a vendor's connector page may call it Host URL), without port and database."),
  port: port(5439),
  database: name('Database the tables are in. It has to exist.'),
  schema: name('Schema of the logs and views; setup.sql makes it.').default('tributary'),
  user: name('User the connector logs in as, and who runs copy.sql and cleanup.sql. Created by hand, see the head of setup.sql.').default(
    'tributary_sink',
  ),
  password_ref: secretRef('Password of that user.'),
  reader: name('Group that may read the views. Created by hand.').default('tributary_readers'),
  copy: z
    .strictObject({
      bucket: bucketName('Bucket of the S3 landing.'),
      prefix: folder.default('tributary'),
      iam_role: text(
        'Role that the cluster assumes to read the bucket: s3:GetObject and s3:ListBucket on the prefix.',
        /^(default|arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+(,arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+)*)$/,
        "must be a role's ARN (arn:aws:iam::<account>:role/<name>, several joined by commas) or default",
      ),
    })
    .optional()
    .meta({
      description: 'Where an S3 landing puts its files and the role that may read them: copy.sql loads them instead of a connector.',
    }),
});

export const s3Landing = z.strictObject({
  kind: z.literal('s3').meta({ description: 'Amazon S3, or a store that speaks it: change files of JSON lines.' }),
  ...common,
  bucket: bucketName('Bucket the files are put into. It has to exist.'),
  region: text(
    'Region of the bucket, also called bucket location, e.g. eu-west-1.',
    /^[a-z0-9-]{2,40}$/,
    'must be a region such as eu-west-1',
  ),
  prefix: folder.default('tributary'),
  access_key_ref: secretRef('Access key id of a user that may write below the prefix.'),
  secret_key_ref: secretRef('Its secret access key.'),
  endpoint: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
    .optional()
    .meta({ description: "Address of a store that speaks S3 but is not Amazon's.", shown: true }),
});

export const bigqueryLanding = z
  .strictObject({
    kind: z.literal('bigquery').meta({ description: 'Google BigQuery: one row per key by merge, or every version appended.' }),
    ...common,
    project: text(
      'Project id. The project needs billing.',
      /^([a-z0-9.-]+\.[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
      'must be a project id: 6 to 30 lower-case letters, digits and hyphens',
    ),
    dataset: text(
      'Data set of the tables and views; setup.sql makes it.',
      /^\w{1,1024}$/,
      "must be a data set's name: letters, digits and underscores",
    ).default('tributary'),
    service_account: z
      .email({ error: 'must be the e-mail address of a service account' })
      .meta({ description: 'E-mail address of the service account the connector acts as.', shown: true }),
    keyfile: text(
      "Path of the account's JSON key file on the Connect workers.",
      /^\/[^\u0000-\u001f{}]+$/,
      'must be an absolute path on the Connect workers; a key itself belongs behind key_ref',
    ).optional(),
    key_ref: secretRef("The account's whole JSON key, instead of keyfile, e.g. dir:/run/secrets:bigquery.json.").optional(),
    mode: z
      .enum(['upsert', 'append'])
      .default('upsert')
      .meta({ description: 'upsert: one row per key, merged every minute. append: every version, the current rows by view.', shown: true }),
  })
  .refine((landing) => (landing.keyfile === undefined) !== (landing.key_ref === undefined), {
    path: ['keyfile'],
    error: 'either keyfile (a path on the workers) or key_ref (a reference to the key itself) is needed, not both',
  });

export const synapseLanding = z
  .strictObject({
    kind: z
      .literal('synapse')
      .meta({ description: 'Azure Synapse, dedicated SQL pool: every version appended to a log, the current rows by view.' }),
    ...common,
    workspace: text(
      'Name of the Synapse workspace.',
      /^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/,
      "must be a workspace's name: up to 50 lower-case letters, digits and hyphens",
    ),
    database: name('Dedicated SQL pool. It has to exist.'),
    schema: name('Schema of the logs and views; setup.sql makes it.').default('tributary'),
    user: name('User the connector logs in as, and who runs copy.sql and cleanup.sql. Created by hand, see the head of setup.sql.').default(
      'tributary_sink',
    ),
    password_ref: secretRef(
      'Password of that login. Needed unless copy is set: then the connector writes files and nobody logs in for it.',
    ).optional(),
    reader: name('Database role that may read. Created by hand.').default('tributary_reader'),
    copy: z
      .strictObject({
        account: text(
          'Name of the storage account.',
          /^[a-z0-9]{3,24}$/,
          'must be a storage account: 3 to 24 lower-case letters and digits',
        ),
        container: text(
          'Container of the files.',
          /^[a-z0-9](-?[a-z0-9]){2,62}$/,
          'must have three to 63 lower-case letters, digits and single hyphens',
        ),
        prefix: folder.default('tributary'),
        connection_string_ref: secretRef(
          'Connection string the connector writes with; it may hold a shared access signature with create and write.',
        ),
        read_by: z.enum(['managed_identity', 'sas']).default('managed_identity').meta({
          description:
            "How COPY INTO proves its right to read the container: the workspace's managed identity, or a shared access signature, given to sqlcmd as the variable TRIBUTARY_SAS.",
          shown: true,
        }),
      })
      .optional()
      .meta({ description: 'Lands files in Blob storage, which copy.sql loads, instead of rows.' }),
  })
  .refine((landing) => landing.copy !== undefined || landing.password_ref !== undefined, {
    path: ['password_ref'],
    error: 'is needed unless copy is set',
  });

const snowflakeName = (doc: string) =>
  text(
    `${doc} Stored in upper case.`,
    /^[A-Za-z_][A-Za-z0-9_$]{0,254}$/,
    'must be a plain Snowflake name: letters, digits, _ and $, not starting with a digit',
  );

export const snowflakeLanding = z.strictObject({
  kind: z.literal('snowflake').meta({ description: 'Snowflake: every version appended to a log, the current rows by view.' }),
  ...common,
  account: text(
    'Account identifier, as in <account>.snowflakecomputing.com.',
    /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/,
    'must be an account identifier such as org-account, without .snowflakecomputing.com',
  ),
  database: snowflakeName('Database of the logs and views; setup.sql makes it.').default('TRIBUTARY'),
  schema: snowflakeName('Schema of the logs and views; setup.sql makes it.').default('LANDING'),
  user: snowflakeName('User the connector logs in as; setup.sql makes it.').default('TRIBUTARY_SINK'),
  role: snowflakeName('Role of that user; setup.sql makes it.').default('TRIBUTARY_SINK'),
  reader: snowflakeName('Role that may read the views; setup.sql makes it.').default('TRIBUTARY_READER'),
  warehouse: snowflakeName('Warehouse for readers and the clean-up; setup.sql makes it.').default('TRIBUTARY_WH'),
  private_key_ref: secretRef('Private key of that user (PKCS#8), without header, footer and line breaks.'),
});

export const icebergLanding = z
  .strictObject({
    kind: z
      .literal('iceberg')
      .meta({ description: 'Apache Iceberg: every version appended to a log that any engine reads, the current rows by view.' }),
    ...common,
    catalog: z
      .enum(['rest', 'glue', 'jdbc'])
      .meta({ description: 'The catalog: an Iceberg REST server, AWS Glue, or tables in a database.', shown: true }),
    uri: z
      .string()
      .regex(
        /^(https?:\/\/[^\s"'\\@?#]+|jdbc:(?!.*[?&;](user|password|pwd)=)[^\s"'\\@]+)$/i,
        'must be an http(s) address without ? and #, or jdbc:..., without user and password',
      )
      .optional()
      .meta({ description: 'Address of the catalog: https://... for rest, jdbc:... for jdbc.', shown: true }),
    warehouse: z
      .string()
      .regex(
        /^(?!.*\/\/[^/@]*:[^/@]*@)[^\s"'\\]+$/,
        'must be a place such as s3://bucket/folder, without user and password, or the name the REST catalog knows it by',
      )
      .meta({
        description: 'Where the tables are kept: s3://bucket/folder, file:///folder, or the name a REST catalog knows it by.',
        shown: true,
      }),
    namespace: text(
      'Namespace (database) of the tables. It has to exist in Glue; the others make it.',
      /^[a-z][a-z0-9_]{0,127}$/,
      'must be lower-case letters, digits and underscores',
    ).default('tributary'),
    credential_ref: secretRef('client id:secret for a REST catalog.').optional(),
    user: name('User of the database of a jdbc catalog.').optional(),
    password_ref: secretRef('Password of that user.').optional(),
    region: text('AWS region of bucket and Glue.', /^[a-z0-9-]{2,40}$/, 'must be a region such as eu-west-1').optional(),
    endpoint: httpUrl("Address of a store that speaks S3 but is not Amazon's.").optional(),
    access_key_ref: secretRef('Access key id, where the worker has no role of its own.').optional(),
    secret_key_ref: secretRef('Secret access key.').optional(),
    commit_seconds: z
      .int()
      .min(1)
      .max(3_600)
      .default(60)
      .meta({ description: 'Seconds between two snapshots: freshness against the number of files.' }),
  })
  .refine((landing) => landing.catalog === 'glue' || landing.uri !== undefined, {
    path: ['uri'],
    error: 'is needed unless the catalog is glue',
  })
  .refine(({ catalog, uri }) => uri === undefined || (catalog !== 'glue' && uri.startsWith('jdbc:') === (catalog === 'jdbc')), {
    path: ['uri'],
    error: 'does not fit the catalog: rest has an http(s) address, jdbc one of jdbc:..., glue none',
  })
  .refine(({ catalog, credential_ref }) => credential_ref === undefined || catalog === 'rest', {
    path: ['credential_ref'],
    error: 'is for a rest catalog only',
  })
  .refine(({ catalog, user, password_ref }) => (user === undefined && password_ref === undefined) || catalog === 'jdbc', {
    path: ['user'],
    error: 'and password_ref are for a jdbc catalog only',
  })
  .refine(({ access_key_ref, secret_key_ref }) => (access_key_ref === undefined) === (secret_key_ref === undefined), {
    path: ['secret_key_ref'],
    error: 'and access_key_ref belong together',
  });

export const landingSettings = z.discriminatedUnion('kind', [
  postgresLanding,
  redshiftLanding,
  s3Landing,
  bigqueryLanding,
  synapseLanding,
  snowflakeLanding,
  icebergLanding,
]);

/** Name of a landing; it becomes part of connectors, dead-letter topics and files. */
export const landingName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, { error: "a landing's name has letters, digits, _ and - only, and 64 at most" });

export type PostgresLanding = z.infer<typeof postgresLanding>;
export type RedshiftLanding = z.infer<typeof redshiftLanding>;
export type S3Landing = z.infer<typeof s3Landing>;
export type BigqueryLanding = z.infer<typeof bigqueryLanding>;
export type SynapseLanding = z.infer<typeof synapseLanding>;
export type SnowflakeLanding = z.infer<typeof snowflakeLanding>;
export type IcebergLanding = z.infer<typeof icebergLanding>;
export type LandingSettings = z.infer<typeof landingSettings>;
export type LandingKind = LandingSettings['kind'];
