import { z } from 'zod';
import { parseSpan } from '../../src/core/time.ts';
import { headerSecret } from '../../src/sdk/header-secret.ts';
import { sftpSettings } from '../../src/sdk/imports.ts';

const span = z.string().refine((text) => Number.isFinite(parseSpan(text) ?? Number.NaN), 'is not a length of time such as 12h, 7d or 1w');

export const klaviyoSettings = z.strictObject({
  api_key: headerSecret('Private API key with the scopes profiles:read, events:read and metrics:read.'),
  base_url: z
    .url({ protocol: /^https?$/ })
    .default('https://a.klaviyo.com')
    .meta({ description: 'Base URL of the API.' }),
  revision: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(\.[a-z0-9]+)?$/, 'is not an API revision such as 2026-07-15')
    .default('2026-07-15')
    .meta({ description: 'API revision the requests are written for.' }),
  predictive_analytics: z
    .boolean()
    .default(false)
    .meta({ description: 'Read predictive analytics of profiles. The rate limit is then five times lower.' }),
  attributions: z.boolean().default(false).meta({ description: 'Read what each event is attributed to.' }),
  excluded_integrations: z
    .array(z.string().min(1))
    .default([])
    .meta({ description: 'Integrations, by id, key or name, whose events are not read.' }),
  events: z.array(z.string().min(1)).default([]).meta({ description: 'Metrics, by id or name, whose events are read; empty means all.' }),
  sweep_every: span.default('7d').meta({ description: 'How often all profile ids are listed to notice deleted and merged profiles.' }),
  sftp: sftpSettings('sftp.klaviyo.com').optional().meta({ description: 'Where files are uploaded by `tributary import`.' }),
});

export type KlaviyoSettings = z.infer<typeof klaviyoSettings>;
