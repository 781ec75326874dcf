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

/** Behaviour that is undocumented, and permanent faults; each can be changed while the simulator runs. */
export interface Switches {
  pageSize: number;
  /** Whether an event exactly at EndDate is within the range. */
  inclusiveEnd: boolean;
  /** Time zone of the times in answers and parameters. */
  timeZone: string;
  /** How the four dates that are plain text are written. */
  textDates: 'iso' | 'american';
  /** How an answer without rows is written. */
  empty: 'empty' | 'absent' | 'nil-row' | 'self-closed';
  /** Every page is answered with the first one. */
  ignorePage: boolean;
  /** A row appears between the first and the second page of each report. */
  shiftPages: boolean;
  prohibitedAddress: boolean;
  /** Failed logins after which the user is locked. */
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
  /** A clock, or a fixed time; default 2026-06-10T12:00:00Z. */
  clock?: SimClock | number | 'real';
  /** Lists the user may see; one more exists that it may not. When there are several, the last one has no messages. */
  lists?: number;
  messages?: number;
  /** Period before the clock's start over which messages were sent, days. */
  days?: number;
  /** Subscribers over all lists. */
  contacts?: number;
  /** Events over all messages and kinds, repeated ones included, recipients excluded. */
  events?: number;
  /** Recipients over all messages. */
  sends?: number;
  /** Events that the tables cannot hold: without an address, or with an unreadable date. */
  spoiltRows?: boolean;
  switches?: Partial<Switches>;
  port?: number;
  controlPort?: number;
}
