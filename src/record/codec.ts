import { hash } from 'node:crypto';
import type { Resolver } from 'avsc';
import { type AvroRecord, bodyFields, keySchema, valueSchema } from './avro.ts';
import { avroTypeOf } from './avro-types.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import { compileColumns } from './coerce.ts';
import type { JsonObject } from '../core/types.ts';
import { createBufferArena } from './buffer-arena.ts';
import { compileRecord } from './encode.ts';
import type { TableDefinition, TableRecord } from '../core/table.ts';

/** Bytes of a key hash and of a row hash. */
export const HASH_BYTES = 16;
/** Bytes of a scope hash. */
export const SCOPE_BYTES = 8;
/** Bytes of all three hashes of a row. */
export const HASHES_BYTES = 2 * HASH_BYTES + SCOPE_BYTES;

/** A value read from the topic. */
export interface DecodedValue {
  /** The columns and `_extra`. */
  readonly record: TableRecord;
  readonly syncedAt: number;
  readonly deleted: boolean;
  /** The bytes that {@link TableCodec.body} produces for the record with the current schema. */
  readonly body: Buffer;
}

/** Encodes and decodes the keys and values of one table; all without the registry's header, see `framing.ts`. */
export interface TableCodec {
  readonly keySchema: AvroRecord;
  readonly valueSchema: AvroRecord;
  keyBody(record: TableRecord): Buffer;
  decodeKey(keyBody: Buffer): TableRecord;
  /** Avro bytes of all columns except the two sync columns. */
  body(record: TableRecord): Buffer;
  /** Avro bytes of the two sync columns; `body` followed by `tail` is a value. */
  tail(syncedAt: number, deleted: boolean): Buffer;
  value(body: Buffer, syncedAt: number, deleted: boolean): Buffer;
  /** Body of a delete marker: the key columns, what is known about the row's end, and null in all other columns. */
  markerBody(key: TableRecord, known?: TableRecord): Buffer;
  /** Decodes a value; `writer` is the schema it was written with, when that is not the current one. */
  decodeValue(value: Buffer, writer?: unknown): DecodedValue;
  keyHash(keyBody: Buffer): Buffer;
  /** Hash by which two versions of a record are compared, from its {@link TableCodec.body}; columns that are marks do not count. */
  rowHash(body: Buffer, record: TableRecord): Buffer;
  /** Writes the record's {@link HASHES_BYTES} one behind the other: its key's hash, its row hash, its scope's hash. */
  writeHashes(into: Buffer, at: number, keyBody: Buffer, body: Buffer, record: TableRecord): void;
  /** Hash of the record's scope columns; zeros for a table without scope. */
  scopeHash(record: TableRecord): Buffer;
  /** Hash of a scope, given as the values of its columns in the vendor's types. */
  scopeHashOf(scope: JsonObject): Buffer;
}

const NO_SCOPE = Buffer.alloc(SCOPE_BYTES);
// Through a string, which takes a third of the time of the digest's own buffer.
const shortHash = (bytes: Buffer | string, length: number): Buffer =>
  Buffer.from(hash('sha256', bytes, 'binary').slice(0, length), 'latin1');
const writeHash = (into: Buffer, at: number, bytes: Buffer | string, length: number): number =>
  into.write(hash('sha256', bytes, 'binary'), at, length, 'latin1');

/** Compiles the table's schemas once. */
export function compileTable(source: string, definition: TableDefinition): TableCodec {
  const keys = keySchema(source, definition);
  const values = valueSchema(source, definition);
  const keyType = avroTypeOf(keys);
  const valueType = avroTypeOf(values);
  const bodyType = avroTypeOf({ ...values, fields: bodyFields(definition) });
  const blank: TableRecord = Object.fromEntries(bodyFields(definition).map(({ name }) => [name, null]));
  const marks = Object.entries(definition.fields).filter(([, { isMark }]) => isMark);
  const noMarks: TableRecord = Object.fromEntries(marks.map(([name]) => [name, null]));
  const scope = definition.scope ?? [];
  const scopeRecord = compileColumns(definition, scope);
  const writers = new WeakMap<object, Resolver>();
  // Known values of a row's end come from the vendor like its rows, so the same columns are hashed.
  const covered = Object.keys(definition.fields).filter((column) => definition.fields[column]?.hashed !== undefined);
  const hashKnown = compileColumns(definition, covered);
  const ofEnd = (known: TableRecord): TableRecord =>
    covered.some((column) => column in known) ? { ...known, ...hashKnown(known as JsonObject) } : known;

  const encode = createBufferArena();
  const writeKey = compileRecord(keys.fields);
  const writeBody = compileRecord(bodyFields(definition));
  const body = (record: TableRecord): Buffer => encode(writeBody, bodyType, record);
  const hashed = (bytes: Buffer, record: TableRecord): Buffer => (marks.length === 0 ? bytes : body({ ...record, ...noMarks }));
  const scopeText = (record: TableRecord): string => canonicalJson(scope.map((column) => record[column]));
  const scopeHash = (record: TableRecord): Buffer => (scope.length === 0 ? NO_SCOPE : shortHash(scopeText(record), SCOPE_BYTES));

  return {
    keySchema: keys,
    valueSchema: values,
    keyBody: (record) => encode(writeKey, keyType, record),
    decodeKey: (keyBody) => ({ ...keyType.fromBuffer(keyBody) }),
    body,
    tail: syncTail,
    value: (bytes, syncedAt, deleted) => Buffer.concat([bytes, syncTail(syncedAt, deleted)]),
    markerBody: (key, known) => body({ ...blank, ...(known === undefined ? {} : ofEnd(known)), ...key }),
    decodeValue(value, writer) {
      const { _synced_at: syncedAt, _deleted: deleted, ...record } = read(value, writer) as TableRecord;
      return { record, syncedAt: syncedAt as number, deleted: deleted as boolean, body: body(record) };
    },
    keyHash: (keyBody) => shortHash(keyBody, HASH_BYTES),
    rowHash: (bytes, record) => shortHash(hashed(bytes, record), HASH_BYTES),
    scopeHash,
    writeHashes(into, at, keyBody, bytes, record) {
      writeHash(into, at, keyBody, HASH_BYTES);
      writeHash(into, at + HASH_BYTES, hashed(bytes, record), HASH_BYTES);
      const scopeAt = at + 2 * HASH_BYTES;
      if (scope.length === 0) into.fill(0, scopeAt, scopeAt + SCOPE_BYTES);
      else writeHash(into, scopeAt, scopeText(record), SCOPE_BYTES);
    },
    scopeHashOf: (values) => scopeHash(scopeRecord(values)),
  };

  function read(value: Buffer, writer: unknown): unknown {
    if (writer === undefined) return valueType.fromBuffer(value);
    let resolver = writers.get(writer as object);
    if (resolver === undefined) {
      resolver = valueType.createResolver(avroTypeOf(writer));
      writers.set(writer as object, resolver);
    }
    return valueType.fromBuffer(value, resolver);
  }
}

let lastTail: { syncedAt: number; bytes: Buffer } | undefined;

/** A zig-zag varint and a boolean. A batch has one publish time, so the last result is cached. */
function syncTail(syncedAt: number, deleted: boolean): Buffer {
  if (!deleted && lastTail?.syncedAt === syncedAt) return lastTail.bytes;
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (BigInt(syncedAt) << 1n) ^ (BigInt(syncedAt) >> 63n));
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest), deleted ? 1 : 0);
  const tail = Buffer.from(bytes);
  if (!deleted) lastTail = { syncedAt, bytes: tail };
  return tail;
}
