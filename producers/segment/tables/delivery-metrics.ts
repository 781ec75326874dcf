import { checkedRows } from '../../../src/core/checked-rows.ts';
import { unusable } from '../../../src/sdk/answers.ts';
import { canonicalJson } from '../../../src/core/json/canonical.ts';
import { asObject, printed } from '../../../src/sdk/readers/resume.ts';
import { DAY, HOUR, isoSeconds, MINUTE } from '../../../src/core/time.ts';
import type { Row } from '../../../src/core/types.ts';
import { END } from '../../../src/sdk/readers/paginate.ts';
import type { FetchPage } from '../../../src/sdk/readers/paginate.ts';
import { table } from '../../../src/sdk/define.ts';
import { json, text, timestamp } from '../../../src/sdk/fields.ts';
import type { SegmentApi } from '../api.ts';
import { about, readData } from '../listing.ts';
import { ofEach } from '../scans.ts';

const STEP = { MINUTE, HOUR, DAY } as const;

/** One object per destination and source. The whole window is sent, because the vendor's defaults exceed its own limits. */
const summary =
  ({ id, sourceId }: Row): FetchPage<SegmentApi> =>
  async (api, _ask, signal) => {
    const { granularity, window_hours: hours } = api.deliveryMetrics;
    const end = Math.floor(api.now() / STEP[granularity]) * STEP[granularity];
    const window = { windowStart: isoSeconds(end - hours * HOUR), windowEnd: isoSeconds(end), granularity };
    const path = '/destinations/{destinationId}/delivery-metrics';
    const query = { sourceId: printed(sourceId), startTime: window.windowStart, endTime: window.windowEnd, granularity };
    const { deliveryMetricsSummary: answered } = await readData(api, path, { params: { destinationId: String(id) } }, query, signal);
    if (answered === null) return { rows: [], next: END };
    const found = asObject(answered);
    if (found === undefined) throw unusable(about(path), 'holds no summary');
    return { rows: checkedRows([{ ...found, sourceId: sourceId ?? null, destinationId: id ?? null, ...window }]), next: END };
  };

export const destinationDeliveryMetricsSummary = table({
  name: 'destination_delivery_metrics_summary',
  docs: 'Segment Public API: Get Delivery Metrics Summary from Destination',
  documentedKey: ['sourceId', 'destinationId'],
  key: ['source_id', 'destination_id'],
  method: 'full_table',
  fields: {
    source_id: text('Source of the pair'),
    destination_id: text('Destination (instance) of the pair (from the request)'),
    destination_metadata_id: text('Catalog id of the destination; several instances share it'),
    metrics: json('Counts over the window: metricName, total, breakdown'),
    window_start: timestamp('Begin of the counted window'),
    window_end: timestamp('End of the counted window'),
    granularity: text('Granularity asked for: MINUTE, HOUR or DAY'),
  },
  ...ofEach('destination_delivery_metrics_summary', 'destinations', summary, {
    key: ({ id, sourceId }) => canonicalJson([id, sourceId]),
    scope: ({ id, sourceId }) => ({ source_id: sourceId ?? null, destination_id: id ?? null }),
    unreadOn: [403, 404],
  }),
  deletes: 'scan',
  scope: ['source_id', 'destination_id'],
});
