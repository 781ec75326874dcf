import type { z } from 'zod';
import { knownKeys, isMarked, shapesAt, type JsonSchema, type KnownKeys } from './json-schema.ts';
import type { Problem } from './placeholders.ts';
import { PRIVATE_KEY } from './value-problems.ts';
import { hint } from './suggest.ts';
import type { Path } from './yaml-file.ts';

type Issue = z.core.$ZodIssue;

/** Turns zod's issues into problems that a person can act on; `path` is the place of `value` in the whole file. */
export function problemsOf(error: z.ZodError, shape: JsonSchema, value: unknown, path: Path = []): Problem[] {
  return error.issues.flatMap((issue) => describe(issue, shape, value, path));
}

function describe(issue: Issue, shape: JsonSchema, value: unknown, base: Path): Problem[] {
  const inner = issue.path.filter((part) => typeof part !== 'symbol');
  const path = [...base, ...inner];
  const found = valueAt(value, inner);
  const one = (text: string): Problem[] => [{ path, text }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], text: unknownKey(key, knownKeys(shape, inner, found)) }));
    case 'invalid_type':
      return found === undefined || found === null
        ? one(`is missing; it must be ${typeName(issue.expected)}`)
        : one(`must be ${typeName(issue.expected)}, not ${kindOf(found)}`);
    case 'invalid_value':
      return found === undefined || found === null
        ? one(`is missing; it must be one of ${issue.values.map(String).join(', ')}`)
        : one(`${shownValue(found, shape, inner)}must be one of ${issue.values.map(String).join(', ')}`);
    case 'invalid_key':
      return one(issue.issues[0]?.message ?? 'is not a valid name');
    case 'invalid_union': {
      if (issue.errors.length === 0 && issue.discriminator !== undefined) {
        const choices = `must be one of ${constantsAt(shape, inner).join(', ')}`;
        return one(found === undefined || found === null ? `is missing; it ${choices}` : `${shownValue(found, shape, inner)}${choices}`);
      }
      // Where a section or one of some texts is allowed, only the alternative that fits the given kind of value is reported.
      const other = typeof found === 'object' && found !== null ? 'invalid_value' : 'invalid_type';
      const branches = issue.errors.filter((branch) =>
        branch.some((nested) => (nested.code !== 'invalid_type' && nested.code !== other) || nested.path.length > 0),
      );
      const [branch] = branches;
      if (!branch || found === undefined || found === null) {
        const expected = [...new Set(issue.errors.flat().flatMap(expectedBy))].join(' or ');
        return one(
          found === undefined || found === null ? `is missing; it must be ${expected}` : `must be ${expected}, not ${kindOf(found)}`,
        );
      }
      return branch.flatMap((nested) => describe({ ...nested, path: [...issue.path, ...nested.path] }, shape, value, base));
    }
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum > 1) return one(`must have at least ${issue.minimum} characters`);
      return one(issue.origin === 'string' || issue.origin === 'array' ? 'must not be empty' : `must be at least ${issue.minimum}`);
    case 'too_big':
      return one(
        issue.origin === 'number' || issue.origin === 'int' ? `must be at most ${issue.maximum}` : `is too long (at most ${issue.maximum})`,
      );
    default:
      return one(`${shownValue(found, shape, inner)}${issue.message === INVALID_URL ? MUST_BE_ADDRESS : issue.message}`);
  }
}

/** zod's own words where a schema gives none. */
const INVALID_URL = 'Invalid URL';
const MUST_BE_ADDRESS = 'must be an http:// or https:// address';

/** What an alternative of a union would accept, in words. */
function expectedBy(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [typeName(issue.expected)];
  if (issue.code === 'invalid_value') return issue.values.map(String);
  // Of a union inside the union, only sections are told apart by a member.
  return issue.code === 'invalid_union' && issue.discriminator !== undefined ? ['a section'] : [];
}

function unknownKey(key: string, { keys, elsewhere, choice }: KnownKeys): string {
  if (choice === undefined || !elsewhere.includes(key)) return `is not a known setting${hint(key, keys)}`;
  return `is not a known setting of ${choice.join(' ')}; known are ${keys.join(', ')}`;
}

/** A login in an address, or a parameter of it that is named like a secret. */
const LOGIN = /:[^\s/@]+@|[?&;][^=&;\s]*(passw|pwd|secret|token|key|sig)[^=&;\s]*=/i;

function shownValue(value: unknown, shape: JsonSchema, path: Path): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  if (isMarked(shape, path, 'secret') || isMarked(shape, path, 'reference')) return '';
  if (LOGIN.test(String(value)) || PRIVATE_KEY.test(String(value))) return '';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}..." ` : `${text} `;
}

/** The fixed texts that are allowed at `path`. */
function constantsAt(shape: JsonSchema, path: Path): string[] {
  const texts = (found: JsonSchema): unknown[] => [found['const'], ...(Array.isArray(found['enum']) ? (found['enum'] as unknown[]) : [])];
  return [...new Set(shapesAt(shape, path).flatMap(texts))].filter((text) => typeof text === 'string');
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (node, part) => (typeof node === 'object' && node !== null ? (node as Record<string | number, unknown>)[part] : undefined),
    value,
  );
}

function typeName(expected: string): string {
  const names: Record<string, string> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    record: 'a section',
    object: 'a section',
  };
  return names[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a section';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : String(value);
  return 'true or false';
}
