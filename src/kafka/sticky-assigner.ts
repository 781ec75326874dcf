import { AssignerProtocol, type PartitionAssigner } from 'kafkajs';
import { differ, spread, type Claim } from './spread.ts';

/**
 * A partition assigner for one topic that moves as few partitions as possible, so that workers do not have to reopen their
 * connections when another one joins or leaves; {@link spread} decides. `onDiffer`: this process assigns for the whole group, and
 * its members do not know the same connections.
 */
export function stickyAssigner(topic: string, claim: () => Claim, onDiffer: () => void): PartitionAssigner {
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
      if (differ(claims.values())) onDiffer();
      return [...spread(partitions, claims)].map(([memberId, mine]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({ version, assignment: { [topic]: mine }, userData: Buffer.alloc(0) }),
      }));
    },
  });
}

function claimOf(metadata: Buffer): Claim {
  try {
    const { userData } = AssignerProtocol.MemberMetadata.decode(metadata) as { userData: Buffer };
    const { partitions, since, connections } = JSON.parse(userData.toString()) as Partial<Claim>;
    if (Array.isArray(partitions) && typeof since === 'number')
      return { partitions, since, ...(connections === undefined ? {} : { connections }) };
  } catch {
    // From another release: it reports no partitions.
  }
  return { partitions: [], since: 0 };
}
