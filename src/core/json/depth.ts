import { TributaryError } from '../errors.ts';

/** Deepest nesting that is accepted: the JSON parsers of the landings support less than those of the vendors. */
export const DEEPEST_JSON = 500;

/** Whether a value is nested more than `levels` deep; a scalar has depth 0. The recursion stops at `levels`. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels <= 0) return true;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) if (typeof value[i] === 'object' && isDeeper(value[i], levels - 1)) return true;
    return false;
  }
  for (const name in value) {
    const member = (value as Record<string, unknown>)[name];
    if (typeof member === 'object' && isDeeper(member, levels - 1)) return true;
  }
  return false;
}

export function tooDeep(): TributaryError {
  return new TributaryError(`A value is nested more than ${DEEPEST_JSON} levels deep.`, { kind: 'data', code: 'too_deep' });
}
