import type { Row } from './types.ts';

/**
 * Hashes of all that makes a row what it is: equal prints make equal records. The text alone is not enough, since other
 * objects of the answer, the settings and the program shape a row too.
 */
export interface RowPrint {
  /** Of the row's text in the vendor's answer. */
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

/** Undefined for rows whose reader does not know their text. */
export function printOf(row: Row): RowPrint | undefined {
  return (row as { readonly [PRINT]?: RowPrint })[PRINT];
}

/**
 * A row that has not been parsed, because the topic held it with the same print when it was read. Who handles it has to ask
 * the live index again, and parses it when that has changed.
 */
export class KnownRow {
  readonly #parse: () => Row;
  readonly #about: KnownAs;

  constructor(about: KnownAs, parse: () => Row) {
    this.#about = about;
    this.#parse = parse;
  }

  /** The row as its reader would have returned it. */
  parsed(): Row {
    return this.#parse();
  }

  get about(): KnownAs {
    return this.#about;
  }
}

export interface KnownAs {
  readonly keyHash: Buffer;
  readonly print: RowPrint;
  /** State of the live index when it was asked, see `LiveIndex.state`. */
  readonly state: object;
}

/** Only a table's reader makes known rows, and only the engine's batches receive them; for all others a row is a row. */
export const asRow = (known: KnownRow): Row => known as unknown as Row;
export const knownRow = (row: Row): KnownRow | undefined =>
  (row as unknown) instanceof KnownRow ? (row as unknown as KnownRow) : undefined;

/** What a reader asks about rows of its own table. */
export interface KnownRows {
  /** Whether to look for the next row at all; false for most rows while many in a row were not found. */
  looks(): boolean;
  /** Hash of everything beside its text that shapes a row: `beside`, and the program, the settings and the definition. */
  shapedBy(beside: string): Buffer;
  print(text: string, shapedBy: Buffer): RowPrint;
  /**
   * The row, unparsed, if the topic holds it with this print under this key; otherwise undefined. A key that is only guessed
   * from the text does no harm: the print was stored under the key that the parsed row has.
   */
  find(key: Row, print: RowPrint, parse: () => Row): KnownRow | undefined;
}
