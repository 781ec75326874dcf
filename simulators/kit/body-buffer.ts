let scratch = Buffer.allocUnsafe(1 << 20);

/**
 * Encodes many pieces of text as UTF-8. Several times cheaper than joining them first, because one wide character would make
 * the whole joined text wide. Not re-entrant: build one body at a time.
 */
export function bodyOf(pieces: Iterable<string>): Buffer {
  let length = 0;
  for (const piece of pieces) {
    const most = length + piece.length * 3;
    if (most > scratch.length) {
      const larger = Buffer.allocUnsafe(most * 2);
      scratch.copy(larger, 0, 0, length);
      scratch = larger;
    }
    length += scratch.write(piece, length);
  }
  return Buffer.from(scratch.subarray(0, length));
}
