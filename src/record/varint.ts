/**
 * Writes a whole number of at least 0 at `start`, seven bits a byte, the lowest first, as Avro and Kafka both do. Returns
 * where it ends.
 */
export function writeVarint(into: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  // Bit operations are of 32 bits.
  for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) {
    into[at] = (rest % 128) | 0x80;
    at += 1;
  }
  for (; rest >= 128; rest >>>= 7) {
    into[at] = (rest & 0x7f) | 0x80;
    at += 1;
  }
  into[at] = rest;
  return at + 1;
}
