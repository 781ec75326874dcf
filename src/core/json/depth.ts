import { TributaryError } from '../errors.ts';

/** Deeper nesting is refused: the parsers of the landings give up long before the vendors' do. */
export const DEEPEST_JSON = 500;

/** Whether a value is nested more than so many levels deep. A scalar has none. Recursion ends at that many. */
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
