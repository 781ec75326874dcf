import type { Context } from 'hono';
import { noteCommands, type Command } from '../kafka/meta/audit.ts';
import { ownTopics } from '../kafka/meta/own-topics.ts';
import { ensureTopics } from '../kafka/topics.ts';
import type { WebContext } from './context.ts';
import { addressOf, type Guarded } from './guard.ts';

/** Records a user's action before it is carried out. Throws when it cannot be recorded. */
export async function note(
  { access, clock }: WebContext,
  c: Context<Guarded>,
  what: Pick<Command, 'command' | 'connection' | 'table' | 'detail'>,
): Promise<void> {
  await ensureTopics(access, ownTopics(access.settings));
  await noteCommands(access, [{ at: clock.now(), user: c.get('user').name, address: addressOf(c), ...what }]);
}
