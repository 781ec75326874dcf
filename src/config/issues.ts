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
      return one(wrongType([issue.expected], found, shape, inner));
    case 'invalid_value':
      return absent(found) !== undefined
        ? one(`${absent(found)}; it must be one of ${issue.values.map(String).join(', ')}`)
        : one(`${shownValue(found, shape, inner)}must be one of ${issue.values.map(String).join(', ')}`);
    case 'invalid_key':
      return one(issue.issues[0]?.message ?? 'is not a valid name');
    case 'invalid_union': {
      if (issue.errors.length === 0 && issue.discriminator !== undefined) {
        const choices = `must be one of ${constantsAt(shape, inner).join(', ')}`;
        return one(absent(found) === undefined ? `${shownValue(found, shape, inner)}${choices}` : `${absent(found)}; it ${choices}`);
      }
      // Where a section or one of some texts is allowed, only the alternative that fits the given kind of value is reported.
      const other = typeof found === 'object' && found !== null ? 'invalid_value' : 'invalid_type';
      const branches = issue.errors.filter((branch) =>
        branch.some((nested) => (nested.code !== 'invalid_type' && nested.code !== other) || nested.path.length > 0),
      );
      const [branch] = branches;
      if (!branch || absent(found) !== undefined) return one(wrongType(issue.errors.flat().flatMap(expectedBy), found, shape, inner));
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
      return one(`${shownValue(found, shape, inner)}${issue.message === INVALID_URL ? `must be ${ADDRESS}` : issue.message}`);
  }
}

/** zod's own words where a schema gives none. */
const INVALID_URL = 'Invalid URL';
const ADDRESS = 'an http:// or https:// address';

/** How a value is told that is not there; undefined when it is. In YAML, a name without a value has the value null. */
function absent(found: unknown): string | undefined {
  return found === undefined ? 'is missing' : found === null ? 'is empty' : undefined;
}

/** The problem of a value of another type than the `expected` ones (zod's names, or texts of our own). */
function wrongType(expected: readonly string[], found: unknown, shape: JsonSchema, path: Path): string {
  const isAddress = shapesAt(shape, path).some(({ format, address }) => format === 'uri' || address === true);
  const names = [...new Set(expected.map((type) => (type === 'string' && isAddress ? ADDRESS : typeName(type))))].join(' or ');
  const gone = absent(found);
  if (gone !== undefined) return `${gone}; it must be ${names}`;
  return `must be ${names}, not ${kindOf(found)}${expected.includes('array') ? asList(found, shape, path) : ''}`;
}

/** How a single value is written as the list that it has to be. */
function asList(value: unknown, shape: JsonSchema, path: Path): string {
  // What is no text here has no form that could be repeated; secrets and the like have none that may be.
  const text = shownValue(value, shape, path).trim();
  if (text === '' || text.endsWith('...')) return '';
  const takesNumbers = shapesAt(shape, [...path, 0]).some(({ type }) => type === 'number' || type === 'integer');
  if (typeof value === 'number') return `; write ${takesNumbers ? `[${value}]` : `["${value}"]`}`;
  return `; write [${PLAIN_LIST.test(String(value)) ? String(value) : text}]`;
}

/** Names that need no quotes inside brackets, also several after commas. */
const PLAIN_LIST = /^[A-Za-z_][\w.-]*(\s*,\s*[A-Za-z_][\w.-]*)*$/;

/** What an alternative of a union would accept: zod's type or words. */
function expectedBy(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [issue.expected];
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
