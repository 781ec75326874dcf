import type { Row } from '../../src/core/types.ts';
import type { Source } from '../../src/sdk/source.ts';
import type { FaultRule } from '../../simulators/kit/faults.ts';
import type { Simulator } from '../../simulators/kit/simulator.ts';

/** What the suite asks of any simulator; `kit/simulator.ts` gives it. */
export type Vendor = Pick<Simulator<unknown>, 'url' | 'clock' | 'faults' | 'requests' | 'close'>;

/** One source, told to the suite. Only what cannot be derived from its definitions. */
export interface Subject<V extends Vendor = Vendor> {
  readonly source: Source;
  /** Every table of the vendor's sheet, so that none is forgotten. */
  readonly sheet: readonly string[];
  /**
   * A small vendor whose clock stands still and whose rate limits are off. Tables should take two pages or more
   * where the vendor's page size allows, two days and two parents where they have such a thing.
   */
  start(): Promise<V>;
  /** Settings of a connection to it; periodic listings should be due after `settleMs`. */
  settings(vendor: V): Readonly<Record<string, unknown>>;
  /** Settings with a key that the vendor refuses, and the setting a user then has to correct. */
  wrongKey(vendor: V): { readonly settings: Readonly<Record<string, unknown>>; readonly setting: string };
  /** The keys in the settings; vendors may repeat them, and they may be seen nowhere. */
  secrets(vendor: V): readonly string[];
  /** Secrets in the vendor's data that the definitions mask. */
  masked?(vendor: V): readonly string[];
  /** Vendor time that passes before each sync, ms: until a change can be read, and a listing of everything is due. */
  readonly settleMs: number;
  /** Seconds before a sync in which `edge` is called; more than the vendor's longest delay. Default 75. */
  readonly edgeSeconds?: number;
  /** Of the vendor's answers; default JSON. */
  readonly contentType?: string;
  /** Body of a refusal in the vendor's words; default a JSON object with the text in it. */
  refusal?(status: number, text: string): string;
  readonly tables: Readonly<Record<string, TableSubject<V>>>;
}

/** A route (`GET /users`, `*` standing for anything), or a route told apart by its query or body. */
export type Listing = string | Pick<FaultRule, 'on' | 'query' | 'requestBody'>;

export interface TableSubject<V extends Vendor = Vendor> {
  /** Rows the table should hold now, as its reader yields them. Rows flagged as deleted are not among them. */
  truth(vendor: V): Iterable<Row>;
  /** Requests that list it, as the simulator's fault rules name them: a route, or what else tells them apart. */
  readonly lists: Listing | readonly Listing[];
  /** Body of an answer (200) that lists nothing; null where the vendor cannot say so. Needed where deletes are noticed. */
  readonly empty?: string | null;
  /** One row more. */
  add?(vendor: V): void;
  /** One row of this table differs afterwards. `add` or `change` is needed. */
  change?(vendor: V): void;
  /** One row less; needed where the definition notices deletes. */
  remove?(vendor: V): void;
  /**
   * Makes or changes a row whose time is the vendor's now. Called once for each of the last seconds before a
   * sync, so that some row lies exactly where reading ends. For incremental tables.
   */
  edge?(vendor: V): void;
  /** Puts a field no definition knows into a row; default at the top. */
  unknown?(row: Row, name: string): Row;
  /** Answers that pass before the first run is stopped; when given, some rows must have been read by then. Default 1. */
  readonly stopAfter?: number;
  /** One line why a stopped run begins again instead of going on. */
  readonly restarts?: string;
}
