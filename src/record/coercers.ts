import { DEEPEST_JSON, isDeeper } from '../core/json/depth.ts';
import { parseJson, rawNumberText } from '../core/json/parse.ts';
import type { Json } from '../core/types.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import { type Fit, Inexact, MISFIT } from './fit.ts';
import { coverInside, hashOf } from './cover.ts';
import { fitInstant, fitDay, fitIsoInstant } from './instants.ts';
import type { Field } from '../core/table.ts';

/** Converts a vendor's value, neither null nor undefined, to a column's native value. Never throws, except for too deep JSON. */
export type Coercer = (value: unknown) => Fit;

const LEAST_LONG = -(2n ** 63n);
const GREATEST_LONG = 2n ** 63n - 1n;
const INTEGER_TEXT = /^-?(?:0|[1-9]\d{0,18})$/;
const NUMBER_TEXT = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
// PostgreSQL refuses U+0000 in text and Avro has no lone surrogates; JSON text can hold the escaped original.
const SUSPECT = /[\u0000\uD800-\uDFFF]/;
const UNSTORABLE = /\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** The content of a JSON column. When the vendor sends an object or list as text, it becomes that object or list. */
export function jsonOf(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    const parsed = parseJson(value);
    return isDeeper(parsed, DEEPEST_JSON) ? value : parsed;
  } catch {
    return value;
  }
}

/** The conversion of a column. A hashed column fits every value, because every value has a hash. */
export function coercerFor(field: Field): Coercer {
  if (field.hashed !== undefined) {
    const plain = coercerFor(field.hashed.of);
    const hash = hashOf(field.hashed.hash);
    return (value) => {
      const fit = plain(value);
      return hash(fit === MISFIT || fit instanceof Inexact ? jsonOf(value) : fit);
    };
  }
  if (field.inside !== undefined) {
    const { inside } = field;
    return (value) => canonicalJson(coverInside(jsonOf(value), inside));
  }
  switch (field.type) {
    case 'text':
      return toText;
    case 'integer':
      return toInteger;
    case 'number':
      return toNumber;
    case 'boolean':
      return toBoolean;
    case 'date':
      return (value) => (typeof value === 'string' ? fitDay(value) : MISFIT);
    case 'json':
      return (value) => canonicalJson(jsonOf(value));
    case 'timestamp':
      return timestampCoercer(field.epochUnit);
  }
}

function toText(value: unknown): Fit {
  if (typeof value === 'string') return storable(value);
  if (typeof value === 'number') return Number.isFinite(value) ? canonicalJson(value) : MISFIT;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return rawNumberText(value as Json) ?? MISFIT;
}

/** Text with U+FFFD in place of characters that not every landing can store. */
function storable(value: string): string | Inexact {
  if (!SUSPECT.test(value)) return value;
  const stored = value.replace(UNSTORABLE, '\uFFFD');
  return stored === value ? value : new Inexact(stored);
}

function toInteger(value: unknown): Fit {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value + 0;
    return Number.isInteger(value) ? fitLong(BigInt(value)) : MISFIT;
  }
  if (typeof value === 'bigint') return fitLong(value);
  if (typeof value === 'string') return INTEGER_TEXT.test(value) ? fitLong(BigInt(value)) : MISFIT;
  return MISFIT;
}

/** One native form per integer: a number up to 2^53, a bigint beyond. */
function fitLong(value: bigint): Fit {
  const asNumber = Number(value);
  if (Number.isSafeInteger(asNumber)) return asNumber;
  return value >= LEAST_LONG && value <= GREATEST_LONG ? value : MISFIT;
}

function toNumber(value: unknown): Fit {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : MISFIT;
  if (typeof value === 'bigint') return nearest(Number(value), BigInt(Number(value)) === value);
  const exactText = rawNumberText(value as Json);
  if (exactText !== undefined) return nearest(Number(exactText), false);
  if (typeof value !== 'string' || !NUMBER_TEXT.test(value)) return MISFIT;
  const parsed = Number(value);
  // A double keeps up to 15 significant digits exactly.
  const exponentAt = value.search(/[eE]/);
  const digits = (exponentAt < 0 ? value : value.slice(0, exponentAt)).replace(/^-?[0.]*|\./g, '');
  return nearest(parsed, digits.length <= 15 && (parsed !== 0 || digits === ''));
}

function nearest(value: number, exact: boolean): Fit {
  if (!Number.isFinite(value)) return MISFIT;
  return exact ? value + 0 : new Inexact(value + 0);
}

function toBoolean(value: unknown): Fit {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 1) return true;
  return value === 'false' || value === 0 ? false : MISFIT;
}

function timestampCoercer(unit: Field['epochUnit']): Coercer {
  // Rounded to whole microseconds first, because 1.001 * 1000 is not 1001 in doubles.
  const micros = unit === 's' ? 1_000_000 : 1000;
  const fit = (value: number): Fit => fitInstant(Math.round(value * micros) / 1000);
  return (value) => {
    if (typeof value === 'string') {
      const instant = fitIsoInstant(value);
      if (instant !== MISFIT || unit === undefined || !NUMBER_TEXT.test(value)) return instant;
      return fit(Number(value));
    }
    if (unit === undefined || typeof value !== 'number') return MISFIT;
    return fit(value);
  };
}
