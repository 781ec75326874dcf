import type { Message } from 'kafkajs';
import { writeVarint } from '../record/varint.ts';
import type { Chunk, PlacedMessage } from './chunks.ts';
import { type Compress, markCompressed } from './codecs.ts';
import type { Bytes } from './types.ts';

/*
 * The records of a batch in Kafka's format (kafka.apache.org, "Message Format", record version 2), written into one
 * buffer. kafkajs takes a buffer of 512 bytes for every record and one for every header, and copies each several times.
 */

/**
 * The messages of chunks, at most one per partition, as kafkajs wants them: by topic. It goes by the array's `reduce`, which
 * here knows the outcome. Its own sorting into partitions copies all earlier messages for each one.
 */
export function packedMessages(chunks: readonly Chunk[]): { topic: string; messages: Message[] }[] {
  const byTopic = new Map<string, Record<string, Message[]>>();
  for (const { topic, partition, count, records, isCompressed } of chunks) {
    let lines = byTopic.get(topic);
    if (lines === undefined) byTopic.set(topic, (lines = {}));
    lines[partition] = packedLine(count, isCompressed === true ? markCompressed(records) : records);
  }
  return Array.from(byTopic, ([topic, lines]) => ({ topic, messages: Object.defineProperty([], 'reduce', { value: () => lines }) }));
}

/**
 * What kafkajs takes for the messages of a partition: it asks for their number, and goes by `map` first for their
 * timestamps, then for their records. Both times it gets an array of that many places of which only the first is
 * filled, with all records as one encoder; timestamps are what `filter` leaves of it, which is none: kafkajs then
 * writes the time of sending, on which all records stand with a difference of zero.
 */
function packedLine(count: number, bytes: Buffer): Message[] {
  const records = new Array<unknown>(count);
  records[0] = { buf: bytes, buffer: bytes };
  Object.defineProperty(records, 'filter', { value: () => [] });
  return Object.defineProperty(new Array<Message>(count), 'map', { value: () => records });
}

/** What the first record takes at least from the system, bytes. */
const LEAST = 4 * 1024;
/** Most bytes of a chunk that has more than one record, and what records that outgrow {@link LEAST} get. */
export const CHUNK_BYTES = 512 * 1024;
/** Blocks that wait to be used again, of this process. A batch has a chunk being packed for each partition, and some being compressed. */
const MOST_BLOCKS = 8;

/** Memory outside V8's heap counts for its collector: blocks that are used again save a third of its work. */
const freeBlocks: Buffer[] = [];

export const byteLength = (bytes: Bytes): number => (Buffer.isBuffer(bytes) ? bytes.length : partsLength(bytes));

function partsLength(parts: readonly Buffer[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

const NO_BYTES: Buffer = Buffer.alloc(0);

/** Records whose time and offset follow the batch's own, in order. */
export class PackedRecords {
  #bytes = NO_BYTES;
  #end = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** A view of them. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  /** What they are compressed, once: their own bytes are gone afterwards. */
  async compressed(compress: Compress): Promise<Buffer> {
    const compressed = await compress(this.bytes);
    // Not after a failure: the codec may still be reading.
    if (this.#bytes.length === CHUNK_BYTES && freeBlocks.length < MOST_BLOCKS) freeBlocks.push(this.#bytes);
    this.#bytes = NO_BYTES;
    this.#end = 0;
    return compressed;
  }

  add({ key, value, headers }: PlacedMessage): void {
    const last = headersOf(headers);
    const offset = this.#count;
    const valueLength = value === null ? -1 : byteLength(value);
    const body =
      2 + varintBytes(offset) + varintBytes(key.length) + key.length + varintBytes(valueLength) + Math.max(0, valueLength) + last.length;
    const bytes = this.#withRoom(varintBytes(body) + body);
    let at = writeInteger(bytes, this.#end, body);
    // No attributes, and no difference from the batch's time.
    bytes[at] = 0;
    bytes[at + 1] = 0;
    at = writeInteger(bytes, at + 2, offset);
    at = writeInteger(bytes, at, key.length);
    bytes.set(key, at);
    at = writeInteger(bytes, at + key.length, valueLength);
    if (Buffer.isBuffer(value)) {
      bytes.set(value, at);
      at += valueLength;
    } else if (value !== null) {
      for (const part of value) {
        bytes.set(part, at);
        at += part.length;
      }
    }
    bytes.set(last, at);
    this.#end = at + last.length;
    this.#count = offset + 1;
  }

  #withRoom(length: number): Buffer {
    const needed = this.#end + length;
    if (needed > this.#bytes.length) {
      const larger = needed <= LEAST ? Buffer.allocUnsafeSlow(LEAST) : blockOf(needed, 2 * this.#bytes.length);
      this.#bytes.copy(larger, 0, 0, this.#end);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** @param wanted where even a block is too small: a message larger than a chunk. */
const blockOf = (needed: number, wanted: number): Buffer =>
  needed <= CHUNK_BYTES ? (freeBlocks.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)) : Buffer.allocUnsafeSlow(Math.max(needed, wanted));

type Headers = Readonly<Record<string, string>>;

const NO_HEADERS = Buffer.from([0]);
/** Messages of a batch share their headers. */
const encodedHeaders = new WeakMap<Headers, Buffer>();

/** Their number, then the headers. */
function headersOf(headers: Headers | undefined): Buffer {
  if (headers === undefined) return NO_HEADERS;
  let bytes = encodedHeaders.get(headers);
  if (bytes === undefined) {
    const pairs = Object.entries(headers);
    bytes = Buffer.concat([varint(pairs.length), ...pairs.flat().flatMap((text) => [varint(Buffer.byteLength(text)), Buffer.from(text)])]);
    encodedHeaders.set(headers, bytes);
  }
  return bytes;
}

/** Kafka's integers: zig-zag, then seven bits a byte, the lowest first. */
const zigZag = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0;

function varintBytes(value: number): number {
  const bits = zigZag(value);
  return bits < 1 << 7 ? 1 : bits < 1 << 14 ? 2 : bits < 1 << 21 ? 3 : bits < 1 << 28 ? 4 : 5;
}

const writeInteger = (bytes: Buffer, start: number, value: number): number => writeVarint(bytes, start, zigZag(value));

function varint(value: number): Buffer {
  const bytes = Buffer.alloc(varintBytes(value));
  writeInteger(bytes, 0, value);
  return bytes;
}
