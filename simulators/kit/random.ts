/** A well-mixed unsigned 32-bit number that depends on nothing but its arguments (murmur3 finaliser). */
export function hash32(seed: number, row: number, salt: number): number {
  let h = (seed ^ Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca77)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** In [0, 1). */
export function fraction(seed: number, row: number, salt: number): number {
  return hash32(seed, row, salt) / 4294967296;
}

/** An integer in [0, below). */
export function below(limit: number, seed: number, row: number, salt: number): number {
  return Math.floor(fraction(seed, row, salt) * limit);
}

export function pick<T>(choices: readonly T[], seed: number, row: number, salt: number): T {
  return choices[below(choices.length, seed, row, salt)] as T;
}

/** Seeded stream of numbers in [0, 1) (mulberry32), for choices that have no row of their own. */
export function randomStream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * `count` different members of `pool`, or all of them when there are fewer.
 * @public Tests that change a simulator's data choose with it.
 */
export function sample<T>(pool: readonly T[], count: number, random: () => number): T[] {
  const rest = pool.slice();
  const wanted = Math.min(count, rest.length);
  for (let i = 0; i < wanted; i++) {
    const j = i + Math.floor(random() * (rest.length - i));
    [rest[i], rest[j]] = [rest[j] as T, rest[i] as T];
  }
  return rest.slice(0, wanted);
}

const BYTES = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal digits. */
export function hexDigits(length: number, seed: number, row: number, salt: number): string {
  let text = '';
  for (let block = 0; text.length < length; block++) {
    const bits = hash32(seed, row, salt * 31 + block);
    text += (BYTES[bits & 255] as string) + BYTES[(bits >>> 8) & 255] + BYTES[(bits >>> 16) & 255] + BYTES[bits >>> 24];
  }
  return text.length === length ? text : text.slice(0, length);
}

/** A version 4 UUID in form. */
export function uuid(seed: number, row: number, salt: number): string {
  const h = hexDigits(32, seed, row, salt);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
}
