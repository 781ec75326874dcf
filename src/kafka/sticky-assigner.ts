import { AssignerProtocol, type PartitionAssigner } from 'kafkajs';

/** What a member tells of itself when it joins. */
interface Claim {
  readonly partitions: readonly number[];
  /** Epoch ms of the assignment it got them by: of two that claim one partition, the older claim is out of date. */
  readonly since: number;
}

/**
 * An assigner of one topic that leaves as many partitions as it can where they are: a worker that joins or leaves must not
 * make the others reopen their connections. Spread evenly, to within one.
 */
export function stickyAssigner(topic: string, claim: () => Claim): PartitionAssigner {
  const version = 1;
  return ({ cluster }) => ({
    name: 'TributaryStickyAssigner',
    version,
    protocol: ({ topics }) => ({
      name: 'TributaryStickyAssigner',
      metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData: Buffer.from(JSON.stringify(claim())) }),
    }),
    assign: async ({ members }) => {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
      const claims = new Map(members.map(({ memberId, memberMetadata }) => [memberId, claimOf(memberMetadata)]));
      return [...spread(partitions, claims)].map(([memberId, mine]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({ version, assignment: { [topic]: mine }, userData: Buffer.alloc(0) }),
      }));
    },
  });
}

/** The partitions of each member. */
export function spread(partitions: readonly number[], claims: ReadonlyMap<string, Claim>): ReadonlyMap<string, number[]> {
  // The newest claim first; then whoever has most, so that as few as possible have to move.
  const members = [...claims].sort(
    ([a, one], [b, other]) => other.since - one.since || other.partitions.length - one.partitions.length || (a < b ? -1 : 1),
  );
  const given = new Map<string, number[]>(members.map(([memberId]) => [memberId, []]));
  const free = new Set(partitions);
  const least = Math.floor(partitions.length / Math.max(1, members.length));
  let larger = partitions.length - least * members.length;
  for (const [memberId, { partitions: claimed }] of members) {
    const mine = given.get(memberId) as number[];
    for (const partition of claimed) {
      if (!free.has(partition)) continue;
      if (mine.length >= least) {
        if (mine.length > least || larger === 0) break;
        larger -= 1;
      }
      free.delete(partition);
      mine.push(partition);
    }
  }
  for (const partition of free) {
    const next = [...given.values()].reduce((a, b) => (b.length < a.length ? b : a));
    next.push(partition);
  }
  return given;
}

function claimOf(metadata: Buffer): Claim {
  try {
    const { userData } = AssignerProtocol.MemberMetadata.decode(metadata) as { userData: Buffer };
    const { partitions, since } = JSON.parse(userData.toString()) as Partial<Claim>;
    if (Array.isArray(partitions) && typeof since === 'number') return { partitions, since };
  } catch {
    // Of another release: it claims nothing.
  }
  return { partitions: [], since: 0 };
}
