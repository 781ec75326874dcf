import type { Json } from '../../src/core/types.ts';

/** One stage of an aggregation; stages run strictly in order. */
export type Stage = Readonly<Record<string, Json>>;

export interface TimeSeries {
  readonly period: 'dayRange' | 'hourRange';
  /** Any time in the first bucket, epoch ms; the vendor rounds it down. */
  readonly first: number;
  readonly count: number;
}

/** The stage that names the row source. Without `appId` in its parameters only the default app answers. */
export function source(name: string, parameters: Readonly<Record<string, Json>>, timeSeries?: TimeSeries): Stage {
  return { source: { [name]: parameters, ...(timeSeries === undefined ? {} : { timeSeries: { ...timeSeries } }) } };
}

export const sort = (...fields: string[]): Stage => ({ sort: fields });

/** Keeps the first `count` rows. */
export const limit = (count: number): Stage => ({ limit: count });

/** Drops the first `count` rows. */
export const skip = (count: number): Stage => ({ skip: count });

/** Keeps rows that meet all conditions. */
export const filter = (...conditions: readonly string[]): Stage => ({ filter: conditions.join(' && ') });

/** A text as a literal of the vendor's expressions. */
export const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** The condition for rows after the given one, in the order of a time and an id. */
export const isAfter = (timeField: string, time: number, idField: string, id: string): string =>
  `(${timeField} > ${time} || (${timeField} == ${time} && ${idField} > ${quoted(id)}))`;
