import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const house = join(import.meta.dirname, '..', '..');
const own = 'house/error-codes.test.ts';

/** The sources below these folders. */
const textsIn = (...folders: readonly string[]): string[] =>
  folders.flatMap((folder) =>
    readdirSync(join(house, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && path !== own)
      .map((path) => readFileSync(join(house, folder, path), 'utf8')),
  );

/** The error codes that sources give: as a member or default named `code`, or as an argument on a line of its own. */
function codesIn(text: string): string[] {
  const given = [...text.matchAll(/\bcode\??(?::| =) (?:[^,;{}\n]*\? )?'([^']+)'(?: : '([^']+)')?/g)].flatMap(([, one, other]) => [
    one,
    other,
  ]);
  const named = [...text.matchAll(/^const [A-Z_]+ = '([a-z_]+:\w+)';$/gm), ...text.matchAll(/^ +'([a-z]+:[a-z_]+)',?$/gm)].map(
    ([, one]) => one,
  );
  return [...given, ...named].filter((code) => code !== undefined);
}

/** What follows the vendor's name in codes such as `${vendor}:timeout`. */
const suffixesIn = (text: string): string[] =>
  [...text.matchAll(/\bcode: `\$\{[^}]+\}:(?:(\w+)|\$\{[^}?]+\? '(\w+)' : '(\w+)'\})`/g)].flatMap(([, ...found]) =>
    found.filter((one) => one !== undefined),
  );

const sources = textsIn('src', 'producers');
const tests = textsIn('test');
const quoted = new Set(tests.flatMap((text) => [...text.matchAll(/['"`]([\w:-]+)['"`]/g)].map(([, one]) => one)));

test('codes are found in each way they are given', () => {
  expect(codesIn("{ kind: 'config', code: 'a:b' }")).toEqual(['a:b']);
  expect(codesIn("  code: taken ? 'a:b' : 'c:d',")).toEqual(['a:b', 'c:d']);
  expect(codesIn("  code = 'a:b',\n  code: string,")).toEqual(['a:b']);
  expect(codesIn("    'Do that.',\n    'a:b',\n  )")).toEqual(['a:b']);
  expect(codesIn("const TOO_HEAVY = 'a:b';")).toEqual(['a:b']);
  expect(suffixesIn("code: `${vendor}:cut`, code: `${place.vendor}:${html ? 'html' : 'text'}`")).toEqual(['cut', 'html', 'text']);
});

test('every error code occurs in a test, which produces the error', () => {
  const codes = [...new Set(sources.flatMap(codesIn))];
  expect(codes.length).toBeGreaterThan(120);
  expect(codes.filter((code) => !quoted.has(code)).sort()).toEqual([]);
  const suffixes = [...new Set(sources.flatMap(suffixesIn))];
  expect(suffixes.length).toBeGreaterThan(8);
  // Of any vendor: a test has one of its own.
  expect(suffixes.filter((suffix) => !tests.some((text) => new RegExp(`\\w:${suffix}\\W`).test(text)))).toEqual([]);
});
