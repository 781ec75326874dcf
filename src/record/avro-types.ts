import avro, { type Schema, type Type } from 'avsc';
import { dayNumber, dayText } from './instants.ts';

/** Shared buffer; avsc copies its content at once. */
const longBytes = Buffer.alloc(8);

/** 64-bit integers as this project represents them: a number up to 2^53, a bigint beyond. */
const longType = avro.types.LongType.__with({
  fromBuffer(bytes: Buffer): number | bigint {
    const value = bytes.readBigInt64LE();
    const short = Number(value);
    return Number.isSafeInteger(short) ? short : value;
  },
  toBuffer(value: number | bigint): Buffer {
    if (typeof value === 'bigint') longBytes.writeBigInt64LE(value);
    else {
      longBytes.writeUInt32LE(value >>> 0, 0);
      longBytes.writeInt32LE(Math.floor(value / 2 ** 32), 4);
    }
    return longBytes;
  },
  fromJSON: (value: number | bigint) => value,
  toJSON: (value: number | bigint) => value,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: number | bigint, b: number | bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** Dates: `YYYY-MM-DD` in our code, days since 1970 in Avro. */
class DayType extends avro.types.LogicalType {
  protected override _fromValue(days: number): string {
    return dayText(days);
  }
  protected override _toValue(day: unknown): number | undefined {
    return typeof day === 'string' ? dayNumber(day) : undefined;
  }
  protected override _resolve(writer: Type): ((value: never) => string) | undefined {
    if (writer instanceof DayType) return (day: string) => day;
    return writer.typeName === 'int' ? dayText : undefined;
  }
}

/** The avsc type of a schema, with this project's native values. */
export function avroTypeOf(schema: unknown): Type {
  return avro.Type.forSchema(schema as Schema, {
    registry: {},
    logicalTypes: { date: DayType as never },
    wrapUnions: false,
    typeHook: (part: unknown) => (part === 'long' ? longType : undefined) as never,
  });
}
