import type { KafkaAccess } from './client.ts';
import { askCluster } from './cluster.ts';
import { protocolType } from './errors.ts';

/** The group of all workers of a prefix. */
export const groupOf = (prefix: string): string => `${prefix}._workers`;

/** Members of the group on this machine. */
export interface WorkerRoll {
  /** This process is that member now. */
  note(memberId: string): void;
  /** Members whose processes are gone without having left the group; each is named once, unless it is given back. */
  dead(): Promise<readonly string[]>;
  /** Could not be dismissed now. */
  giveBack(memberIds: readonly string[]): void;
}

/** A request kafkajs's types do not know. */
interface Coordinator {
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

/** Tells the group that members whose processes were killed are gone, so that nobody waits for the end of their sessions. */
export async function dismissDead(access: KafkaAccess, roll: WorkerRoll | undefined): Promise<void> {
  const dead = (await roll?.dead().catch(() => [])) ?? [];
  if (dead.length === 0) return;
  const groupId = groupOf(access.settings.prefix);
  const left = new Set(dead);
  await askCluster(access, 'Dismissing a dead worker', async (cluster) => {
    const coordinator = await cluster.findGroupCoordinator({ groupId });
    for (const memberId of dead) {
      await (coordinator as unknown as Coordinator).leaveGroup({ groupId, memberId }).catch((error: unknown) => {
        // It may have been missed already.
        if (protocolType(error) !== 'UNKNOWN_MEMBER_ID') throw error;
      });
      left.delete(memberId);
    }
  }).catch(() => undefined);
  roll?.giveBack([...left]);
}
