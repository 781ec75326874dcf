import { PRINT_BYTES, type RowPrint } from '../core/known-row.ts';
import type { Row } from '../core/types.ts';
import type { TableRecord } from '../core/table.ts';
import { HASH_BYTES, HASHES_BYTES, type TableCodec } from './codec.ts';
import { Slab } from './slab.ts';

/** A vendor row, ready to be compared with the topic. Each look at its bytes may make a new view of them. */
export interface CompiledRow {
  readonly deadLetter?: undefined;
  readonly keyBody: Buffer;
  readonly keyHash: Buffer;
  readonly body: Buffer;
  /** Bytes of key and body together. */
  readonly size: number;
  readonly rowHash: Buffer;
  /** Hash of the scope columns; zeros for a table without scope. */
  readonly scopeHash: Buffer;
  /** The vendor flags this row as deleted. */
  readonly deleted: boolean;
  /** The shaped row; kept only when the table defines which of two rows is newer. */
  readonly shaped: Row | undefined;
  /** Epoch ms of the replication key, when it is a timestamp and present. */
  readonly replicationValue: number | undefined;
  readonly misfits: number;
  readonly unknown: number;
  /** To be stored with the row; undefined where it has none, or where the row has something that is counted whenever it is read. */
  readonly print?: RowPrint | undefined;
}

const SCOPE_AT = 2 * HASH_BYTES;
const PRINT_AT = HASHES_BYTES;
const ROW_BYTES = PRINT_AT + PRINT_BYTES;
const SLAB_BYTES = 64 * 1024;

/** The hashes of many rows; per process, since rows of all tables pass one after the other. */
const slab = new Slab(SLAB_BYTES);

/**
 * A row whose bytes are made views of when they are looked at. A batch holds thousands of rows while it is written, and the
 * seven views of each would take four times as much of V8's heap as all the rest of it.
 */
export class SlabRow implements CompiledRow {
  readonly deleted: boolean;
  readonly shaped: Row | undefined;
  readonly replicationValue: number | undefined;
  readonly misfits: number;
  readonly unknown: number;
  readonly #hashes: Buffer;
  readonly #at: number;
  readonly #shapedBy: Buffer | undefined;
  readonly #keyIn: ArrayBufferLike;
  readonly #keyAt: number;
  readonly #keyLength: number;
  readonly #bodyIn: ArrayBufferLike;
  readonly #bodyAt: number;
  readonly #bodyLength: number;

  constructor(
    codec: TableCodec,
    { record, keyBody, body, print }: { record: TableRecord; keyBody: Buffer; body: Buffer; print: RowPrint | undefined },
    {
      deleted,
      shaped,
      replicationValue,
      misfits,
      unknown,
    }: Pick<CompiledRow, 'deleted' | 'shaped' | 'replicationValue' | 'misfits' | 'unknown'>,
  ) {
    this.deleted = deleted;
    this.shaped = shaped;
    this.replicationValue = replicationValue;
    this.misfits = misfits;
    this.unknown = unknown;
    const at = slab.take(ROW_BYTES);
    const { bytes } = slab;
    codec.writeHashes(bytes, at, keyBody, body, record);
    if (print !== undefined) bytes.set(print.text, at + PRINT_AT);
    this.#hashes = bytes;
    this.#at = at;
    this.#shapedBy = print?.shapedBy;
    this.#keyIn = keyBody.buffer;
    this.#keyAt = keyBody.byteOffset;
    this.#keyLength = keyBody.length;
    this.#bodyIn = body.buffer;
    this.#bodyAt = body.byteOffset;
    this.#bodyLength = body.length;
  }

  get keyBody(): Buffer {
    return Buffer.from(this.#keyIn, this.#keyAt, this.#keyLength);
  }

  get body(): Buffer {
    return Buffer.from(this.#bodyIn, this.#bodyAt, this.#bodyLength);
  }

  get size(): number {
    return this.#keyLength + this.#bodyLength;
  }

  get keyHash(): Buffer {
    return this.#hashes.subarray(this.#at, this.#at + HASH_BYTES);
  }

  get rowHash(): Buffer {
    return this.#hashes.subarray(this.#at + HASH_BYTES, this.#at + SCOPE_AT);
  }

  get scopeHash(): Buffer {
    return this.#hashes.subarray(this.#at + SCOPE_AT, this.#at + PRINT_AT);
  }

  get print(): RowPrint | undefined {
    const shapedBy = this.#shapedBy;
    return shapedBy && { text: this.#hashes.subarray(this.#at + PRINT_AT, this.#at + ROW_BYTES), shapedBy };
  }
}
