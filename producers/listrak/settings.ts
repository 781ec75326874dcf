import { z } from 'zod';
import { parseSpan } from '../../src/core/time.ts';
import { isZone } from '../../src/core/time-zone.ts';

const span = z.string().refine((text) => Number.isFinite(parseSpan(text) ?? Number.NaN), 'is not a length of time such as 12h, 7d or 1w');

export const listrakSettings = z.strictObject({
  username: z.string().min(1).meta({ description: 'API user with the permissions Analytics Access and API Access.' }),
  password: z.string().min(1).meta({ secret: true, description: 'Password of the API user.' }),
  base_url: z
    .url({ protocol: /^https?$/ })
    .default('https://webservices.listrak.com')
    .meta({ description: 'Base URL of the service.' }),
  time_zone: z
    .string()
    .refine(isZone, 'is not a time zone such as UTC or America/Chicago')
    .default('UTC')
    .meta({ description: 'Time zone of the times the vendor writes; it does not document which one.' }),
  include_test_messages: z.boolean().default(true).meta({ description: 'Read test sends, too.' }),
  window_days: z.int().min(1).max(3_660).default(365).meta({ description: 'Longest period of sent messages per request, days.' }),
  concurrency: z.int().min(1).max(4).default(3).meta({ description: 'Calls in flight at once.' }),
  sends_lookback: span.default('7d').meta({ description: 'How long after a message was sent its recipients are read again in each run.' }),
  full_pass_every: span.default('7d').meta({ description: 'How often all reports are read again from the start date.' }),
  max_empty_pages: z
    .int()
    .min(0)
    .max(10)
    .default(0)
    .meta({ description: 'Pages without rows that are skipped before a report counts as ended.' }),
});

export type ListrakSettings = z.infer<typeof listrakSettings>;
