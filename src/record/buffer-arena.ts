import type { Type } from 'avsc';

const SLAB_BYTES = 256 * 1024;

/**
 * Encodes many small records into a few large buffers. A batch keeps tens of thousands of keys and bodies for a second, and a
 * separate buffer for each costs more memory and garbage collection than its contents.
 */
export function createBufferArena(): (type: Type, value: unknown) => Buffer {
  let arena = Buffer.allocUnsafeSlow(SLAB_BYTES);
  let at = 0;
  return (type, value) => {
    let end = type.encode(value, arena, at);
    if (end < 0) {
      const needed = SLAB_BYTES - at - end;
      if (needed > SLAB_BYTES / 8) return type.toBuffer(value);
      arena = Buffer.allocUnsafeSlow(SLAB_BYTES);
      at = 0;
      end = type.encode(value, arena, at);
    }
    const bytes = arena.subarray(at, end);
    at = end;
    return bytes;
  };
}
