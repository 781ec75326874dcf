/** What a member tells of itself when it joins. */
export interface Claim {
  /** Those it had. */
  readonly partitions: readonly number[];
  /** Epoch ms of the assignment it got them by: of two that claim one partition, the older claim is out of date. */
  readonly since: number;
  /** The connections it can run, by partition; undefined for a member that does not say. */
  readonly connections?: Readonly<Record<number, Connections>>;
}

/** Connections of one partition: how many, and what tells them from others. */
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
 * The partitions of each member: as many as can be stay where they are, and the connections they stand for are spread evenly, then
 * the partitions. While members have different settings, a partition is given to one of those that know most of its connections.
 */
export function spread(partitions: readonly number[], claims: ReadonlyMap<string, Claim>): ReadonlyMap<string, number[]> {
  const members: Member[] = [...claims]
    // The newest claim first; then whoever has most, so that as few as possible have to move.
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

  /** Moves one partition, or two against each other, from one who has more to one who has less. Answers whether that was of use. */
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
            // Each move leaves less between the two, so this comes to an end; and one partition is moved rather than two.
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
  // Those without connections today may get some tomorrow.
  while (
    even(
      ({ mine }) => mine.size,
      (given, taken) => (taken === undefined && weightOf(given) === 0 ? 1 : 0),
    )
  );
  return new Map(members.map(({ id, mine }) => [id, [...mine]]));
}

/** Whether members have other connections than others, so that some connection may be given to one that does not know it. */
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
