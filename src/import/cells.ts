import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';
import { z } from 'zod';
import type { CellType } from './columns.ts';

/** The value to send, or why the cell cannot be sent. */
export type CheckedCell = { readonly value: string } | { readonly reason: string; readonly remedy: string };

const fault = (reason: string, remedy: string): CheckedCell => ({ reason, remedy });

/** Checks one cell that is not empty. `country`: ISO code of the country of national phone numbers. */
export function checkCell(type: CellType, cell: string, country: string | undefined): CheckedCell {
  if (cell.includes('\u0000')) return fault('holds a NUL byte', 'Remove it; the file may be damaged or not be text at all.');
  switch (type) {
    case 'email':
      return email(cell.trim());
    case 'phone':
      return phone(cell.trim(), country);
    case 'id':
      return cell.trim() === ''
        ? fault('is blank', 'Leave the cell empty or give the id.')
        : cell.length > 255
          ? fault('has more than 255 characters', 'Check that this is the id.')
          : { value: cell.trim() };
    case 'date':
      return isDate(cell.trim())
        ? { value: cell.trim() }
        : fault('is not a date the vendor reads', 'Write YYYY-MM-DD or MM/DD/YYYY, with a time if wanted: 2026-02-03 07:08:09.');
    case 'number':
      return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(cell.trim())
        ? { value: cell.trim() }
        : fault('is not a number', 'Write digits with a point, such as 12.50, without currency or thousands separators.');
    case 'metric':
      return cell.trim() === '' || cell.length >= 128
        ? fault('is not a name of a metric', 'A metric has a name of 1 to 127 characters.')
        : { value: cell };
    case 'text':
      return { value: cell };
  }
}

function email(cell: string): CheckedCell {
  const domain = cell.slice(cell.lastIndexOf('@') + 1);
  const good =
    z.regexes.unicodeEmail.test(cell) &&
    cell.length <= 254 &&
    !/[,;:<>()[\]\\\u0000-\u001f\u007f]/.test(cell) &&
    !cell.includes('..') &&
    !/^\.|\.@/.test(cell) &&
    domain.split('.').length > 1 &&
    domain.split('.').every((label) => /^[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?$/u.test(label)) &&
    cell.indexOf('@') === cell.lastIndexOf('@');
  return good ? { value: cell } : fault('is not an e-mail address', 'Write one address such as name@example.com.');
}

function phone(cell: string, country: string | undefined): CheckedCell {
  // E.164 has no extensions, so one would be lost.
  const parsed = parsePhoneNumberFromString(cell, {
    ...(country === undefined ? {} : { defaultCountry: country as CountryCode }),
    extract: false,
  });
  if (parsed !== undefined && parsed.ext === undefined && parsed.isValid()) return { value: parsed.number };
  return fault(
    cell.startsWith('+') ? 'is not an existing phone number' : 'is not a phone number in E.164',
    country === undefined
      ? 'Write it with + and the country code, such as +48500600700, or name the country of national numbers with --country PL.'
      : 'Write it with + and the country code, such as +48500600700.',
  );
}

const DATE =
  /^(?:(\d{4})-(\d{2})-(\d{2})|(\d{2})\/(\d{2})\/(\d{4}|\d{2}))(?:([ T])(\d{2}):(\d{2})(?::(\d{2})(\.\d{6})?([+-]\d{2}:\d{2})?)?)?$/;

/**
 * Accepts the forms of "Acceptable date and timestamp formats for profile properties" (vendor's help centre), and only days
 * that exist.
 */
export function isDate(text: string): boolean {
  return instantOf(text) !== undefined;
}

/** Epoch ms of a date in one of the accepted forms; a form without an offset is UTC. */
export function instantOf(text: string): number | undefined {
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000;
  const found = DATE.exec(text);
  if (found === null) return undefined;
  const [, isoYear, isoMonth, isoDay, usMonth, usDay, usYear, between, hour, minute, second, fraction, offset] = found;
  const slashes = usYear !== undefined;
  if (slashes && (between === 'T' || fraction !== undefined || offset !== undefined)) return undefined;
  if (between === 'T' && (second === undefined || offset !== undefined)) return undefined;
  if (usYear?.length === 2 && hour === undefined) return undefined;
  if (!slashes && hour !== undefined && second === undefined) return undefined;
  const year = Number(isoYear ?? (usYear?.length === 2 ? `20${usYear}` : usYear));
  const [month, day] = [Number(isoMonth ?? usMonth), Number(isoDay ?? usDay)];
  const [h, m, s] = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)];
  const at = new Date(Date.UTC(year, month - 1, day, h, m, s, Math.floor(Number(fraction ?? 0) * 1000)));
  const exists = at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day && h < 24 && m < 60 && s < 60;
  if (!exists) return undefined;
  if (offset === undefined) return at.getTime();
  const [away = 0, minutes = 0] = offset.slice(1).split(':').map(Number);
  if (away > 14 || minutes > 59) return undefined;
  return at.getTime() - (offset.startsWith('-') ? -1 : 1) * (away * 60 + minutes) * 60_000;
}
