import type { Source } from '../../src/sdk/source.ts';
import type { Vendor } from '../../simulators/kit/vendor.ts';

/** What the suite has to know of one table. */
export interface TableSubject<V> {
  /** The rows the vendor holds now, as its API shows them. */
  readonly truth: (vendor: V) => Iterable<object>;
  /** Changes a row at the vendor, or adds one. */
  readonly change: (vendor: V) => void;
  /** Removes a row at the vendor. Left out where the table notices no deletes. */
  readonly remove?: (vendor: V) => void;
}

export interface SourceSubject<V extends Vendor> {
  readonly source: Source;
  /** Starts a vendor with two or three pages of each table. */
  readonly start: () => Promise<V>;
  /** `connections.<name>.settings` to read that vendor with. */
  readonly settings: (vendor: V) => Readonly<Record<string, unknown>>;
  /** The same with a key the vendor refuses. */
  readonly wrongKey: (vendor: V) => Readonly<Record<string, unknown>>;
  readonly tables: Readonly<Record<string, TableSubject<V>>>;
}
