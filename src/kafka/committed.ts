/** A record as kafkajs decodes it from a raw fetch response. */
export interface RawRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[] | undefined>>;
  readonly isControlRecord: boolean;
  readonly batchContext: {
    readonly firstOffset: string;
    readonly lastOffsetDelta: number;
    readonly producerId: string;
    readonly inTransaction: boolean;
  };
}

export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

const ABORT = 0;

/**
 * The committed records of a fetch response, in order, from offset `from` on. `aborted` is the response's list of aborted
 * transactions, in any order.
 *
 * kafkajs's own filter expects that list to be sorted and starts at most one transaction per record. Brokers list
 * transactions by their end. So when aborted transactions of two producers overlap (a process with several connections was
 * killed), kafkajs returns rows that were never committed.
 */
export function* committed(records: readonly RawRecord[], aborted: readonly AbortedTransaction[], from: bigint): Generator<RawRecord> {
  const pending = aborted
    .map((one) => ({ producerId: one.producerId, first: BigInt(one.firstOffset) }))
    .sort((a, b) => (a.first < b.first ? -1 : 1));
  const within = new Set<string>();
  let next = 0;
  for (const record of records) {
    const offset = BigInt(record.offset);
    for (let one = pending[next]; one !== undefined && one.first <= offset; one = pending[next]) {
      within.add(one.producerId);
      next += 1;
    }
    const { producerId, inTransaction } = record.batchContext;
    if (record.isControlRecord) {
      if (controlType(record.key) === ABORT) within.delete(producerId);
      continue;
    }
    if (inTransaction && within.has(producerId)) continue;
    if (offset >= from) yield record;
  }
}

/** Where the next fetch begins: after the last batch, including records in it that compaction removed. */
export function endOf(records: readonly RawRecord[], from: bigint): bigint {
  const last = records.at(-1);
  if (last === undefined) return from;
  const end = BigInt(last.batchContext.firstOffset) + BigInt(last.batchContext.lastOffsetDelta) + 1n;
  return end > from ? end : from;
}

const controlType = (key: Buffer | null): number => (key === null || key.length < 4 ? -1 : key.readInt16BE(2));
