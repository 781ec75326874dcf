import type { Type } from 'avsc';
import type { TableRecord } from '../core/table.ts';
import { TOO_LONG, type RecordWriter } from './encode.ts';

const SLAB_BYTES = 256 * 1024;
/** A record that takes more of one is not worth a new slab. */
const LARGE = SLAB_BYTES / 8;

/**
 * Encodes many small records into a few large buffers. A batch keeps tens of thousands of keys and bodies for a second, and a
 * separate buffer for each costs more memory and garbage collection than its contents. A record that is large, or that
 * `write` does not take, gets a separate buffer from avsc.
 */
export function createBufferArena(): (write: RecordWriter, type: Type, record: TableRecord) => Buffer {
  let arena = Buffer.allocUnsafeSlow(SLAB_BYTES);
  let at = 0;
  return (write, type, record) => {
    let end = write(record, arena, at);
    if (end === TOO_LONG && SLAB_BYTES - at < LARGE) {
      arena = Buffer.allocUnsafeSlow(SLAB_BYTES);
      at = 0;
      end = write(record, arena, at);
    }
    if (end < 0) return type.toBuffer(record);
    const bytes = arena.subarray(at, end);
    at = end;
    return bytes;
  };
}
