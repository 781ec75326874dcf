import { KINDS, type EventKind, type ListrakTable, type Switches } from './options.ts';
import { rowsOf } from './rows.ts';
import type { VendorRow } from './xml.ts';
import type { SimEvent, World } from './world.ts';

export interface ListrakTruth {
  readonly tables: readonly ListrakTable[];
  /**
   * The current rows of a table in the vendor's shape, with the id of the request (`MsgID`, `ListID`) added. Of several events
   * of one address the newest one, of equal ones the one with the greater link or count, otherwise the one the service returns
   * last. Rows without a key are excluded.
   */
  rows(table: ListrakTable): VendorRow[];
}

export function listrakTruth(world: World, switches: Switches): ListrakTruth {
  const show = rowsOf(world, switches);
  const now = world.now;

  /** Positive when `a` wins although `b` is returned later. */
  function before(kind: EventKind, a: SimEvent, b: SimEvent): boolean {
    // Others see only the text of a time, which may have no fraction.
    const granularity = switches.textDates === 'american' && kind !== 'unsubs' ? 1_000 : 1;
    const [first, second] = [Math.floor((a.at ?? -1) / granularity), Math.floor((b.at ?? -1) / granularity)];
    if (first !== second) return first > second;
    if (kind === 'clicks') return a.link > b.link;
    return kind === 'bounces' && a.bounces > b.bounces;
  }

  function events(kind: EventKind): VendorRow[] {
    return world.messages.flatMap((message) => {
      const newest = new Map<string, SimEvent>();
      for (const event of world.events(kind, message)) {
        if (event.address === null) continue;
        const current = newest.get(event.address);
        if (current === undefined || !before(kind, current, event)) newest.set(event.address, event);
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
