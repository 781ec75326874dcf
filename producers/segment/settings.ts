import { z } from 'zod';
import { headerSecret } from '../../src/sdk/header-secret.ts';

/** Longest window per granularity, hours: the vendor's limits, less what rounding its end down can add. */
const LONGEST_WINDOW = { MINUTE: 4, HOUR: 167, DAY: 312 } as const;

export const segmentSettings = z.strictObject({
  api_token: headerSecret('Public API token of the workspace. A Workspace Owner creates it.'),
  region: z.enum(['us', 'eu']).default('us').meta({ description: 'Where the workspace is hosted.' }),
  base_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Base URL of the API, instead of the one of the region.' }),
  secrets: z
    .enum(['mask', 'include', 'omit'])
    .default('mask')
    .meta({ description: 'Secrets in write keys and connection settings: mask them, include them, or leave the columns empty.' }),
  embed_metadata: z
    .enum(['full', 'ref'])
    .default('full')
    .meta({ description: 'Whether each source, destination and warehouse repeats its whole catalog entry or only id, name and slug.' }),
  page_size: z.int().min(1).max(1_000).default(200).meta({ description: 'Rows per page.' }),
  requests_per_minute: z.int().min(1).default(150).meta({ description: 'Requests per minute, at most; the vendor publishes no limit.' }),
  delivery_metrics: z
    .strictObject({
      granularity: z.enum(['MINUTE', 'HOUR', 'DAY']).default('HOUR'),
      window_hours: z.int().min(1).default(24),
    })
    .refine(({ granularity, window_hours: hours }) => hours <= LONGEST_WINDOW[granularity], {
      path: ['window_hours'],
      error: 'is longer than the vendor allows: 4 for MINUTE, 167 for HOUR, 312 for DAY',
    })
    .prefault({})
    .meta({ description: 'Window over which deliveries are counted; it ends with the last full hour (minute, day).' }),
});

export type SegmentSettings = z.infer<typeof segmentSettings>;
