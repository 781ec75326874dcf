import { privateFile } from '../core/local-folder.ts';

/**
 * The text of a Java properties file that gives back these values, whatever they contain. Java reads such files as Latin-1,
 * treats a backslash as the start of an escape, drops spaces at the start of a value, and skips lines that begin with `#` or
 * `!`. Commas are left to the program that reads the file: in a setting that is a list they cannot be escaped.
 */
export function javaProperties(settings: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${escaped(name, /[\\ :=#!]/g)}=${escaped(String(value), /\\|^[ #!]/g)}\n`)
    .join('');
}

/** Writes {@link javaProperties} to a file that only its owner can read. */
export function writeProperties(path: string, settings: Readonly<Record<string, string | number | boolean>>): void {
  privateFile(path, javaProperties(settings));
}

const short: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' };

function escaped(text: string, special: RegExp): string {
  return text
    .replaceAll(special, (character) => `\\${character}`)
    .replaceAll(/[^\u0020-\u007E]/g, (unit) => short[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
