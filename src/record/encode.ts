import type { TableRecord } from '../core/table.ts';
import type { AvroField, AvroFieldType } from './avro.ts';
import { dayNumber } from './instants.ts';
import { writeVarint } from './varint.ts';

/** Writes one value at `at`, and says where it ends: a negative number when this is not the place to encode it. */
type Write = (value: unknown, into: Buffer, at: number) => number;

/** It may fit another buffer. */
export const TOO_LONG = -1;
/** avsc's to encode, or to refuse. */
export const NOT_HERE = -2;

/** Writes a record at `at`, and says where it ends; {@link TOO_LONG} or {@link NOT_HERE} when it does not. */
export type RecordWriter = (record: TableRecord, into: Buffer, at: number) => number;

/**
 * Avro's binary encoding ("Specification", "Binary Encoding") of a record whose fields are all of the few types that
 * columns have. Half the time of avsc's own, which tries the branches of each union in turn and makes a buffer for
 * each long. Never throws; the bytes are those of avsc.
 */
export function compileRecord(fields: readonly AvroField[]): RecordWriter {
  const names = fields.map(({ name }) => name);
  const writers = fields.map(({ type }) => (isNullable(type) ? optional(type[1]) : writerOf(type)));
  return (record, into, at) => {
    let end = at;
    for (let i = 0; i < writers.length; i += 1) {
      end = (writers[i] as Write)(record[names[i] as string], into, end);
      if (end < 0) return end;
    }
    return end;
  };
}

/** Beyond this many bytes from the end nothing but text is checked for room. */
const LONGEST_NUMBER = 10;

const isNullable = (type: AvroField['type']): type is readonly ['null', AvroFieldType] => Array.isArray(type);

function optional(type: AvroFieldType): Write {
  const write = writerOf(type);
  return (value, into, at) => {
    if (at >= into.length) return TOO_LONG;
    if (value === null) {
      into[at] = 0;
      return at + 1;
    }
    into[at] = 2;
    return write(value, into, at + 1);
  };
}

function writerOf(type: AvroFieldType): Write {
  const { type: primitive, logicalType }: Readonly<Record<string, string>> = typeof type === 'string' ? { type } : type;
  if (logicalType === 'date') return writeDay;
  switch (primitive) {
    case 'string':
      return writeText;
    case 'long':
      return writeLong;
    case 'double':
      return writeDouble;
    case 'boolean':
      return writeBoolean;
    default:
      return () => NOT_HERE;
  }
}

/** Texts up to this length are mostly ASCII, and then a loop is faster than a call out of JavaScript. */
const SHORT = 24;

function writeText(value: unknown, into: Buffer, at: number): number {
  if (typeof value !== 'string') return NOT_HERE;
  const { length } = value;
  if (length <= SHORT) {
    if (at + 1 + length > into.length) return TOO_LONG;
    let i = 0;
    for (; i < length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 127) break;
      into[at + 1 + i] = code;
    }
    if (i === length) {
      into[at] = length * 2;
      return at + 1 + length;
    }
  }
  // A character takes three bytes at most.
  if (at + LONGEST_NUMBER + length * 3 > into.length && at + LONGEST_NUMBER + Buffer.byteLength(value) > into.length) return TOO_LONG;
  const guessed = lengthBytes(length);
  const written = into.write(value, at + guessed, 'utf8');
  const needed = lengthBytes(written);
  if (needed !== guessed) into.copyWithin(at + needed, at + guessed, at + guessed + written);
  return writeVarint(into, at, written * 2) + written;
}

const lengthBytes = (length: number): number =>
  length < 64 ? 1 : length < 8_192 ? 2 : length < 1_048_576 ? 3 : length < 134_217_728 ? 4 : 5;

/** Twice a larger one is no whole number of a double any more, or one less is not. */
const EXACT = 2 ** 52;

function writeLong(value: unknown, into: Buffer, at: number): number {
  if (at + LONGEST_NUMBER > into.length) return TOO_LONG;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < -EXACT || value > EXACT) return NOT_HERE;
  return writeVarint(into, at, value < 0 ? -2 * value - 1 : 2 * value);
}

function writeDay(value: unknown, into: Buffer, at: number): number {
  if (typeof value !== 'string') return NOT_HERE;
  return writeLong(dayNumber(value), into, at);
}

function writeDouble(value: unknown, into: Buffer, at: number): number {
  if (at + 8 > into.length) return TOO_LONG;
  if (typeof value !== 'number') return NOT_HERE;
  return into.writeDoubleLE(value, at);
}

function writeBoolean(value: unknown, into: Buffer, at: number): number {
  if (at >= into.length) return TOO_LONG;
  if (typeof value !== 'boolean') return NOT_HERE;
  into[at] = value ? 1 : 0;
  return at + 1;
}
