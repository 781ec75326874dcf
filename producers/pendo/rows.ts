import type { Row } from '../../src/core/types.ts';
import { mergedRows, presentFields, valuesOf } from '../../src/sdk/merge-rows.ts';

/** The vendor's fields that distinguish the rows of an event table. */
export interface Identity {
  /** Fields that are key columns of their own. */
  readonly identifying: readonly string[];
  /**
   * Stable fields that go into the column `dimension_hash`. Counts and times that grow while a bucket fills are excluded, as is
   * what may be filled in later. The list is fixed, so that a field the vendor adds does not change keys.
   */
  readonly dimensions: readonly string[];
}

/** One row per identity. The vendor divides rows by more fields than the key holds. */
export const summed = (rows: readonly Row[], { identifying, dimensions }: Identity): readonly Row[] =>
  mergedRows(rows, {
    identity: (row) => [valuesOf(row, identifying), presentFields(row, dimensions)],
    sums: ['numEvents', 'numMinutes', 'rageClickCount', 'errorClickCount', 'deadClickCount', 'uTurnCount'],
    smallest: 'firstTime',
    largest: 'lastTime',
  });
