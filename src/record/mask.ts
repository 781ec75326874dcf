import { DEEPEST_JSON, tooDeep } from '../core/json/depth.ts';
import { rawNumberText } from '../core/json/parse.ts';
import type { Json } from '../core/types.ts';
import { snakeCase } from '../core/names.ts';
import { isSecretName } from '../core/secret-names.ts';
import type { TableDefinition } from '../core/table.ts';
import { hideAll } from './cover.ts';

const DOTS = '••••';
/** Texts up to this length (characters) are masked completely: four of their characters would reveal too much. */
const SHORT = 12;

/** The text with all but its last four characters masked; short texts are masked completely. */
export function maskText(value: string): string {
  const characters = [...value];
  return characters.length <= SHORT ? DOTS : DOTS + characters.slice(-4).join('');
}

/** Masks every text and number in the value. Like all functions here, throws `data` with code `too_deep` for nesting beyond {@link DEEPEST_JSON}. */
export function maskAll(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskText(value);
  if (value === null || value === undefined) return value;
  return typeof value === 'object' && !isRawNumber(value) ? mapMembers(value, depth, maskAll) : DOTS;
}

/**
 * Masks a text; inside an object, masks values whose name usually stands for a secret; everything else stays. A text in an
 * array is treated like the array itself.
 */
export function maskSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskText(value);
  return Array.isArray(value) ? mapMembers(value, depth, maskSecrets) : maskNamed(value, depth);
}

/** Masks, at any depth, values whose name usually stands for a secret. */
export function maskNamed(value: unknown, depth = 0): unknown {
  return hideNamed(value, depth, isSecretName);
}

/**
 * Compiles the masking of a table's raw rows: values under the name of a masked column or under a name that usually stands for
 * a secret. Rows of a table without masked columns stay as they are. For a table with column rules of the user only the
 * structure is kept, because a row of unexpected form may hold their values anywhere.
 */
export function compileRowMask({ fields, cover }: Pick<TableDefinition, 'fields' | 'cover'>): (row: unknown) => unknown {
  if (cover !== undefined) return hideAll;
  const secret = new Set(
    Object.entries(fields).flatMap(([column, field]) => (field.secret ? [column, snakeCase(field.path?.split('.').at(-1) ?? column)] : [])),
  );
  if (secret.size === 0) return (row) => row;
  return (row) => hideNamed(row, 0, (name) => secret.has(snakeCase(name)) || isSecretName(name));
}

function hideNamed(value: unknown, depth: number, isSecret: (name: string) => boolean): unknown {
  if (value === null || typeof value !== 'object' || isRawNumber(value)) return value;
  return mapMembers(value, depth, (member, below, name) =>
    name !== undefined && isSecret(name) ? maskAll(member, below) : hideNamed(member, below, isSecret),
  );
}

const isRawNumber = (value: object): boolean => rawNumberText(value as Json) !== undefined;

function mapMembers(value: object, depth: number, change: (member: unknown, depth: number, name?: string) => unknown): unknown {
  if (depth >= DEEPEST_JSON) throw tooDeep();
  if (Array.isArray(value)) return value.map((member) => change(member, depth + 1));
  const copy = Object.create(null) as Record<string, unknown>;
  for (const name of Object.keys(value)) copy[name] = change((value as Record<string, unknown>)[name], depth + 1, name);
  return copy;
}
