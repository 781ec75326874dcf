/** A buffer for bytes that arrive in pieces of any size; it takes about as much memory as their total length. */
export interface Gathered {
  readonly bytes: number;
  add(piece: Buffer): void;
  /** Returns all bytes and empties the buffer. */
  take(): Buffer;
}

const BLOCK = 64 * 1024;

/**
 * Blocks that nobody uses, for whoever gathers next. New ones for each answer are freed only by V8's large collections, which
 * come the more often the more of them there are.
 */
const free: Buffer[] = [];
const MOST_FREE = 32;

/** A block with room for something of a piece of this length. */
const blockFor = (length: number): Buffer => (length <= BLOCK ? free.pop() : undefined) ?? Buffer.allocUnsafeSlow(Math.max(BLOCK, length));

/**
 * Copies pieces into blocks. A piece that is kept as it arrived keeps its whole source buffer in memory and costs about 100
 * bytes more, so an answer sent byte by byte would take a hundred times its length.
 */
export function gather(): Gathered {
  let blocks: Buffer[] = [];
  let used = 0;
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    add(piece) {
      for (let from = 0; from < piece.length;) {
        let block = blocks.at(-1);
        if (block === undefined || used === block.length) {
          block = blockFor(piece.length - from);
          blocks.push(block);
          used = 0;
        }
        const copied = piece.copy(block, used, from);
        used += copied;
        from += copied;
      }
      bytes += piece.length;
    },
    take() {
      const all = Buffer.concat(blocks, bytes);
      for (const block of blocks) if (block.length === BLOCK && free.length < MOST_FREE) free.push(block);
      blocks = [];
      used = bytes = 0;
      return all;
    },
  };
}
