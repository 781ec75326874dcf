/**
 * Stretches of large buffers for what is small and kept for long. A batch keeps thousands of hashes for a second, and each as a
 * buffer of its own takes 100 bytes of V8's heap, which the collector copies, marks and sweeps.
 */
export class Slab {
  readonly #size: number;
  #bytes: Buffer;
  #used = 0;

  /** @param size bytes that are taken from the system at once, and freed when nothing uses any of them any more. */
  constructor(size: number) {
    this.#size = size;
    this.#bytes = Buffer.allocUnsafeSlow(0);
  }

  /** Where `length` bytes are free in {@link Slab.bytes}, which are the caller's from now on. */
  take(length: number): number {
    if (this.#used + length > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(this.#size, length));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += length;
    return at;
  }

  /** The buffer that the last stretch was taken from. */
  get bytes(): Buffer {
    return this.#bytes;
  }
}
