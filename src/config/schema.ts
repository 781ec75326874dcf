import { z } from 'zod';
import { isCron, isTimezone } from '../core/cron.ts';
import { tlsSettings } from '../core/tls.ts';
import { headerSecret } from '../sdk/header-secret.ts';
import { templateFault, type TemplateScope } from '../kafka/meta/topic-template.ts';
import { COMPRESSIONS } from '../kafka/types.ts';
import { landingName, landingSettings } from '../landing/settings.ts';
import { NOTICES } from '../core/run.ts';
import { historyRanges, parseStartDate } from './dates.ts';

/**
 * The shape of `tributary.yaml`, without `connections.<name>.settings`, which each source defines itself.
 * Meta `secret`: never shown anywhere. Meta `shown`: may be shown although it came from `${...}`.
 */
const shown = (doc: string) => z.string().min(1).meta({ description: doc, shown: true });
const secret = (doc: string) => z.string().min(1).meta({ description: doc, secret: true });
const cron = z
  .string()
  .refine((text) => text.trim().split(/\s+/).length === 5 && isCron(text), {
    error: 'is not a cron expression of five fields (minute hour day-of-month month day-of-week, e.g. "0 * * * *"; there are no seconds)',
  })
  .meta({ shown: true, description: 'Cron expression: minute hour day-of-month month day-of-week.' });

const schedule = z
  .union([
    cron,
    z.strictObject({
      default: cron.optional(),
      tables: z.record(z.string(), cron).default({}),
    }),
  ])
  .meta({ description: 'When the tables are read. Default: the schedule of each table in its source, otherwise hourly.' });

const columnList = z.array(shown('Column, or column.name for a value inside JSON.')).min(1);

const partitions = z.number().int().min(1).max(1_000);

const topicTemplate = (scope: TemplateScope, doc: string) =>
  z
    .string()
    .superRefine((text, context) => {
      const message = templateFault(text, scope);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .meta({ description: doc, shown: true });

const history = z.enum(historyRanges).meta({ description: 'How far back the first read goes. Default: all.' });
const startDate = z
  .string()
  .refine((text) => parseStartDate(text) !== undefined, {
    error: 'is not a date; write MM/DD/YYYY or YYYY-MM-DD',
  })
  .meta({ shown: true, description: 'First day to read, MM/DD/YYYY or ISO; instead of history.' });

export const connectionSchema = z.strictObject({
  source: shown("The source of this connection. Default: the connection's own name.").optional(),
  settings: z.record(z.string(), z.unknown()).default({}),
  tables: z
    .union([
      z.array(shown('Table name.')).min(1).meta({ description: 'Only these tables.' }),
      z
        .record(
          z.string(),
          z.strictObject({
            history: history.optional(),
            start_date: startDate.optional(),
            schedule: cron.optional(),
            partitions: partitions.optional().meta({ description: "Partitions of the table's topic, fixed once it exists." }),
          }),
        )
        .meta({ description: 'Settings of single tables, which override those of the connection. All tables are read.' }),
    ])
    .optional(),
  exclude: z.array(shown('Table name.')).optional().meta({ description: 'All tables except these.' }),
  partitions: z
    .record(z.string(), partitions)
    .optional()
    .meta({ description: "Partitions of a table's topic, by table. They are fixed once the topic exists." }),
  topics: z
    .strictObject({
      name: topicTemplate(
        'connection',
        "Name of the topics of this connection's tables, instead of topics.name; {connection} may be omitted.",
      ),
    })
    .optional(),
  columns: z
    .record(
      z.string(),
      z.strictObject({
        drop: columnList.optional().meta({ description: 'These columns are not published.' }),
        hash: columnList.optional().meta({
          description: 'These values are replaced by their HMAC-SHA256 with hash_secret, so that tables can still be joined on them.',
        }),
        mask: columnList
          .optional()
          .meta({ description: 'These values are hidden; of texts longer than 12 characters the last four are shown.' }),
      }),
    )
    .optional()
    .meta({
      description: 'Columns, by table, whose values are hidden; a value inside JSON is written column.name.name or _extra.name.',
    }),
  schedule: schedule.optional(),
  history: history.optional(),
  start_date: startDate.optional(),
});

const broker = z
  .string()
  .refine((text) => brokerPort(text) !== undefined, { error: 'must be host:port, such as broker-1:9092, without http:// or a path' })
  .meta({ description: 'host:port', shown: true });

function brokerPort(text: string): number | undefined {
  const found = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(text);
  const port = Number(found?.[1] ?? 0);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

const httpUrl = (doc: string) =>
  z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' }).meta({ description: doc, shown: true });

const kafkaSchema = z.strictObject({
  brokers: z
    .union([
      z
        .string()
        .min(1)
        .transform((text) =>
          text
            .split(',')
            .map((part) => part.trim())
            .filter(Boolean),
        )
        .pipe(z.array(broker).min(1)),
      z.array(broker).min(1),
    ])
    .meta({ shown: true, description: 'Brokers as host:port, a list or comma-separated.' }),
  tls: z.union([z.boolean(), tlsSettings.extend({ reject_unauthorized: z.boolean().optional() })]).optional(),
  sasl: z
    .discriminatedUnion('mechanism', [
      z.strictObject({
        mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
        username: shown('User name.'),
        password: secret('Password.'),
      }),
      z.strictObject({
        mechanism: z.literal('oauthbearer'),
        token_url: httpUrl('Endpoint that issues tokens for client credentials.'),
        client_id: shown('Client id.'),
        client_secret: secret('Client secret.'),
        client_auth: z.enum(['basic', 'body']).default('basic').meta({ description: 'How id and secret are sent to the endpoint.' }),
        scope: shown('Scope to request.').optional(),
        audience: shown('Audience to request.').optional(),
        extensions: z
          .record(
            z.string().regex(/^(?!auth$)[A-Za-z]+$/, {
              error: 'is not a name of a SASL extension; they have letters only, and auth is the token itself',
            }),
            shown('Value.'),
          )
          .optional()
          .meta({ description: "SASL extensions, e.g. Confluent Cloud's logicalCluster and identityPoolId." }),
      }),
      z.strictObject({
        mechanism: z.literal('aws-iam'),
        region: z
          .string()
          .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: 'is not an AWS region such as eu-west-1' })
          .meta({ shown: true, description: 'Region of the cluster.' }),
        role: z
          .string()
          .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/, { error: 'must be the ARN of a role: arn:aws:iam::123456789012:role/name' })
          .optional()
          .meta({ shown: true, description: 'Role to assume; without it the credentials of this machine are used.' }),
      }),
    ])
    .optional()
    .meta({ description: 'How to log in.' }),
  replication_factor: z.number().int().min(1).max(10).default(3),
  partitions: partitions.optional().meta({
    description: 'Partitions of new topics, unless the connection sets them. Default: one, three for tables of events.',
  }),
  max_workers: partitions.optional().meta({
    description:
      'Most processes that can share the connections: the partition count of the topics _control and _state, so it is fixed by the first start. Default: 12.',
  }),
  compression: z.enum(COMPRESSIONS).default('gzip').meta({ description: 'Compression of the messages we write.' }),
  topic_config: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
    .default({})
    .meta({ description: 'Additional settings for new topics.' }),
});

const registrySchema = z.strictObject({
  url: httpUrl('Confluent-compatible schema registry.'),
  username: shown('User name.').optional(),
  password: secret('Password.').optional(),
  token: headerSecret('Bearer token, instead of user and password.').optional(),
  tls: tlsSettings
    .optional()
    .meta({ description: 'For a registry with a private certificate authority, or one that requires a client certificate.' }),
});

export const settingsSchema = z.strictObject({
  prefix: z
    .string()
    .regex(/^[a-z0-9_]+(\.[a-z0-9_]+)*$/, {
      error: 'may hold lower-case letters, digits, underscores and single dots only (every topic name begins with it)',
    })
    .default('tributary')
    .meta({ shown: true, description: 'First part of every topic name.' }),
  topics: z
    .strictObject({
      name: topicTemplate('all', 'Name of the table topics: {prefix}, {connection} and {table}, each once, with any text between them.'),
    })
    .optional()
    .meta({ description: 'Names of the table topics, fixed once the tables were read. Default: {prefix}.{connection}.{table}.' }),
  data_dir: shown('Folder for all local data; it can be rebuilt from the topics.').default('.tributary'),
  timezone: z
    .string()
    .refine(isTimezone, { error: 'is not a time zone; write an IANA name such as America/New_York, or UTC' })
    .default('UTC')
    .meta({ shown: true, description: 'Time zone of the schedules, IANA name.' }),
  sources: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/, { error: "a source's name has lower-case letters, digits and underscores only" }),
      shown('Path of its module, relative to this file.'),
    )
    .default({})
    .meta({ description: 'Your own sources: name and module. See docs/sources.md.' }),
  hash_secret: z.string().min(16, { error: 'must have at least 16 characters' }).optional().meta({
    secret: true,
    description: 'Secret for the hashes of columns. With another secret the hashes change, so that tables no longer join with older rows.',
  }),
  connections: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/, { error: "a connection's name has lower-case letters, digits and underscores only" }),
      connectionSchema,
    )
    .meta({ description: 'One entry per account that is read.' }),
  kafka: kafkaSchema.optional().meta({ description: 'Your Kafka. Without it an embedded one is started.' }),
  registry: registrySchema.optional().meta({ description: 'Your schema registry; needed with kafka.' }),
  landings: z
    .record(landingName, z.union([z.literal('embedded'), landingSettings]))
    .default({})
    .meta({ description: "Where Kafka Connect lands the topics; `postgres: embedded` is the local stack's own PostgreSQL." }),
  notify: z
    .strictObject({
      url: z
        .string()
        .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
          error: 'must be an http:// or https:// address',
        })
        .refine((text) => !URL.canParse(text) || new URL(text).username + new URL(text).password === '', {
          error: 'holds a user name or password, which cannot be sent; use an address that is secret by its path or query',
        })
        .meta({
          secret: true,
          address: true,
          description: 'Webhook that receives the messages. Anybody who knows its address can post there.',
        }),
      form: z.enum(['json', 'slack']).default('json').meta({ description: 'Format of the messages: our JSON, or that of Slack.' }),
      events: z
        .array(z.enum(NOTICES))
        .min(1)
        .default([...NOTICES])
        .meta({ description: 'Which messages it receives. Default: all.' }),
    })
    .optional()
    .meta({ description: 'Messages by `tributary run` about tables that need attention.' }),
  metrics: z
    .strictObject({
      port: z.number().int().min(0).max(65_535).default(9464),
      host: z
        .string()
        .regex(/^(\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?|[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)$/, {
          error: 'must be an address only, without scheme or port (that is metrics.port)',
        })
        .meta({ description: 'Address to listen on.', shown: true })
        .default('127.0.0.1'),
    })
    .prefault({})
    .meta({ description: 'Address and port of the data-sync page, /metrics, /healthz, /readyz and /status.' }),
  web: z
    .strictObject({
      enabled: z.boolean().default(true).meta({ description: 'Whether the data-sync page is served beside the metrics.' }),
      token: z
        .string()
        .min(16, { error: 'must have at least 16 characters' })
        .meta({
          secret: true,
          description: 'Password of the page. Required on any address but loopback, unless a proxy authenticates the users.',
        })
        .optional(),
      trusted_proxy: z
        .strictObject({
          addresses: z
            .array(z.union([z.ipv4(), z.ipv6()]))
            .min(1)
            .meta({ shown: true, description: 'Addresses of the proxy that authenticates the users.' }),
          user_header: z
            .string()
            .regex(/^[A-Za-z0-9-]+$/, { error: 'is not a header name' })
            .default('x-forwarded-user')
            .meta({ shown: true, description: 'Header in which the proxy sends the user name.' }),
        })
        .optional(),
      allowed_hosts: z.array(shown('Host name.')).default([]).meta({
        description:
          'Host names under which page, metrics and probes may be requested, in addition to localhost, addresses, metrics.host and names that exist only in a private network (one word, *.svc, *.cluster.local, *.internal).',
      }),
      read_only: z.boolean().default(false).meta({ description: 'Show everything, refuse every command.' }),
    })
    .prefault({})
    .meta({ description: 'The data-sync page.' }),
});

export type RawSettings = z.output<typeof settingsSchema>;
export type RawConnection = z.output<typeof connectionSchema>;
