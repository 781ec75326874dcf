import { below } from '../kit/random.ts';
import type { VendorRow, Workspace } from './workspace.ts';
import { DAY, HOUR } from '../kit/durations.ts';

export type Granularity = 'MINUTE' | 'HOUR' | 'DAY';

/** Longest window, earliest start, and the default start. The default of DAY exceeds its own limit, as documented. */
export const WINDOWS: Record<Granularity, { range: number; age: number; back: number }> = {
  MINUTE: { range: 4 * HOUR, age: 48 * HOUR, back: HOUR },
  HOUR: { range: 7 * DAY, age: 7 * DAY, back: 7 * DAY },
  DAY: { range: 14 * DAY, age: 14 * DAY, back: 30 * DAY },
};

/** Totals of one destination and source between two instants (epoch ms). */
export function deliverySummary(workspace: Workspace, destination: VendorRow, start: number, end: number): VendorRow {
  const salt = below(
    1_000_000,
    workspace.seed,
    [...`${String(destination['id'])}${String(destination['sourceId'])}`].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) | 0, 7),
    500,
  );
  let first = 0;
  let retried = 0;
  for (let hour = Math.floor(start / HOUR); hour < Math.ceil(end / HOUR); hour++) {
    first += below(200, workspace.seed, hour, salt);
    retried += below(5, workspace.seed, hour, salt + 1);
  }
  const metrics: VendorRow[] = workspace.deviceMode.has(destination['id'] as string)
    ? []
    : [
        { metricName: 'successes', total: first + retried, breakdown: [{ metricName: 'successes_first_attempt', value: first }] },
        { metricName: 'retried', total: retried },
        { metricName: 'discarded', total: below(20, workspace.seed, salt, 3) },
      ];
  return {
    sourceId: destination['sourceId'] as string,
    destinationMetadataId: (destination['metadata'] as VendorRow)['id'] as string,
    metrics,
  };
}
