import type { Message } from 'kafkajs';
import { writeVarint } from '../record/varint.ts';
import type { Chunk, PlacedMessage } from './chunks.ts';

/*
 * The records of a batch in Kafka's format (kafka.apache.org, "Message Format", record version 2), written into one
 * buffer. kafkajs takes a buffer of 512 bytes for every record and one for every header, and copies each several times.
 */

/**
 * The messages of one topic, at most one chunk per partition, as kafkajs wants them: it goes by the array's `reduce`,
 * which here knows the outcome. Its own sorting into partitions copies all earlier messages for each one.
 */
export function packedMessages(chunks: readonly Chunk[]): Message[] {
  const byPartition = Object.fromEntries(chunks.map(({ partition, messages }) => [partition, packedLine(messages)]));
  return Object.defineProperty([], 'reduce', { value: () => byPartition });
}

/**
 * What kafkajs takes for the messages of a partition: it asks for their number, and goes by `map` first for their
 * timestamps, then for their records. Both times it gets an array of that many places of which only the first is
 * filled, with all records as one encoder; timestamps are what `filter` leaves of it, which is none: kafkajs then
 * writes the time of sending, on which all records stand with a difference of zero.
 */
function packedLine(messages: readonly PlacedMessage[]): Message[] {
  const bytes = packRecords(messages);
  const records = new Array<unknown>(messages.length);
  records[0] = { buf: bytes, buffer: bytes };
  Object.defineProperty(records, 'filter', { value: () => [] });
  return Object.defineProperty(new Array<Message>(messages.length), 'map', { value: () => records });
}

/** Records whose time and offset follow the batch's own, in order. */
export function packRecords(messages: readonly PlacedMessage[]): Buffer {
  const bodies = new Array<number>(messages.length);
  let size = 0;
  for (let i = 0; i < messages.length; i += 1) {
    const { key, value, headers } = messages[i] as PlacedMessage;
    const body =
      2 +
      varintBytes(i) +
      varintBytes(key.length) +
      key.length +
      (value === null ? 1 : varintBytes(value.length) + value.length) +
      headersOf(headers).length;
    bodies[i] = body;
    size += varintBytes(body) + body;
  }
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (let i = 0; i < messages.length; i += 1) {
    const { key, value, headers } = messages[i] as PlacedMessage;
    at = writeInteger(bytes, at, bodies[i] as number);
    // No attributes, and no difference from the batch's time.
    bytes[at] = 0;
    bytes[at + 1] = 0;
    at = writeInteger(bytes, at + 2, i);
    at = writeInteger(bytes, at, key.length);
    bytes.set(key, at);
    at += key.length;
    at = writeInteger(bytes, at, value === null ? -1 : value.length);
    if (value !== null) {
      bytes.set(value, at);
      at += value.length;
    }
    const last = headersOf(headers);
    bytes.set(last, at);
    at += last.length;
  }
  return bytes;
}

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
