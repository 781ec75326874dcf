/** What a member reports when it joins. */
export interface Claim {
  /** The partitions it had. */
  readonly partitions: readonly number[];
  /** Epoch ms of the assignment that gave them: when two members report one partition, the older report is out of date. */
  readonly since: number;
  /** The connections it can run, by partition; undefined for a member of a release that does not report them. */
  readonly connections?: Readonly<Record<number, Connections>>;
}

/** The connections of one partition: their number, and a text that differs when they differ. */
export interface Connections {
  readonly count: number;
  readonly digest: string;
}

interface Member {
  readonly id: string;
  readonly claim: Claim;
  readonly mine: Set<number>;
}

/**
 * The partitions of each member. As few as possible move; first the connections are spread evenly, then the partitions. When
 * members have different settings, a partition goes to one of those that know most of its connections.
 */
export function spread(partitions: readonly number[], claims: ReadonlyMap<string, Claim>): ReadonlyMap<string, number[]> {
  const members: Member[] = [...claims]
    // Newest report first; on a tie, the member with the most partitions, so that few have to move.
    .sort(([a, one], [b, other]) => other.since - one.since || other.partitions.length - one.partitions.length || (a < b ? -1 : 1))
    .map(([id, claim]) => ({ id, claim, mine: new Set() }));
  const weights = new Map(
    partitions.map((partition) => [partition, Math.max(0, ...members.map(({ claim }) => claim.connections?.[partition]?.count ?? 0))]),
  );
  const weightOf = (partition: number | undefined): number => (partition === undefined ? 0 : (weights.get(partition) ?? 0));
  const mayHave = ({ claim }: Member, partition: number | undefined): boolean =>
    partition === undefined || claim.connections === undefined || (claim.connections[partition]?.count ?? 0) === weightOf(partition);
  const loadOf = ({ mine }: Member): number => [...mine].reduce((sum, partition) => sum + weightOf(partition), 0);

  const free = new Set(partitions);
  for (const member of members)
    for (const partition of member.claim.partitions) if (mayHave(member, partition) && free.delete(partition)) member.mine.add(partition);
  for (const partition of [...free].sort((a, b) => weightOf(b) - weightOf(a) || a - b)) {
    const able = members.filter((member) => mayHave(member, partition));
    if (able.length > 0) able.reduce((a, b) => ((loadOf(b) - loadOf(a) || b.mine.size - a.mine.size) < 0 ? b : a)).mine.add(partition);
  }

  /** Moves one partition, or swaps two, from a member with more to one with less. Returns whether that made the sizes more equal. */
  const even = (size: (member: Member) => number, gain: (given: number, taken: number | undefined) => number): boolean => {
    const byNeed = [...members].sort((a, b) => size(b) - size(a));
    for (const rich of byNeed) {
      for (const poor of [...byNeed].reverse()) {
        const gap = size(rich) - size(poor);
        if (gap < 2) break;
        let best: { readonly given: number; readonly taken: number | undefined; readonly left: number } | undefined;
        for (const taken of [undefined, ...poor.mine]) {
          for (const given of rich.mine) {
            if (!mayHave(poor, given) || !mayHave(rich, taken)) continue;
            const moved = gain(given, taken);
            const left = Math.abs(gap - 2 * moved);
            // Each move makes the gap smaller, so the loop ends; moving one partition is preferred to swapping two.
            if (moved > 0 && moved < gap && left < (best?.left ?? gap)) best = { given, taken, left };
          }
        }
        if (best === undefined) continue;
        rich.mine.delete(best.given);
        poor.mine.add(best.given);
        if (best.taken !== undefined) {
          poor.mine.delete(best.taken);
          rich.mine.add(best.taken);
        }
        return true;
      }
    }
    return false;
  };
  while (even(loadOf, (given, taken) => weightOf(given) - weightOf(taken)));
  // Partitions without connections are spread too, because they may get some later.
  while (
    even(
      ({ mine }) => mine.size,
      (given, taken) => (taken === undefined && weightOf(given) === 0 ? 1 : 0),
    )
  );
  return new Map(members.map(({ id, mine }) => [id, [...mine]]));
}

/** Whether members have different connections, so that a connection may be assigned to a member that does not know it. */
export function differ(claims: Iterable<Claim>): boolean {
  const told = [...claims].flatMap(({ connections }) => (connections === undefined ? [] : [connections]));
  const digests = told.map((connections) =>
    JSON.stringify(
      Object.entries(connections)
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([partition, { digest }]) => [partition, digest]),
    ),
  );
  return new Set(digests).size > 1;
}
