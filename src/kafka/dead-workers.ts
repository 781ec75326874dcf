import type { KafkaAccess } from './client.ts';
import { askCluster } from './cluster.ts';
import { protocolType } from './errors.ts';

/** The consumer group of all workers of a prefix. */
export const groupOf = (prefix: string): string => `${prefix}._workers`;

/** Remembers which members of the group the workers of this machine were. */
export interface WorkerRoll {
  /** Records that this process is now that member. */
  note(memberId: string): void;
  /** Members whose process ended without leaving the group; each is returned once, unless it is given back. */
  dead(): Promise<readonly string[]>;
  /** Gives back members that could not be removed now. */
  giveBack(memberIds: readonly string[]): void;
}

/** A request that is missing in kafkajs's types. */
interface Coordinator {
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

/** Removes members from the group whose processes were killed, so that nobody waits for their session time-out. */
export async function dismissDead(access: KafkaAccess, roll: WorkerRoll | undefined): Promise<void> {
  const dead = (await roll?.dead().catch(() => [])) ?? [];
  if (dead.length === 0) return;
  const groupId = groupOf(access.settings.prefix);
  const left = new Set(dead);
  await askCluster(access, 'Dismissing a dead worker', async (cluster) => {
    const coordinator = await cluster.findGroupCoordinator({ groupId });
    for (const memberId of dead) {
      await (coordinator as unknown as Coordinator).leaveGroup({ groupId, memberId }).catch((error: unknown) => {
        // The coordinator may already have removed it.
        if (protocolType(error) !== 'UNKNOWN_MEMBER_ID') throw error;
      });
      left.delete(memberId);
    }
  }).catch(() => undefined);
  roll?.giveBack([...left]);
}
