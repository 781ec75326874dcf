/** Bytes that arrive in pieces of any size, kept in about as much memory as they are long. */
export interface Gathered {
  readonly bytes: number;
  add(piece: Buffer): void;
  /** All of them; afterwards there are none. */
  take(): Buffer;
}

const BLOCK = 64 * 1024;

/**
 * Copies pieces into blocks: a piece kept as it came holds on to the whole buffer it was cut from, and costs a hundred
 * bytes beside, so that an answer sent byte by byte would take a hundred times its length.
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
          block = Buffer.allocUnsafeSlow(Math.max(BLOCK, piece.length - from));
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
      blocks = [];
      used = bytes = 0;
      return all;
    },
  };
}
