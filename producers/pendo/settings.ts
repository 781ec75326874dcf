import { z } from 'zod';
import { CUSTOM_TYPES } from './custom-fields.ts';

const customFields = z.record(z.string().min(1), z.enum(CUSTOM_TYPES)).default({});

const visitorHistory = z.strictObject({
  enabled: z.boolean().default(false),
  max_visitors: z.int().min(1).max(10_000).default(1_000),
  max_calls: z.int().min(1).default(1_000),
});

export const pendoSettings = z.strictObject({
  integration_key: z
    .string()
    .min(1)
    .meta({ secret: true, description: 'Integration key, from Settings, Integrations, Integration Keys. An admin makes it.' }),
  region: z
    .enum(['us', 'us1', 'eu', 'jp', 'au'])
    .optional()
    .meta({ description: 'Where the subscription is hosted; without it eu for a key that ends with .eu, else us.' }),
  base_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: "Address of the API instead of the region's." }),
  period: z.enum(['day', 'hour']).default('day').meta({
    description: 'What events, feature_events, page_events and track_events are counted by. Another period needs another connection.',
  }),
  app_ids: z.array(z.int()).default([]).meta({ description: 'Apps, by id, to read; empty means all.' }),
  include_anonymous_visitors: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether visitors who were never identified are rows of visitors. Events always hold theirs.' }),
  custom_fields: z
    .strictObject({ accounts: customFields, visitors: customFields })
    .prefault({})
    .meta({ description: 'Custom metadata fields that are columns of their own, with their types; all others are in metadata_custom.' }),
  key_mode: z
    .enum(['extended', 'seed'])
    .default('extended')
    .meta({ description: 'seed keys event tables as the connector page says, which overwrites rows.' }),
  lookback_days: z.int().min(1).max(180).default(10).meta({ description: 'How far back late events are looked for once a day.' }),
  record_limit: z.int().min(10).max(1_000_000).default(50_000).meta({ description: 'Rows asked for per request.' }),
  requests_per_second: z
    .int()
    .min(1)
    .default(1)
    .meta({ description: 'Aggregations to ask for at most; visitor history may be asked for four times as often.' }),
  visitor_history: z
    .union([z.boolean().transform((enabled) => visitorHistory.parse({ enabled })), visitorHistory])
    .prefault(false)
    .meta({
      description:
        'true reads it; it takes one request per visitor and day. Or for how many visitors (latest first), and requests per run.',
    }),
});

export type PendoSettings = z.infer<typeof pendoSettings>;
