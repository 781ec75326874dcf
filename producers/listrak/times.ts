import { instantOf } from '../../src/core/time.ts';
import { wallClockOf } from '../../src/core/time-zone.ts';
import type { Json, Row } from '../../src/core/types.ts';

/** The vendor writes "never" as a date in the year 1. */
const YEAR_2 = Date.parse('0002-01-01T00:00:00Z');

/** Converts the vendor's times without a zone to epoch ms and back. */
export interface Times {
  /** Epoch ms of a time as the vendor writes it; null when it cannot be read or is the vendor's "never" (year 1). */
  read(text: Json | undefined): number | null;
  /** Whether the value is a text but not a time; "never" counts as a time. */
  isUnreadable(text: Json | undefined): boolean;
  /** The time as the vendor expects it: in its zone, whole seconds, without a zone. */
  write(instant: number): string;
  /** The row with these times in UTC and null for "never"; times that cannot be read stay as they are. */
  inUtc(row: Row, fields: readonly string[]): Row;
}

const ZONE = /(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)$/i;

/** Whether a time of day is followed by a zone. */
function namesZone(text: string): boolean {
  const end = text.slice(-6);
  const at = end.search(ZONE);
  return at >= 0 && text.slice(0, text.length - end.length + at).includes(':');
}

const AMERICAN = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))? ?([AP]M))?$/i;

export function timesIn(zone: string): Times {
  const wallClock = wallClockOf(zone);

  /** Epoch ms, or `never`; undefined when it is not a time. */
  function parse(text: Json | undefined): number | 'never' | undefined {
    if (typeof text !== 'string') return undefined;
    const plain = text.trim();
    const local = instantOf(american(plain) ?? plain);
    if (local === null) return undefined;
    if (local < YEAR_2) return 'never';
    // A text that names a zone is not in the configured zone.
    return namesZone(plain) ? local : wallClock.instantOf(local);
  }

  function read(text: Json | undefined): number | null {
    const parsed = parse(text);
    return typeof parsed === 'number' ? parsed : null;
  }

  return {
    read,
    isUnreadable: (text) => typeof text === 'string' && parse(text) === undefined,
    write: (instant) => new Date(wallClock.shownAt(instant)).toISOString().slice(0, 19),
    inUtc(row, fields) {
      const changed: Record<string, Json> = { ...row };
      for (const field of fields) {
        const instant = parse(row[field]);
        if (instant !== undefined) changed[field] = instant === 'never' ? null : new Date(instant).toISOString();
      }
      return changed;
    },
  };
}

/** `8/31/2015 4:02:41 PM` as ISO text. */
function american(text: string): string | undefined {
  const match = AMERICAN.exec(text);
  if (match === null) return undefined;
  const [, month, day, year, hour = '12', minute = '00', second = '00', half = 'AM'] = match as unknown as [
    string,
    string,
    string,
    string,
    ...(string | undefined)[],
  ];
  if (Number(hour) < 1 || Number(hour) > 12) return undefined;
  const hours = (Number(hour) % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
  const two = (part: string | number): string => String(part).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)}T${two(hours)}:${minute}:${second}`;
}
