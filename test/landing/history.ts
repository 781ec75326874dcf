/** One version of a row of `orders`, as the topic has it. */
export interface Version {
  readonly offset: number;
  readonly id: string;
  readonly part: number;
  readonly user: string | null;
  readonly deleted: boolean;
}

/** A topic's history of one partition: inserts, updates, deletes and rows that come back, from a seed. */
export function history(seed: number, length: number): Version[] {
  let state = seed;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  return Array.from({ length }, (_, offset) => {
    const deleted = random(5) === 0;
    return { offset, id: `k${random(20)}`, part: random(3), user: deleted ? null : `u${offset}`, deleted };
  });
}

/** What compaction leaves: the newest version of every key. */
export function compacted(versions: readonly Version[]): Version[] {
  return versions.filter((version, at) => !versions.slice(at + 1).some((later) => later.id === version.id && later.part === version.part));
}

/** The table after these versions, as `id/part=user`. */
export function truth(versions: readonly Version[]): string[] {
  const rows = new Map<string, Version>();
  for (const version of versions) rows.set(`${version.id}/${version.part}`, version);
  return [...rows.values()]
    .filter((version) => !version.deleted)
    .map((version) => `${version.id}/${version.part}=${version.user}`)
    .sort();
}
