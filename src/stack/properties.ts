import { privateFile } from '../core/local-folder.ts';

/**
 * A Java properties file that reads back as these values whatever they hold. Java reads such files as Latin-1, takes
 * a backslash for the start of an escape, drops spaces at a value's start and remarks that begin with `#` or `!`.
 * Commas are the reader's own business: in a setting that is a list they cannot be escaped at all.
 */
export function javaProperties(settings: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${escaped(name, /[\\ :=#!]/g)}=${escaped(String(value), /\\|^[ #!]/g)}\n`)
    .join('');
}

/** {@link javaProperties} into a file that only its owner reads. */
export function writeProperties(path: string, settings: Readonly<Record<string, string | number | boolean>>): void {
  privateFile(path, javaProperties(settings));
}

const short: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' };

function escaped(text: string, special: RegExp): string {
  return text
    .replaceAll(special, (character) => `\\${character}`)
    .replaceAll(/[^\u0020-\u007E]/g, (unit) => short[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
