import type { Json } from '../../src/core/types.ts';

/** One step of an aggregation; they run strictly in order. */
export type Stage = Readonly<Record<string, Json>>;

export interface TimeSeries {
  readonly period: 'dayRange' | 'hourRange';
  /** Any instant of the first bucket, epoch ms: the vendor rounds it down. */
  readonly first: number;
  readonly count: number;
}

/** Names a row source; without `appId` in its parameters only the default app answers. */
export function source(name: string, parameters: Readonly<Record<string, Json>>, timeSeries?: TimeSeries): Stage {
  return { source: { [name]: parameters, ...(timeSeries === undefined ? {} : { timeSeries: { ...timeSeries } }) } };
}

export const sort = (...fields: string[]): Stage => ({ sort: fields });

/** The first so many of what is left by the stages before. */
export const limit = (count: number): Stage => ({ limit: count });

/** What is left of the stages before, but for the first so many. */
export const skip = (count: number): Stage => ({ skip: count });

/** Conditions that all have to hold. */
export const filter = (...conditions: readonly string[]): Stage => ({ filter: conditions.join(' && ') });

/** Text as the vendor's expressions take it. */
export const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** What follows a row in the order of a time and an id. */
export const behind = (timeField: string, time: number, idField: string, id: string): string =>
  `(${timeField} > ${time} || (${timeField} == ${time} && ${idField} > ${quoted(id)}))`;
