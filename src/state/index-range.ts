import type { Database } from 'lmdb';

const CHUNK = 1000;
const FIRST = Buffer.from([0]);

export const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

/** The lowest key of the same length that is greater than every key with this prefix; undefined when there is none. */
export function incremented(prefix: Buffer): Buffer | undefined {
  const next = Buffer.from(prefix);
  for (let i = next.length - 1; i >= 0; i -= 1) {
    const byte = next[i] as number;
    if (byte < 255) {
      next[i] = byte + 1;
      return next;
    }
    next[i] = 0;
  }
  return undefined;
}

/**
 * The entries from `start` up to but not including `end`, read in chunks. No read transaction stays open between chunks,
 * so the store does not grow while the caller works, and the caller may delete entries while iterating.
 */
export function* rangeOf(
  guarded: <T>(work: () => T) => T,
  database: Database<Buffer, Buffer>,
  start: Buffer = FIRST,
  end?: Buffer,
  most = CHUNK,
): Generator<readonly [key: Buffer, value: Buffer], void, void> {
  let from = start;
  let exclusiveStart = false;
  for (;;) {
    const options = { start: from, exclusiveStart, limit: most, ...(end === undefined ? {} : { end }) };
    const chunk = guarded(() => [...database.getRange(options)]);
    for (const { key, value } of chunk) yield [key, value];
    const last = chunk[chunk.length - 1];
    if (last === undefined || chunk.length < most) return;
    from = last.key;
    exclusiveStart = true;
  }
}

/** The first key of each group of keys that share their first `length` bytes; skips the other keys. */
export function* firstOfEach(
  guarded: <T>(work: () => T) => T,
  database: Database<Buffer, Buffer>,
  length: number,
): Generator<Buffer, void, void> {
  for (let from: Buffer | undefined = FIRST; from !== undefined;) {
    const start = from;
    const [first] = guarded(() => [...database.getKeys({ start, limit: 1 })]);
    if (first === undefined) return;
    const key = Buffer.from(first);
    yield key;
    from = incremented(key.subarray(0, length));
  }
}
