import { HOUR } from '../kit/durations.ts';

const formats = new Map<string, (instant: number) => number>();

/** Offset of a zone from UTC at an instant, ms. */
export function offsetIn(zone: string, instant: number): number {
  if (zone === 'UTC') return 0;
  let offset = formats.get(zone);
  if (offset === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    const known = new Map<number, number>();
    offset = (at) => {
      const quarterHour = Math.floor(at / (HOUR / 4)) * (HOUR / 4);
      let ms = known.get(quarterHour);
      if (ms === undefined) {
        const part = new Map(format.formatToParts(quarterHour).map(({ type, value }) => [type, Number(value)]));
        const get = (name: Intl.DateTimeFormatPartTypes): number => part.get(name) ?? 0;
        ms = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second')) - quarterHour;
        known.set(quarterHour, ms);
      }
      return ms;
    };
    formats.set(zone, offset);
  }
  return offset(instant);
}

/** A time in the service's form: no zone, up to three digits of fraction without trailing zeros. */
export function dateTimeText(zone: string, instant: number): string {
  return new Date(instant + offsetIn(zone, instant)).toISOString().slice(0, 23).replace(/0+$/, '').replace(/\.$/, '');
}

export function americanText(zone: string, instant: number): string {
  const at = new Date(Math.floor((instant + offsetIn(zone, instant)) / 1_000) * 1_000);
  const hour = at.getUTCHours();
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${at.getUTCMonth() + 1}/${at.getUTCDate()}/${at.getUTCFullYear()} ${hour % 12 === 0 ? 12 : hour % 12}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} ${hour < 12 ? 'AM' : 'PM'}`;
}

/** Parses an xs:dateTime parameter as .NET does; undefined when .NET refuses it. */
export function parseParameter(zone: string, text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text.trim());
  if (match === null) return undefined;
  const given = Date.parse(
    `${text.trim().slice(0, 10)}T${match[4] ?? '00'}:${match[5] ?? '00'}:${match[6] ?? '00'}${(match[7] ?? '').slice(0, 4)}${match[8] ?? 'Z'}`,
  );
  if (!Number.isFinite(given)) return undefined;
  if (match[8] !== undefined) return given;
  return given - offsetIn(zone, given - offsetIn(zone, given));
}
