export type Table = 'profiles' | 'events' | 'metrics';

/**
 * Faults that Klaviyo has shown or might show. All of them are off by default except the descending listing of profiles, which
 * never ended in real accounts either.
 */
export interface Quirks {
  /** `greater-than` also returns rows equal to the bound. */
  rowsAtBound: boolean;
  /** In every page of two or more rows the middle two are swapped. */
  swapAdjacent: boolean;
  /** The first row of a page is the last one of the page before. */
  duplicateAcrossPages: boolean;
  /** This many `next` links lead to their own page. */
  repeatPages: number;
  /** Events refuse a page size above 200, as before 2026-01-15. */
  oldPageSize: boolean;
  /** A listing of this table answers 500 after this many rows. */
  truncate: { table: Table; afterRows: number } | null;
  /** Listings of these tables are empty, with status 200. */
  empty: Table[];
  /** These tables answer 403 in JSON, as for a missing scope. */
  forbidden: Table[];
  /** Share of profiles, 0 to 1, that are missing from listings although each can be read by its id. */
  hiddenProfiles: number;
  /** Every time in an event filter counts as lying in the future. */
  refuseTimes: boolean;
  /** Each listing starts with this many rows whose id is null. */
  nullIdRows: number;
  /** `next` leads to this origin instead of the requested one. */
  nextOrigin: string | null;
  descendingHangs: boolean;
}

export function noQuirks(): Quirks {
  return {
    rowsAtBound: false,
    swapAdjacent: false,
    duplicateAcrossPages: false,
    repeatPages: 0,
    oldPageSize: false,
    truncate: null,
    empty: [],
    forbidden: [],
    hiddenProfiles: 0,
    refuseTimes: false,
    nullIdRows: 0,
    nextOrigin: null,
    descendingHangs: true,
  };
}
