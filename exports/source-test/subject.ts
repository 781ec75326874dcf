import type { Source } from '../../src/sdk/source.ts';
import type { Vendor } from '../../simulators/kit/vendor.ts';

/** What the suite needs to know about one table. */
export interface TableSubject<V> {
  /** The vendor's current rows, in the form of its API. */
  readonly truth: (vendor: V) => Iterable<object>;
  /** Changes one row at the vendor, or adds one. */
  readonly change: (vendor: V) => void;
  /** Deletes one row at the vendor. Absent for a table with `deletes: 'none'`. */
  readonly remove?: (vendor: V) => void;
}

export interface SourceSubject<V extends Vendor> {
  readonly source: Source;
  /** Starts a vendor with two or three pages of rows per table. */
  readonly start: () => Promise<V>;
  /** `connections.<name>.settings` for that vendor. */
  readonly settings: (vendor: V) => Readonly<Record<string, unknown>>;
  /** The same settings with a key the vendor refuses. */
  readonly wrongKey: (vendor: V) => Readonly<Record<string, unknown>>;
  readonly tables: Readonly<Record<string, TableSubject<V>>>;
}
