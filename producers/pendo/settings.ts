import { z } from 'zod';
import { headerSecret } from '../../src/sdk/header-secret.ts';

/** Types of custom fields, named as in the column `type` of metadata_visitors and metadata_accounts. */
const CUSTOM_TYPES = ['string', 'time', 'boolean', 'integer', 'float', 'list'] as const;
export type CustomType = (typeof CUSTOM_TYPES)[number];

const customFields = z.record(z.string().min(1), z.enum(CUSTOM_TYPES)).default({});

const visitorHistory = z.strictObject({
  enabled: z.boolean().default(false),
  max_visitors: z.int().min(1).max(10_000).default(1_000),
  max_calls: z.int().min(1).default(1_000),
});

export const pendoSettings = z.strictObject({
  integration_key: headerSecret('Integration key, created by an admin under Settings, Integrations, Integration Keys.'),
  region: z
    .enum(['us', 'us1', 'eu', 'jp', 'au'])
    .optional()
    .meta({ description: 'Where the subscription is hosted. Default: eu for a key that ends with .eu, otherwise us.' }),
  base_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Base URL of the API, instead of the one of the region.' }),
  period: z.enum(['day', 'hour']).default('day').meta({
    description: 'Period by which events, feature_events, page_events and track_events are counted. To change it, use another connection.',
  }),
  app_ids: z.array(z.int()).default([]).meta({ description: 'Ids of the apps to read; empty means all.' }),
  include_anonymous_visitors: z.boolean().default(false).meta({
    description: 'Whether the table visitors includes visitors who were never identified. Event tables always include their events.',
  }),
  custom_fields: z
    .strictObject({ accounts: customFields, visitors: customFields })
    .prefault({})
    .meta({ description: 'Custom metadata fields that get a column of their own, with their types; all fields are in metadata_custom.' }),
  key_mode: z
    .enum(['extended', 'seed'])
    .default('extended')
    .meta({ description: 'seed uses the keys of the connector page for event tables, with which rows overwrite one another.' }),
  lookback_days: z.int().min(1).max(180).default(10).meta({ description: 'Days that are read again once a day to find late events.' }),
  record_limit: z.int().min(10).max(1_000_000).default(50_000).meta({ description: 'Rows per request.' }),
  requests_per_second: z
    .int()
    .min(1)
    .default(1)
    .meta({ description: 'Aggregations per second, at most; visitor history may be requested four times as often.' }),
  visitor_history: z
    .union([z.boolean().transform((enabled) => visitorHistory.parse({ enabled })), visitorHistory])
    .prefault(false)
    .meta({
      description:
        'true reads visitor history, one request per visitor and day. An object limits the visitors (latest first) and the requests per run.',
    }),
});

export type PendoSettings = z.infer<typeof pendoSettings>;
