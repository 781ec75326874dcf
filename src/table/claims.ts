import { snakeCase } from './names.ts';
import type { TableDefinition } from './types.ts';

/** Who takes a member of the shaped row: columns that take it whole, and columns that take parts of it. */
export interface Claim {
  /** Columns that name this member by path. */
  readonly byPath: readonly number[];
  /** The column whose name is this member's snake-case name, where that column names no path. */
  readonly byName: number;
  readonly ignored: boolean;
  readonly parts: ReadonlyMap<string, Claim> | undefined;
}

const NOBODY: Claim = { byPath: [], byName: -1, ignored: false, parts: undefined };

/** Vendors that use data as field names would fill the memory otherwise. */
const MOST_REMEMBERED = 4096;

interface GrowingClaim {
  byPath: number[];
  byName: number;
  ignored: boolean;
  parts: Map<string, GrowingClaim> | undefined;
}

/** Who takes the top-level member of that name, for every name a row may have. */
export function compileClaims(definition: TableDefinition): (name: string) => Claim {
  const byPath = new Map<string, GrowingClaim>();
  const byName = new Map<string, number>();
  Object.entries(definition.fields).forEach(([column, field], index) => {
    if (field.path === undefined) byName.set(column, index);
    else claimPath(byPath, field.path.split('.'), index);
  });
  for (const name of definition.ignore ?? []) grow(byPath, name).ignored = true;

  const remembered = new Map<string, Claim>();
  return (name) => {
    const known = remembered.get(name);
    if (known !== undefined) return known;
    const explicit = byPath.get(name);
    const implicit = byName.get(name) ?? byName.get(snakeCase(name)) ?? -1;
    const claim = implicit < 0 ? (explicit ?? NOBODY) : { ...(explicit ?? NOBODY), byName: implicit };
    if (remembered.size < MOST_REMEMBERED) remembered.set(name, claim);
    return claim;
  };
}

function claimPath(claims: Map<string, GrowingClaim>, segments: readonly string[], column: number): void {
  const [first, ...rest] = segments as [string, ...string[]];
  const claim = grow(claims, first);
  if (rest.length === 0) claim.byPath.push(column);
  else claimPath((claim.parts ??= new Map()), rest, column);
}

function grow(claims: Map<string, GrowingClaim>, name: string): GrowingClaim {
  let claim = claims.get(name);
  if (claim === undefined) {
    claim = { byPath: [], byName: -1, ignored: false, parts: undefined };
    claims.set(name, claim);
  }
  return claim;
}
