import type { Row } from '../../src/core/types.ts';
import { integer, text } from '../../src/sdk/fields.ts';
import type { Newer } from './reports.ts';
import type { ListrakSettings } from './settings.ts';
import { timesIn } from './times.ts';

/** Message and contact of an event. Addresses keep the vendor's spelling, in the key as well. */
export const event = {
  msg_id: integer('Message; id in messages (from the request)').from('MsgID'),
  email_address: text("E-mail address, in the vendor's spelling"),
  contact_id: text('Contact; an id with leading zeros'),
};

/**
 * A row with its times in UTC: `times` are converted in place; `texts`, which the vendor does not declare as times, keep their
 * text and get the time in `<name>Ts`. An empty address or contact id becomes null.
 */
export function shaped(
  settings: ListrakSettings,
  { times = [], texts = [] }: { readonly times?: readonly string[]; readonly texts?: readonly string[] },
): (row: Row) => Row {
  const zone = timesIn(settings.time_zone);
  return (row) => {
    const instants = Object.fromEntries(
      texts.map((name) => {
        const instant = zone.read(row[name]);
        return [`${name}Ts`, instant === null ? null : new Date(instant).toISOString()];
      }),
    );
    const ids = Object.fromEntries(['EmailAddress', 'ContactID'].filter((name) => row[name] === '').map((name) => [name, null]));
    return { ...zone.inUtc(row, times), ...instants, ...ids };
  };
}

/** Compares two rows by a time and then by `ties`; positive when the first one is later or greater. */
export function laterBy(settings: ListrakSettings, time: string, ...ties: readonly string[]): Newer {
  const zone = timesIn(settings.time_zone);
  const at = (row: Row): number => zone.read(row[time]) ?? Number.NEGATIVE_INFINITY;
  return (a, b) => {
    const [first, second] = [at(a), at(b)];
    if (first !== second) return first > second ? 1 : -1;
    for (const tie of ties) {
      const difference = compare(a[tie], b[tie]);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

function compare(a: Row[string] | undefined, b: Row[string] | undefined): number {
  const [first, second] = [String(a ?? ''), String(b ?? '')];
  if (/^\d+$/.test(first) && /^\d+$/.test(second)) return Number(first) - Number(second);
  if (first === second) return 0;
  return first > second ? 1 : -1;
}
