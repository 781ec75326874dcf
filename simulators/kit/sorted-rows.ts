/**
 * Row numbers in the order of (key of the row, row number). Made for millions of rows: four bytes each, and a batch of changes
 * costs one pass.
 */
export interface SortedRows {
  readonly length: number;
  at(position: number): number;
  /** The first position whose (key, row) is greater than the given pair, or with `orEqual` not less. */
  after(key: number, row: number, orEqual?: boolean): number;
  /** Removes rows, lets `change` change their keys, and inserts them again. Also inserts new rows. */
  move(rows: readonly number[], change: () => void): void;
  remove(rows: readonly number[]): void;
}

/** `keyOf` must work for every row below `count`; they are sorted once here. */
export function sortedRows(count: number, keyOf: (row: number) => number): SortedRows {
  const before = (a: number, b: number): number => keyOf(a) - keyOf(b) || a - b;
  let order = new Uint32Array(count);
  let length = count;
  for (let row = 0; row < count; row++) order[row] = row;
  sortByKey(order, keyOf);

  function remove(rows: readonly number[]): void {
    const gone = new Set(rows);
    let to = 0;
    for (let from = 0; from < length; from++) {
      const row = order[from] as number;
      if (!gone.has(row)) order[to++] = row;
    }
    length = to;
  }

  function insert(rows: readonly number[]): void {
    const added = [...new Set(rows)].sort(before);
    let larger = order;
    if (length + added.length > order.length) {
      larger = new Uint32Array(Math.ceil((length + added.length) * 1.25) + 16);
      larger.set(order.subarray(0, length));
    }
    // From the end, so that rows appended at the end, the usual case, move no others.
    let from = length - 1;
    let to = length + added.length - 1;
    for (let i = added.length - 1; i >= 0; to--) {
      const row = added[i] as number;
      if (from >= 0 && before(larger[from] as number, row) > 0) larger[to] = larger[from--] as number;
      else {
        larger[to] = row;
        i--;
      }
    }
    length += added.length;
    order = larger;
  }

  return {
    get length() {
      return length;
    },
    at: (position) => order[position] as number,
    after(key, row, orEqual = false) {
      let low = 0;
      let high = length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const candidate = order[middle] as number;
        const order_ = keyOf(candidate) - key || candidate - row;
        if (orEqual ? order_ >= 0 : order_ > 0) high = middle;
        else low = middle + 1;
      }
      return low;
    },
    move(rows, change) {
      remove(rows);
      change();
      insert(rows);
    },
    remove,
  };
}

/** Packs key and row into one number, because sorting numbers natively is several times faster than with a comparison function. */
function sortByKey(order: Uint32Array, keyOf: (row: number) => number): void {
  if (order.length < 2) return;
  let least = Infinity;
  let most = -Infinity;
  for (const row of order) {
    const key = keyOf(row);
    least = Math.min(least, key);
    most = Math.max(most, key);
  }
  if ((most - least + 1) * order.length > Number.MAX_SAFE_INTEGER || !Number.isInteger(least)) {
    order.sort((a, b) => keyOf(a) - keyOf(b) || a - b);
    return;
  }
  const packed = Float64Array.from(order, (row) => (keyOf(row) - least) * order.length + row).sort();
  packed.forEach((value, i) => (order[i] = value % order.length));
}
