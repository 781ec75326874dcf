import { snakeCase } from '../core/names.ts';
import type { TableDefinition } from '../core/table.ts';

/** The columns that use a member of the shaped row: as a whole, or parts of it. */
export interface Binding {
  /** Columns whose path is this member. */
  readonly byPath: readonly number[];
  /** The column whose name is this member's snake-case name and that has no path. */
  readonly byName: number;
  readonly ignored: boolean;
  readonly parts: ReadonlyMap<string, Binding> | undefined;
}

const NOBODY: Binding = { byPath: [], byName: -1, ignored: false, parts: undefined };

/** Limit of the cache: vendors that use data as field names would otherwise fill the memory. */
const MOST_REMEMBERED = 4096;
const LONGEST_REMEMBERED = 64;

interface GrowingBinding {
  byPath: number[];
  byName: number;
  ignored: boolean;
  parts: Map<string, GrowingBinding> | undefined;
}

/** Returns the columns that use a top-level member, by the member's name; defined for every name. */
export function compileBindings(definition: TableDefinition): (name: string) => Binding {
  const byPath = new Map<string, GrowingBinding>();
  const byName = new Map<string, number>();
  Object.entries({ ...definition.fields, ...definition.cover?.dropped }).forEach(([column, field], index) => {
    if (field.path === undefined) byName.set(column, index);
    else bindPath(byPath, field.path.split('.'), index);
  });
  for (const name of definition.ignore ?? []) grow(byPath, name).ignored = true;

  const remembered = new Map<string, Binding>();
  return (name) => {
    const known = remembered.get(name);
    if (known !== undefined) return known;
    const explicit = byPath.get(name);
    const implicit = byName.get(name) ?? byName.get(snakeCase(name)) ?? -1;
    const binding = implicit < 0 ? (explicit ?? NOBODY) : { ...(explicit ?? NOBODY), byName: implicit };
    if (name.length <= LONGEST_REMEMBERED && remembered.size < MOST_REMEMBERED) remembered.set(name, binding);
    return binding;
  };
}

function bindPath(bindings: Map<string, GrowingBinding>, segments: readonly string[], column: number): void {
  const [first, ...rest] = segments as [string, ...string[]];
  const binding = grow(bindings, first);
  if (rest.length === 0) binding.byPath.push(column);
  else bindPath((binding.parts ??= new Map()), rest, column);
}

function grow(bindings: Map<string, GrowingBinding>, name: string): GrowingBinding {
  let binding = bindings.get(name);
  if (binding === undefined) {
    binding = { byPath: [], byName: -1, ignored: false, parts: undefined };
    bindings.set(name, binding);
  }
  return binding;
}
