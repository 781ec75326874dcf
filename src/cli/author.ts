import { hostname, userInfo } from 'node:os';
import type { KafkaAccess } from '../kafka/client.ts';
import { noteCommands, type Author, type Command } from '../kafka/meta/audit.ts';
import { ownTopics } from '../kafka/meta/own-topics.ts';
import { ensureTopics } from '../kafka/topics.ts';
import type { Cli } from './app.ts';

/** The user of this terminal. A user without an entry, as in many containers, is named by number. */
export function author(): Author {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    user = `user ${process.getuid?.() ?? 'unknown'}`;
  }
  return { user, address: `command line on ${hostname()}` };
}

/** Records a command of this terminal before it is carried out, together with those of the page. Throws when it cannot be recorded. */
export async function note(cli: Cli, access: KafkaAccess, what: Omit<Command, 'at' | 'user' | 'address'>): Promise<void> {
  await ensureTopics(access, ownTopics(access.settings));
  await noteCommands(access, [{ ...author(), at: cli.deps.clock.now(), ...what }]);
}
