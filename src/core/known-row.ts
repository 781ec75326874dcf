import type { Row } from './types.ts';

/**
 * Hashes of all that makes a row what it is: equal prints make equal records. The text alone is not enough, since other
 * objects of the answer, the settings and the program shape a row too.
 */
export interface RowPrint {
  /** Of the row's bytes in the vendor's answer. */
  readonly text: Buffer;
  /** Of everything else that shapes the row. */
  readonly shapedBy: Buffer;
}

/** Bytes of each hash of a {@link RowPrint}. */
export const PRINT_BYTES = 16;

const PRINT = Symbol('print of a row');

/** The row with its print, which stays with it when a reader spreads it into another object. */
export function withPrint<R extends Row>(row: R, print: RowPrint): R {
  (row as { [PRINT]?: RowPrint })[PRINT] = print;
  return row;
}

/** Undefined for rows whose reader does not know their bytes. */
export function printOf(row: Row): RowPrint | undefined {
  return (row as { readonly [PRINT]?: RowPrint })[PRINT];
}

/**
 * A row that has not been parsed. Where the topic held it with the same print when it was read, nobody may ever have to: who
 * handles it asks the live index again, and parses it when that has changed. Any other one is parsed when it is handled: the
 * parsed rows of a page all at once would outlive the collector's young generation, which takes it several times as long.
 */
export class UnparsedRow<From = unknown> {
  readonly #from: From;
  readonly #parse: (from: From) => Row;
  readonly #known: KnownAs | undefined;

  /** @param parse shared by all rows of an answer: a closure for each would be the most that a waiting row takes. */
  constructor(from: From, parse: (from: From) => Row, known?: KnownAs) {
    this.#from = from;
    this.#parse = parse;
    this.#known = known;
  }

  /** The row as its reader would have returned it, parsed anew at each call. */
  parsed(): Row {
    return this.#parse(this.#from);
  }

  /** Undefined when the topic was not found to hold it. */
  get known(): KnownAs | undefined {
    return this.#known;
  }
}

export interface KnownAs {
  readonly keyHash: Buffer;
  readonly print: RowPrint;
  /** State of the live index when it was asked, see `LiveIndex.state`. */
  readonly state: object;
}

/** Only a table's reader makes unparsed rows, and only the engine's batches receive them; for all others a row is a row. */
export const asRow = <From>(unparsed: UnparsedRow<From>): Row => unparsed as unknown as Row;
export const unparsedRow = (row: Row): UnparsedRow | undefined =>
  (row as unknown) instanceof UnparsedRow ? (row as unknown as UnparsedRow) : undefined;
/** The row itself where it is parsed already. */
export const parsedRow = (row: Row): Row => unparsedRow(row)?.parsed() ?? row;

/** What a reader asks about rows of its own table. */
export interface KnownRows {
  /** Whether to look for the next row at all; false for most rows while many in a row were not found. */
  looks(): boolean;
  /** Hash of everything beside its bytes that shapes a row: `beside`, and the program, the settings and the definition. */
  shapedBy(beside: string): Buffer;
  /** `bytes`: of the row in the answer. */
  print(bytes: Buffer, shapedBy: Buffer): RowPrint;
  /**
   * The row, unparsed, if the topic holds it with this print under this key; otherwise undefined. A key that is only guessed
   * from the bytes does no harm: the print was stored under the key that the parsed row has.
   */
  find<From>(key: Row, print: RowPrint, from: From, parse: (from: From) => Row): UnparsedRow<From> | undefined;
}
