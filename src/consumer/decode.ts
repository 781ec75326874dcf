import type { Type } from 'avsc';
import type { ReadMessage } from '../kafka/reader.ts';
import type { Registry } from '../kafka/registry.ts';
import { avroTypeOf } from '../record/avro-types.ts';
import { unframe } from '../record/framing.ts';
import type { Change, ColumnValue, TableRef } from './types.ts';

type Values = Record<string, ColumnValue>;

/** A schema of the registry, and the conversions its columns need after Avro's own decoding. */
interface Compiled {
  readonly type: Type;
  readonly made: readonly (readonly [column: string, make: (value: never) => ColumnValue])[];
}

/** Returns a decoder that turns a topic's messages into typed changes, each by the schema it was written with. */
export function changeDecoder<R extends object, K extends keyof R>(
  ref: TableRef<R, K>,
  registry: Registry,
  signal: AbortSignal,
): (message: ReadMessage) => Promise<Change<R, K>> {
  const compiled = new Map<number, Promise<Compiled>>();

  async function decode(message: Buffer): Promise<Values> {
    const { schemaId, payload } = unframe(message);
    let known = compiled.get(schemaId);
    if (known === undefined) {
      known = registry.schemaById(schemaId, signal).then(compile);
      compiled.set(schemaId, known);
      // A failed request to the registry is repeated for the next message.
      known.catch(() => compiled.delete(schemaId));
    }
    const { type, made } = await known;
    // avsc returns records of its own class, but a row is a plain object.
    const values: Values = { ...(type.fromBuffer(payload) as Values) };
    for (const [column, make] of made) {
      const value = values[column];
      if (value !== null && value !== undefined) values[column] = make(value as never);
    }
    return values;
  }

  return async ({ partition, offset, timestamp, key, value }) => {
    const place = {
      key: (key === null ? {} : await decode(key)) as Pick<R, K>,
      partition,
      offset,
      at: new Date(timestamp),
    };
    if (value === null) return { ...place, kind: 'delete', by: 'tombstone' };
    const { _deleted: deleted, ...values } = await decode(value);
    for (const column of ref.columns as readonly string[]) values[column] ??= null;
    const row = values as R;
    return deleted === true ? { ...place, kind: 'delete', by: 'marker', marker: row } : { ...place, kind: 'upsert', row };
  };
}

type AvroType = string | { readonly type: string; readonly logicalType?: string };

function compile(text: string): Compiled {
  const schema = JSON.parse(text) as {
    readonly fields: readonly { readonly name: string; readonly type: AvroType | readonly AvroType[] }[];
  };
  return {
    type: avroTypeOf(schema),
    made: schema.fields.flatMap(({ name, type }): Compiled['made'] => {
      const [plain] = (Array.isArray(type) ? (type as readonly AvroType[]) : [type as AvroType]).filter((branch) => branch !== 'null');
      if (typeof plain === 'object' && plain.logicalType === 'timestamp-millis')
        return [[name, (millis: number | bigint) => new Date(Number(millis))]];
      return (typeof plain === 'object' ? plain.type : plain) === 'long' ? [[name, (value: number | bigint) => BigInt(value)]] : [];
    }),
  };
}
