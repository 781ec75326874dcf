export type Table = 'profiles' | 'events' | 'metrics';

/**
 * Ways in which Klaviyo itself has been seen, or is feared, to misbehave. All of them are off at
 * first except the descending walk over profiles, which never ended in real accounts either.
 */
export interface Quirks {
  /** `greater-than` lets rows exactly at the bound through. */
  rowsAtBound: boolean;
  /** In every page of two rows or more the middle two change places. */
  swapAdjacent: boolean;
  /** The first row of a page is the last of the page before. */
  duplicateAcrossPages: boolean;
  /** So many `next` links lead to the page they stand on. */
  repeatPages: number;
  /** Events refuse a page size above 200, as before 2026-01-15. */
  oldPageSize: boolean;
  /** A walk over this table answers 500 once it has been given so many rows. */
  truncate: { table: Table; afterRows: number } | null;
  /** Listings of these tables are empty, with 200. */
  empty: Table[];
  /** These tables answer 403 in JSON, as for a missing scope. */
  forbidden: Table[];
  /** This share of the profiles, 0 to 1, is missing from listings although each can be read by its id. */
  hiddenProfiles: number;
  /** Every time bound in an event filter counts as lying in the future. */
  refuseTimes: boolean;
  /** Each listing starts with so many rows whose id is null. */
  nullIdRows: number;
  /** `next` leads to this origin instead of the one that was asked. */
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
