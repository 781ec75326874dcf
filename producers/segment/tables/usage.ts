import { monthly } from '../../../src/sdk/readers/monthly.ts';
import type { MonthAsk } from '../../../src/sdk/readers/monthly.ts';
import { instantOf } from '../../../src/core/time.ts';
import type { Reader } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { date, integer, text, timestamp } from '../../../src/sdk/fields.ts';
import type { SegmentApi } from '../api.ts';
import { listing } from '../listing.ts';

const CUMULATIVE =
  "Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before";
const sixHourly = '40 */6 * * *';
const keyReason = 'There is one row per source and day; by the source alone only the last day would stay.';

const source_id = text('Source');
const day = timestamp('Day of the snapshot');
const period = date('First day of the month the row was reported in');
const apiCalls = { api_calls: integer(`API calls. ${CUMULATIVE}`), period };
const users = {
  anonymous: integer(`Users seen without an identity only. ${CUMULATIVE}`),
  anonymous_identified: integer(`Users seen both without and with an identity. ${CUMULATIVE}`),
  identified: integer(`Users seen with an identity. ${CUMULATIVE}`),
  never_identified: integer(`Users never identified. ${CUMULATIVE}`),
  period_start: timestamp('Begin of the usage period').epoch('s'),
  period_end: timestamp('End of the usage period').epoch('s'),
  period,
};

/** The vendor filters by month only. The depth of its history is undocumented (its usage page shows 12 months), so 36 are read. */
const byMonth = (path: string, collection: string): Reader<SegmentApi> =>
  monthly<SegmentApi>({
    call: listing<MonthAsk>(path, collection, {
      query: ({ month }) => ({ period: month }),
      rows: (rows, { month }) => rows.map((row) => ({ ...row, period: month })),
    }),
    by: (row) => instantOf(row.timestamp),
    series: (row) => (typeof row.sourceId === 'string' ? row.sourceId : ''),
    closingDays: 3,
    mostMonths: 36,
  });

export const usageApiCallsPerSourceDaily = table({
  name: 'usage_api_calls_per_source_daily',
  docs: 'Segment Public API: Get Daily Per Source API Calls Usage',
  documentedKey: ['sourceId'],
  key: ['source_id', 'timestamp'],
  keyReason,
  method: 'incremental',
  replicationKey: 'timestamp',
  fields: { source_id, timestamp: day, ...apiCalls },
  read: byMonth('/usage/api-calls/sources/daily', 'dailyPerSourceAPICallsUsage'),
  deletes: 'none',
  schedule: sixHourly,
});

export const usageApiCallsWorkspaceDaily = table({
  name: 'usage_api_calls_workspace_daily',
  docs: 'Segment Public API: Get Daily Workspace API Calls Usage',
  documentedKey: ['timestamp'],
  key: ['timestamp'],
  method: 'incremental',
  replicationKey: 'timestamp',
  fields: { timestamp: day, ...apiCalls },
  read: byMonth('/usage/api-calls/daily', 'dailyWorkspaceAPICallsUsage'),
  deletes: 'none',
  schedule: sixHourly,
});

export const usageMtuPerSourceDaily = table({
  name: 'usage_mtu_per_source_daily',
  docs: 'Segment Public API: Get Daily Per Source MTU Usage',
  documentedKey: ['sourceId'],
  key: ['source_id', 'timestamp'],
  keyReason,
  method: 'incremental',
  replicationKey: 'timestamp',
  fields: { source_id, timestamp: day, ...users },
  read: byMonth('/usage/mtu/sources/daily', 'dailyPerSourceMTUUsage'),
  deletes: 'none',
  schedule: sixHourly,
});

export const usageMtuWorkspaceDaily = table({
  name: 'usage_mtu_workspace_daily',
  docs: 'Segment Public API: Get Daily Workspace MTU Usage',
  documentedKey: ['timestamp'],
  key: ['timestamp'],
  method: 'incremental',
  replicationKey: 'timestamp',
  fields: { timestamp: day, ...users },
  read: byMonth('/usage/mtu/daily', 'dailyWorkspaceMTUUsage'),
  deletes: 'none',
  schedule: sixHourly,
});
