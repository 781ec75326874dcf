import type { SimClock } from '../kit/clock.ts';
import { below, fraction, hash32, pick } from '../kit/random.ts';
import type { EventKind, ListrakOptions } from './options.ts';
import { KINDS } from './options.ts';
import { DAY, HOUR } from '../kit/durations.ts';

export interface SimList {
  readonly id: number;
  name: string;
  /** Epoch ms; undefined stands for the service's "never". */
  readonly created: number | undefined;
  readonly index: number;
  /** Subscribers that existed from the start; messages went to these. */
  readonly size: number;
  /** When each subscriber was added, epoch ms, by number. */
  readonly added: number[];
  readonly left: Set<number>;
}

export interface SimMessage {
  readonly id: number;
  readonly list: SimList;
  readonly index: number;
  subject: string;
  /** Times it was sent, ascending, epoch ms. */
  readonly sent: readonly number[];
  readonly test: boolean;
  recipients: number;
}

export interface SimEvent {
  readonly address: string | null;
  readonly contactId: string;
  /** Epoch ms; undefined stands for an unreadable date. */
  readonly at: number | undefined;
  readonly link: number;
  readonly bounces: number;
}

export interface World {
  readonly seed: number;
  readonly now: () => number;
  readonly lists: SimList[];
  /** A list the user may not see, and its message. */
  readonly hidden: { readonly list: number; readonly message: number };
  readonly messages: SimMessage[];
  /** All past events of a message, in the service's order, which is none in particular. */
  events(kind: EventKind, message: SimMessage): SimEvent[];
  addEvent(kind: EventKind, message: SimMessage, event: SimEvent): void;
  recipient(message: SimMessage, number: number): string;
  contactId(list: SimList, number: number): string;
  address(list: SimList, number: number): string;
}

const SHARES: Readonly<Record<EventKind, number>> = { opens: 0.5, reads: 0.25, clicks: 0.15, unsubs: 0.05, bounces: 0.05 };
const SUBJECTS = [
  'Spring <sale> & more',
  'Tea 🍵 for two',
  'Your order',
  '50 % off "everything"',
  'Miód, Łódź & żółć',
  ' two  spaces ',
] as const;

export function buildWorld(options: ListrakOptions, clock: SimClock): World {
  const {
    seed = 1,
    lists: listCount = 3,
    messages: messageCount = 24,
    days = 800,
    contacts = 300,
    events = 2_000,
    sends = 1_200,
    spoiltRows = false,
  } = options;
  const start = clock.now();
  const whole = (at: number): number => Math.floor(at);
  const sizeOf = (index: number): number => Math.floor(contacts / listCount) + (index < contacts % listCount ? 1 : 0);
  const lists: SimList[] = Array.from({ length: listCount }, (_, index) => ({
    id: 1_001 + index,
    index,
    size: sizeOf(index),
    name: index === 0 ? 'News & <offers>' : `List ${index}`,
    created: index === 1 ? undefined : start - (days + 30 + index) * DAY - 350,
    added: Array.from({ length: sizeOf(index) }, (__, number) => whole(start - fraction(seed, number, 50 + index) * days * DAY)),
    left: new Set(),
  }));
  // When there are several lists, the last one has no messages.
  const sending = lists.length > 1 ? lists.slice(0, -1) : lists;
  const messages: SimMessage[] = Array.from({ length: messageCount }, (_, index) => {
    const list = sending[index % sending.length] as SimList;
    const first = whole(start - ((messageCount - index - 0.5) / messageCount) * days * DAY - below(HOUR, seed, index, 3));
    return {
      id: 700_001 + index * 3,
      list,
      index,
      subject: pick(SUBJECTS, seed, index, 4),
      // One message is sent again, more than a year later if the period allows.
      sent: index === 1 ? [first, whole(first + Math.min(400 * DAY, (start - first) / 2))] : [first],
      test: index % 11 === 5,
      recipients: Math.min(list.size, Math.floor(sends / messageCount) + (index < sends % messageCount ? 1 : 0)),
    };
  });
  const perMessage = events / Math.max(1, messageCount);
  const more = new Map<string, SimEvent[]>();
  const keyOf = (kind: EventKind, message: SimMessage): string => `${kind} ${message.id}`;
  const contactId = (list: SimList, number: number): string => String((list.index + 1) * 1_000_000 + number).padStart(10, '0');
  const address = (list: SimList, number: number): string => `c${number}.${list.index}@mail${hash32(seed, number, 9) % 7}.example`;

  function event(kind: EventKind, message: SimMessage, n: number): SimEvent {
    const salt = 100 + KINDS.indexOf(kind) * 10;
    const row = message.index * 100_000 + n;
    const { list } = message;
    // Some events repeat, later or at the same moment with another link.
    const tie = n % 29 === 4;
    const again = tie || n % 7 === 3 ? row - 1 : row;
    const number = below(Math.max(1, list.size), seed, again, salt);
    const plain = address(list, number);
    const spoilt = spoiltRows && n === 11;
    return {
      address: spoiltRows && n === 12 ? null : n % 53 === 17 ? plain.toUpperCase() : plain,
      contactId: contactId(list, number),
      at: spoilt ? undefined : whole((message.sent[0] as number) + 60_000 + fraction(seed, tie ? row - 1 : row, salt + 1) ** 3 * 40 * DAY),
      link: hash32(seed, row, salt + 2) % 5,
      bounces: 1 + (hash32(seed, row, salt + 3) % 4),
    };
  }

  return {
    seed,
    now: clock.now,
    lists,
    messages,
    contactId,
    address,
    hidden: { list: 1_000, message: 699_999 },
    events(kind, message) {
      const count = Math.round(perMessage * SHARES[kind]);
      const now = clock.now();
      const found: SimEvent[] = [];
      for (let n = 0; n < count; n += 1) {
        const one = event(kind, message, n);
        if (one.at === undefined || one.at <= now) found.push(one);
      }
      for (const one of more.get(keyOf(kind, message)) ?? []) if (one.at === undefined || one.at <= now) found.push(one);
      return found;
    },
    addEvent(kind, message, added) {
      more.set(keyOf(kind, message), [...(more.get(keyOf(kind, message)) ?? []), added]);
    },
    recipient: (message, number) => address(message.list, (message.index * 37 + number) % Math.max(1, message.list.size)),
  };
}

/** Counts each contact once. */
export const distinct = (events: readonly SimEvent[]): number => new Set(events.map(({ contactId }) => contactId)).size;
