import { z } from 'zod';
import { headerSecret } from '../../src/sdk/header-secret.ts';

export const customerIoSettings = z.strictObject({
  access_token: headerSecret('App API key of the workspace. Track and CDP keys do not work.'),
  region: z.enum(['us', 'eu']).default('us').meta({ description: 'Where the workspace is hosted.' }),
  base_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Base URL of the API, instead of the one of the region; it includes the version: https://host/v1.' }),
  requests_per_second: z.int().min(1).max(10).default(10).meta({
    description:
      'Requests per second, at most. The workspace may send 10 with all its keys together; lower it when other programs use the API.',
  }),
  lookback_days: z.int().min(1).max(180).default(30).meta({
    description: 'Deliveries of this many past days are read again every hour, because opens, clicks and conversions arrive weeks later.',
  }),
  full_reread: z
    .array(z.enum(['messages', 'activities']))
    .default([])
    .meta({ description: 'Tables that are read completely, from the start date on, in every run.' }),
  esp_domains: z
    .array(
      z
        .string()
        .trim()
        .toLowerCase()
        .regex(/^[\p{L}\p{N}]([\p{L}\p{N}_-]*[\p{L}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{N}_-]*[\p{L}\p{N}])?)*$/u, {
          error: 'must be a domain such as mail.example.com',
        }),
    )
    .default([])
    .meta({ description: 'Sending domains whose suppressions are read one by one; empty reads all domains at once.' }),
  redact_webhook_query: z
    .boolean()
    .default(true)
    .meta({ description: "Hide the values in the query string of a reporting webhook's address, because they may be credentials." }),
});

export type CustomerIoSettings = z.infer<typeof customerIoSettings>;
