import { KINDS, type EventKind, type ListrakTable, type Switches } from './options.ts';
import { rowsOf } from './rows.ts';
import type { VendorRow } from './xml.ts';
import type { SimEvent, World } from './world.ts';

export interface ListrakTruth {
  readonly tables: readonly ListrakTable[];
  /**
   * What a table holds now, in the vendor's shape with the id of the request (`MsgID`, `ListID`) added: of several
   * events of one address the newest, of equal ones the greater link or count, else the one the service shows last.
   * Rows that cannot be keyed are not among them.
   */
  rows(table: ListrakTable): VendorRow[];
}

export function listrakTruth(world: World, switches: Switches): ListrakTruth {
  const show = rowsOf(world, switches);
  const now = world.now;

  /** Positive when `a` stays although `b` is shown later. */
  function before(kind: EventKind, a: SimEvent, b: SimEvent): boolean {
    // Their text is all that others see of times.
    const grain = switches.textDates === 'american' && kind !== 'unsubs' ? 1_000 : 1;
    const [first, second] = [Math.floor((a.at ?? -1) / grain), Math.floor((b.at ?? -1) / grain)];
    if (first !== second) return first > second;
    if (kind === 'clicks') return a.link > b.link;
    return kind === 'bounces' && a.bounces > b.bounces;
  }

  function events(kind: EventKind): VendorRow[] {
    return world.messages.flatMap((message) => {
      const newest = new Map<string, SimEvent>();
      for (const event of world.events(kind, message)) {
        if (event.address === null) continue;
        const standing = newest.get(event.address);
        if (standing === undefined || !before(kind, standing, event)) newest.set(event.address, event);
      }
      return [...newest.values()].map((event) => ({ ...show.event(kind, event), MsgID: message.id }));
    });
  }

  const rows: Record<ListrakTable, () => VendorRow[]> = {
    lists: () => world.lists.map(show.list),
    messages: () =>
      world.messages.flatMap((message) =>
        show
          .message(message)
          .slice(-1)
          .map(({ row }) => row),
      ),
    ...(Object.fromEntries(KINDS.map((kind) => [`message_${kind}`, () => events(kind)])) as Record<
      `message_${EventKind}`,
      () => VendorRow[]
    >),
    message_sends: () =>
      world.messages
        .filter(({ sent }) => (sent[0] as number) <= now())
        .flatMap((message) =>
          Array.from({ length: message.recipients }, (_, number) => ({
            EmailAddress: world.recipient(message, number),
            MsgID: message.id,
          })),
        ),
    subscribed_contacts: () =>
      world.lists.flatMap((list) =>
        list.added.flatMap((at, number) =>
          at <= now() && !list.left.has(number) ? [{ ...show.subscriber(list, number), ListID: list.id }] : [],
        ),
      ),
  };
  return { tables: Object.keys(rows) as ListrakTable[], rows: (table) => rows[table]() };
}
