import { z } from 'zod';
import type { Source } from '../sdk/source.ts';
import { settingsSchema } from './schema.ts';
import type { Path } from './yaml-file.ts';

/** The parts of a JSON Schema that we use; for our own keywords see {@link Mark}. */
export interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  secret?: boolean;
  shown?: boolean;
  reference?: boolean;
  /** An address whose parts are not restricted like those of `format: uri`. */
  address?: boolean;
  [keyword: string]: unknown;
}

/** `secret`: never shown. `shown`: shown even when it came from `${...}`. `reference`: the name of a secret; any other value is treated as a secret. */
export type Mark = 'secret' | 'shown' | 'reference';

export function shapeOf(schema: z.ZodType): JsonSchema {
  const shape = shapes.get(schema) ?? (z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
  shapes.set(schema, shape);
  return shape;
}

/** Made once for each schema, because that takes longer than all checks of a file. Nobody changes a shape. */
const shapes = new WeakMap<z.ZodType, JsonSchema>();

/** The schema and all its alternatives, nested unions included. */
function branchesOf(shape: JsonSchema): JsonSchema[] {
  return [shape, ...[...(shape.anyOf ?? []), ...(shape.oneOf ?? []), ...(shape.allOf ?? [])].flatMap(branchesOf)];
}

/** Every schema that may describe the value at `path` (several below a union). */
export function shapesAt(shape: JsonSchema, path: Path): JsonSchema[] {
  const branches = branchesOf(shape);
  const [part, ...rest] = path;
  if (part === undefined) return branches;
  return branches.flatMap((branch) => {
    const child = typeof part === 'number' ? branch.items : (branch.properties?.[part] ?? branch.additionalProperties);
    return typeof child === 'object' ? shapesAt(child, rest) : [];
  });
}

/** The settings that a section may have. */
export interface KnownKeys {
  readonly keys: readonly string[];
  /** Settings of the alternatives that were not chosen. */
  readonly elsewhere: readonly string[];
  /** The member that chose among alternatives and its value, e.g. `mechanism` and `plain`. */
  readonly choice?: readonly [name: string, value: string];
}

/** Setting names that are allowed at `path` in that section. Of alternatives, only those count that its members allow. */
export function knownKeys(shape: JsonSchema, path: Path, section: unknown): KnownKeys {
  const members = (typeof section === 'object' && section !== null ? section : {}) as Readonly<Record<string, unknown>>;
  const sections = shapesAt(shape, path).filter(({ properties }) => properties !== undefined);
  const fits = (name: string, { properties = {} }: JsonSchema): boolean => {
    const allowed = constantsOf(properties[name]);
    return allowed.length === 0 || !Object.hasOwn(members, name) || allowed.includes(members[name]);
  };
  const namesOf = (of: readonly JsonSchema[]): string[] => [...new Set(of.flatMap(({ properties }) => Object.keys(properties ?? {})))];
  const all = namesOf(sections);
  const chosen = sections.filter((one) => all.every((name) => fits(name, one)));
  const name = all.find((one) => sections.some((other) => !fits(one, other)));
  // A choice that fits no alternative is a problem of its own.
  if (chosen.length === 0 || name === undefined) return { keys: all, elsewhere: [] };
  const keys = namesOf(chosen);
  return { keys, elsewhere: all.filter((one) => !keys.includes(one)), choice: [name, String(members[name])] };
}

/** The fixed values that a schema allows; empty where it allows others too. */
function constantsOf(shape: JsonSchema | undefined): unknown[] {
  if (shape === undefined) return [];
  return Object.hasOwn(shape, 'const') ? [shape['const']] : Array.isArray(shape['enum']) ? (shape['enum'] as unknown[]) : [];
}

/** Paths of all texts and numbers below `value` whose schema has the mark. */
export function marked(shape: JsonSchema, value: unknown, mark: Mark, path: Path = []): { path: Path; value: string }[] {
  if (typeof value === 'string' || typeof value === 'number') {
    return isMarked(shape, path, mark) ? [{ path, value: String(value) }] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => marked(shape, item, mark, [...path, Array.isArray(value) ? Number(key) : key]));
}

/** Whether the setting, or a section it is in, has the mark. */
export function isMarked(shape: JsonSchema, path: Path, mark: Mark): boolean {
  return path.some((_, end) => shapesAt(shape, path.slice(0, end + 1)).some((found) => found[mark] === true));
}

/** JSON Schema of `tributary.yaml` for editors, with every source's own settings. */
export function editorSchema(sources: readonly Source[]): JsonSchema {
  const shape = structuredClone(shapeOf(settingsSchema));
  const connections = shape.properties?.['connections'];
  const plain = connections?.additionalProperties;
  if (!connections || typeof plain !== 'object') throw new Error('settings without connections');
  const of = (source: Source): JsonSchema => {
    const { $schema: _, ...settings } = shapeOf(source.settings);
    return {
      ...plain,
      title: source.title,
      properties: { ...plain.properties, source: { const: source.name }, settings },
    };
  };
  connections.properties = Object.fromEntries(sources.map((source) => [source.name, of(source)]));
  connections.additionalProperties = { anyOf: sources.map((source) => ({ ...of(source), required: ['source'] })) };
  return { title: 'tributary.yaml', ...shape };
}
