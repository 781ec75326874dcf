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
  [keyword: string]: unknown;
}

/** `secret`: never shown. `shown`: shown even when it came from `${...}`. `reference`: the name of a secret; any other value is treated as a secret. */
export type Mark = 'secret' | 'shown' | 'reference';

export function shapeOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

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

/** Setting names that are allowed at `path`. */
export function knownKeys(shape: JsonSchema, path: Path): string[] {
  return [...new Set(shapesAt(shape, path).flatMap((found) => Object.keys(found.properties ?? {})))];
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
  const shape = shapeOf(settingsSchema);
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
