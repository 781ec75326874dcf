import type { SimClock } from '../kit/clock.ts';

export type ListrakTable =
  | 'lists'
  | 'messages'
  | 'message_bounces'
  | 'message_clicks'
  | 'message_opens'
  | 'message_reads'
  | 'message_sends'
  | 'message_unsubs'
  | 'subscribed_contacts';

export type EventKind = 'bounces' | 'clicks' | 'opens' | 'reads' | 'unsubs';
export const KINDS: readonly EventKind[] = ['bounces', 'clicks', 'opens', 'reads', 'unsubs'];

/** What nobody has documented, or what goes wrong for good; all can be turned while the simulator runs. */
export interface Switches {
  pageSize: number;
  /** Whether an event at EndDate itself is within the range. */
  inclusiveEnd: boolean;
  /** Zone of the times in answers and parameters. */
  timeZone: string;
  /** How the four dates that are plain text are written. */
  textDates: 'iso' | 'american';
  /** How an answer without rows is written. */
  empty: 'empty' | 'absent' | 'nil-row' | 'self-closed';
  /** Every page is answered with the first one. */
  ignorePage: boolean;
  /** A row slips in between the first and the second page of each report. */
  shiftPages: boolean;
  prohibitedAddress: boolean;
  /** Bad logins until the user is locked. */
  lockAfter: number;
}

export const DEFAULT_SWITCHES: Switches = {
  pageSize: 2_500,
  inclusiveEnd: false,
  timeZone: 'UTC',
  textDates: 'iso',
  empty: 'empty',
  ignorePage: false,
  shiftPages: false,
  prohibitedAddress: false,
  lockAfter: 5,
};

export interface ListrakOptions {
  seed?: number;
  /** Where time stands still or begins; default 2026-06-10T12:00:00Z, standing. */
  clock?: SimClock | number | 'real';
  /** Lists the user sees; one more exists that it does not see. The last one has no messages when there are several. */
  lists?: number;
  messages?: number;
  /** Days before the clock's start over which messages were sent. */
  days?: number;
  /** Subscribers over all lists. */
  contacts?: number;
  /** Events over all messages and kinds, repeated ones included, besides recipients. */
  events?: number;
  /** Recipients over all messages. */
  sends?: number;
  /** Events that the tables cannot hold: without an address, or with a date nobody can read. */
  spoiltRows?: boolean;
  switches?: Partial<Switches>;
  port?: number;
  controlPort?: number;
}
