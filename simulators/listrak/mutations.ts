import type { EventKind } from './options.ts';
import type { Account } from './service.ts';
import type { SimEvent, SimList, SimMessage, World } from './world.ts';

export type ListrakMutations = ReturnType<typeof listrakMutations>;

/** What can happen in an account. The default time is one second ago. */
export function listrakMutations(world: World, account: Account) {
  let made = 0;
  const ago = (): number => world.now() - 1_000;
  const listOf = (id: number | undefined): SimList => {
    const found = id === undefined ? world.lists[0] : world.lists.find((one) => one.id === id);
    if (!found) throw new Error(`There is no list ${String(id)}.`);
    return found;
  };
  const messageOf = (id: number | undefined): SimMessage => {
    const found = id === undefined ? world.messages.at(-1) : world.messages.find((one) => one.id === id);
    if (!found) throw new Error(`There is no message ${String(id)}.`);
    return found;
  };

  return {
    'list.rename': ({ id, name }: { id?: number; name: string }): void => void (listOf(id).name = name),
    /** Adds a list without messages. */
    'list.add'(): number {
      const index = world.lists.length;
      world.lists.push({ id: 1_001 + index, index, name: `Added ${index}`, created: ago(), size: 0, added: [], left: new Set() });
      return 1_001 + index;
    },
    'message.subject': ({ id, subject }: { id?: number; subject: string }): void => void (messageOf(id).subject = subject),
    /** Sends a message to `recipients` subscribers, by default now. */
    'message.send'({ list, recipients = 5, at }: { list?: number; recipients?: number; at?: number }): number {
      const to = listOf(list);
      const last = Math.max(700_000, ...world.messages.map(({ id }) => id));
      world.messages.push({
        id: last + 3,
        list: to,
        index: world.messages.length,
        subject: 'Added',
        sent: [at ?? ago()],
        test: false,
        recipients: Math.min(recipients, to.size),
      });
      return last + 3;
    },
    /** Delivers a message to the next subscriber of its list. */
    'message.deliver'({ id }: { id?: number }): void {
      const message = messageOf(id);
      if (message.recipients >= message.list.size) throw new Error('Every subscriber of the list has already received it.');
      message.recipients += 1;
    },
    /** Adds an event of a new address, or of the given one. */
    'event.add'({
      kind,
      message,
      address,
      at,
      link = 1,
      bounces = 1,
    }: {
      kind: EventKind;
      message?: number;
      address?: string;
      at?: number;
      link?: number;
      bounces?: number;
    }): SimEvent {
      made += 1;
      const event: SimEvent = {
        address: address ?? `new${made}@mail.example`,
        contactId: String(9_000_000 + made).padStart(10, '0'),
        at: at ?? ago(),
        link,
        bounces,
      };
      world.addEvent(kind, messageOf(message), event);
      return event;
    },
    'contact.add'({ list, at }: { list?: number; at?: number }): number {
      const one = listOf(list);
      one.added.push(at ?? ago());
      return one.added.length - 1;
    },
    /** The contact leaves the list; the service no longer shows it. */
    'contact.leave': ({ list, number }: { list?: number; number: number }): void => void listOf(list).left.add(number),
    'password.change': ({ password }: { password: string }): void => void (account.password = password),
    /** Unlocks the user. */
    'user.unlock': (): void => void (account.badLogins = 0),
  };
}
