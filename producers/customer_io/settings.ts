import { z } from 'zod';

export const customerIoSettings = z.strictObject({
  access_token: z
    .string()
    .trim()
    .min(1)
    .meta({ secret: true, description: 'App API key of the workspace. Track and CDP keys do not work.' }),
  region: z.enum(['us', 'eu']).default('us').meta({ description: 'Where the workspace is hosted.' }),
  base_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: "Address of the API instead of the region's, version included: https://host/v1." }),
  requests_per_second: z.int().min(1).max(10).default(10).meta({
    description: 'Requests to make at most. The workspace has 10 for all its keys together; lower it where other programs use them.',
  }),
  lookback_days: z
    .int()
    .min(1)
    .max(180)
    .default(30)
    .meta({ description: 'Deliveries of so many days are read again every hour: opens, clicks and conversions come weeks later.' }),
  full_reread: z
    .array(z.enum(['messages', 'activities']))
    .default([])
    .meta({ description: 'Tables that are read from the start date on in each run instead.' }),
  esp_domains: z
    .array(z.string().trim().toLowerCase().min(1))
    .default([])
    .meta({ description: 'Sending domains whose suppressions are asked for one by one; empty asks for all at once.' }),
  redact_webhook_query: z
    .boolean()
    .default(true)
    .meta({ description: "Hide the values in the query of a reporting webhook's address; they may be credentials." }),
});

export type CustomerIoSettings = z.infer<typeof customerIoSettings>;
