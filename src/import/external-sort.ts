import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';

/** Sorts any number of records of one size by their bytes, with constant memory. */
export interface Sorter {
  add(record: Buffer): void;
  /** All records in order. To be called once, after the last `add`; a record is valid until the next one is requested. */
  sorted(): Generator<Buffer>;
  close(): void;
}

const RECORDS_IN_MEMORY = 32_768;
/** Total size of the buffers that read the sorted runs, bytes. */
const MERGE_BYTES = 4 * 1024 * 1024;

/** `path`: file for records that do not fit in memory; created when needed and removed by `close`. */
export function createSorter(path: string, size: number, inMemory = RECORDS_IN_MEMORY): Sorter {
  const held = Buffer.alloc(size * inMemory);
  let count = 0;
  let written = 0;
  let file: number | undefined;
  const runs: { from: number; end: number }[] = [];

  const order = (): Uint32Array => {
    const first = new Float64Array(count);
    for (let at = 0; at < count; at += 1) first[at] = held.readUIntBE(at * size, 6);
    const indexes = Uint32Array.from({ length: count }, (_, at) => at);
    return indexes.sort(
      (a, b) => (first[a] as number) - (first[b] as number) || held.compare(held, b * size, (b + 1) * size, a * size, (a + 1) * size),
    );
  };
  const spill = (): void => {
    file ??= openSync(path, 'wx+', 0o600);
    const run = Buffer.alloc(count * size);
    order().forEach((index, at) => held.copy(run, at * size, index * size, (index + 1) * size));
    for (let at = 0; at < run.length;) at += writeSync(file, run, at, run.length - at, written + at);
    runs.push({ from: written, end: written + run.length });
    written += run.length;
    count = 0;
  };

  return {
    add(record) {
      record.copy(held, count * size);
      count += 1;
      if (count === inMemory) spill();
    },
    *sorted() {
      if (file === undefined) {
        for (const index of order()) yield held.subarray(index * size, (index + 1) * size);
        return;
      }
      if (count > 0) spill();
      const block = Math.max(16, Math.floor(MERGE_BYTES / runs.length / size)) * size;
      yield* merge(runs.map((run) => readRun(file as number, run, block, size)));
    },
    close() {
      if (file === undefined) return;
      closeSync(file);
      rmSync(path, { force: true });
      file = undefined;
    },
  };
}

function* readRun(file: number, { from, end }: { from: number; end: number }, block: number, size: number): Generator<Buffer> {
  const buffer = Buffer.alloc(Math.min(block, end - from));
  for (let at = from; at < end;) {
    const wanted = Math.min(buffer.length, end - at);
    let got = 0;
    while (got < wanted) {
      const read = readSync(file, buffer, got, wanted - got, at + got);
      if (read === 0) throw new Error('a file of sorted rows is shorter than it was written');
      got += read;
    }
    for (let offset = 0; offset < got; offset += size) yield buffer.subarray(offset, offset + size);
    at += got;
  }
}

interface Head {
  record: Buffer;
  readonly rest: Generator<Buffer>;
}

/** Merges sorted runs with a heap of their first records. */
function* merge(runs: readonly Generator<Buffer>[]): Generator<Buffer> {
  const heap: Head[] = [];
  const less = (a: number, b: number): boolean => Buffer.compare((heap[a] as Head).record, (heap[b] as Head).record) < 0;
  const swap = (a: number, b: number): void => void ([heap[a], heap[b]] = [heap[b] as Head, heap[a] as Head]);
  const sink = (from: number): void => {
    for (let at = from; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && less(child, least)) least = child;
      if (least === at) return;
      swap(at, least);
      at = least;
    }
  };
  for (const rest of runs) {
    const { value, done } = rest.next();
    if (!done) heap.push({ record: value, rest });
  }
  for (let at = Math.floor(heap.length / 2); at >= 0; at -= 1) sink(at);
  while (heap.length > 0) {
    const top = heap[0] as Head;
    yield top.record;
    const { value, done } = top.rest.next();
    if (done) {
      const last = heap.pop() as Head;
      if (heap.length > 0 && last !== top) heap[0] = last;
    } else top.record = value;
    if (heap.length > 0) sink(0);
  }
}
