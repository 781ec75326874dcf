import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { Json, JsonObject, Row } from '../../src/core/types.ts';

/** Members of a resource that are converted or hold no data; the readers add the last two. */
const KNOWN = new Set(['type', 'id', 'attributes', 'relationships', 'links', 'metric', 'attributed']);

/**
 * A JSON:API resource as one flat row: its id, its attributes, and `beside`, which wins over attributes of the same name.
 * Members that do not follow JSON:API are kept under `resource`, in the vendor's structure.
 */
export function flatten(resource: Row, beside: Readonly<Record<string, Json>> = {}): Record<string, Json> {
  const attributes = asObject(resource.attributes);
  let odd: Record<string, Json> | undefined;
  if (attributes === undefined && resource.attributes !== undefined && resource.attributes !== null)
    odd = { attributes: resource.attributes };
  for (const name in resource) if (!KNOWN.has(name)) (odd ??= {})[name] = resource[name] as Json;
  const relationships = oddRelationships(resource.relationships);
  if (relationships !== undefined) (odd ??= {}).relationships = relationships;
  const id = resource.id ?? null;
  // The literal starts with the short names because adding them to a copy of the attributes takes eight times as long.
  const row: Record<string, Json> = { id, ...beside, ...attributes };
  const hidden = membersOf(attributes, 'id', ...Object.keys(beside));
  if (hidden !== undefined) {
    (odd ??= {}).attributes = hidden;
    Object.assign(row, beside, { id });
  }
  if (odd !== undefined) row.resource = odd;
  return row;
}

function membersOf(object: JsonObject | undefined, ...names: readonly string[]): Record<string, Json> | undefined {
  let found: Record<string, Json> | undefined;
  for (const name of names) if (object?.[name] !== undefined) (found ??= {})[name] = object[name] as Json;
  return found;
}

/** The relationships that do not point to resources. */
function oddRelationships(given: Json | undefined): Json | undefined {
  const relationships = asObject(given);
  if (relationships === undefined) return given ?? undefined;
  let odd: Record<string, Json> | undefined;
  for (const name in relationships) {
    const relation = asObject(relationships[name]);
    const data = relation?.data ?? null;
    const ends = Array.isArray(data) ? (data as readonly Json[]) : [data];
    // The vendor names to-many relationships in the plural.
    const known =
      relation !== undefined &&
      (data === null || (name.endsWith('s') === Array.isArray(data) && ends.every((end) => asText(asObject(end)?.id) !== undefined)));
    if (!known) (odd ??= {})[name] = relationships[name] as Json;
  }
  return odd;
}

/** The id a relationship points to; null when there is none. */
export function relatedId(resource: JsonObject, name: string): string | null {
  return asText(asObject(asObject(asObject(resource.relationships)?.[name])?.data)?.id) ?? null;
}

/** Resources by type and id, as `metric Xk2`, because ids repeat across types. */
export function byKey(resources: readonly JsonObject[]): ReadonlyMap<string, JsonObject> {
  const all = new Map<string, JsonObject>();
  for (const resource of resources) all.set(`${asText(resource.type) ?? ''} ${asText(resource.id) ?? ''}`, resource);
  return all;
}
